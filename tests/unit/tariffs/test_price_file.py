"""What somebody has to decide before a file's prices are stored."""

from __future__ import annotations

import pytest

from mita.tariffs.domain import Problem
from mita.tariffs.domain.imports import Draft, open_questions

from .tables import table

ODD = (Problem("charges[0].price", None, "implausible_price", "is it right?"),)


@pytest.mark.parametrize(
    ("draft", "is_leaving_out", "is_confirmed", "answers"),
    [
        (Draft((table(),)), False, False, []),
        (Draft(()), True, True, [""]),
        (Draft((), left_out=ODD), False, True, ["", "leave_out"]),
        (Draft((table(), table(name="Other"))), False, False, ["pick"]),
        (Draft((table(),), left_out=ODD, to_confirm=ODD), False, False, ["leave_out", "confirm"]),
        (Draft((table(),), left_out=ODD, to_confirm=ODD), True, True, []),
    ],
)
def test_what_is_open_is_asked_and_what_was_decided_is_not(draft, is_leaving_out, is_confirmed, answers):
    only = draft.tables[0] if len(draft.tables) == 1 else None
    found = open_questions(draft, only, is_leaving_out=is_leaving_out, is_confirmed=is_confirmed)
    assert [each.answer for each in found] == answers
    assert all(each.sentence for each in found)
