"""Request and response shapes of persons."""

from typing import Annotated

from pydantic import Field, StringConstraints

from mita.identity.domain.identifiers import EMAIL_PATTERN
from mita.identity.models import Person
from mita.kit.shapes import Id, Instant, Shape, Text

Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=EMAIL_PATTERN),
    Field(examples=["thandi@example.com"]),
]
Phone = Annotated[
    str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{2,38}$"), Field(examples=["+27 82 555 0101"])
]


class PersonIn(Shape):
    """A new person."""

    name: Text = Field(examples=["Thandi Mokoena"])
    email: Email | None = Field(default=None, examples=["thandi@example.com"])
    phone: Phone | None = Field(default=None, examples=["+27 82 555 0101"])


class PersonOut(Shape):
    """A person who may be given access to wallets."""

    person_id: Id
    name: str = Field(examples=["Thandi Mokoena"])
    email: str | None = Field(examples=["thandi@example.com"])
    phone: str | None = Field(examples=["+27 82 555 0101"])
    created_at: Instant


class TokenOut(Shape):
    """A person's token, shown this once."""

    person_id: Id
    token: str = Field(examples=["mita_…"])


def person_out(row: Person) -> PersonOut:
    """Return a person as JSON shows it."""
    return PersonOut(
        person_id=row.person_id,
        name=row.name,
        email=row.email,
        phone=row.phone,
        created_at=row.created_at,
    )
