"""How a file of a head-end is to be read and taken, as the query says it."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StringConstraints

from mita.imports.domain import FormatWord, ReadingTerms, serials_of
from mita.kit.errors import Invalid
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.kit.shapes import PositiveAmount, Text, micro

ProfileText = Annotated[str, StringConstraints(min_length=1, max_length=8_000, pattern=r"^[^\x00]+$")]


async def asked_terms(
    file_format: Annotated[
        FormatWord, Query(alias="format", description="`auto`: as the file begins")
    ] = "auto",
    profile: Annotated[
        ProfileText | None,
        Query(description="Of `csv`: the name of a profile, or its YAML", examples=["ausgrid"]),
    ] = None,
    meter: Annotated[Text | None, Query(description="The one meter of a file that names none")] = None,
    serials: Annotated[
        list[Text] | None,
        Query(
            max_length=1_000,
            description="`meter=serial` for each meter that the file calls otherwise",
            examples=[["6305000001=E-1001"]],
        ),
    ] = None,
    file_zone: Annotated[
        Text | None, Query(description="Of the file's local times", examples=["Australia/Perth"])
    ] = None,
    opening: Annotated[
        PositiveAmount, Query(description="Where a register of which nothing is known begins")
    ] = "0",
    *,
    take_estimates: Annotated[bool, Query(description="Charge what will be replaced")] = False,
    cross_gaps: Annotated[bool, Query(description="Count nothing where intervals are missing")] = False,
    keep_past: Annotated[
        bool, Query(description="Where the file contradicts what is known, go on from the newest reading")
    ] = False,
) -> ReadingTerms:
    """Return what is asked of a file; its layout is as asked, perhaps ``auto``.

    :raises Invalid: if the opening is larger than any register
    :raises mita.imports.domain.ReadingFileRefused: if the serials are none
    """
    opening_micro = micro(opening)
    if opening_micro > VALUE_MICRO_MAX:
        message = "is larger than any register"
        raise Invalid(message, problems=[{"path": "query.opening", "message": message}])
    return ReadingTerms(
        layout=file_format,
        profile=profile,
        meter=meter,
        serials=serials_of(serials or []),
        file_zone=file_zone,
        opening_micro=opening_micro,
        takes_estimates=take_estimates,
        crosses_gaps=cross_gaps,
        keeps_past=keep_past,
    )


AskedTerms = Annotated[ReadingTerms, Depends(asked_terms)]
