"""Who is asking: what each kind of caller may do, by the grants alone."""

from __future__ import annotations

import pytest

from mita.identity.domain import Anonymous, Permission, Principal


@pytest.mark.parametrize("permission", Permission)
def test_who_has_shown_nothing_may_do_nothing_anywhere(permission: Permission) -> None:
    nobody, console = Anonymous(), Principal("console")
    asked = [
        lambda who: who.may(permission, estate_id=None),
        lambda who: who.may(permission, estate_id=7),
        lambda who: who.may_in_organisation(permission, organisation_id=3),
    ]
    assert [ask(nobody) for ask in asked] == [False, False, False]
    assert [ask(console) for ask in asked] == [True, True, True]
    assert nobody.units(permission, estate_id=7) == frozenset()


def test_who_has_shown_nothing_sees_no_estate() -> None:
    # None would be every estate, as for the console
    assert Anonymous().estate_ids() == frozenset()
    assert Principal("console").estate_ids() is None
