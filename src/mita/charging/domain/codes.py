"""The ledger codes of what charges are paid to. Pure."""

from mita.tariffs.domain import SUPPLY

TAX_CODE = "tax"


def income_code(utility: str, *, role: str = SUPPLY) -> str:
    """Return the code of the account that what a utility costs under one role goes to."""
    return f"income:{utility}" if role == SUPPLY else f"income:{utility}:{role}"
