"""Nobody gives a role that may do more than they may, or over more."""

from __future__ import annotations

import pytest

from mita.identity.domain import Grant, Permission, Principal, Role, RolePlace
from mita.identity.operations import BeyondOwn, check_may_give
from mita.kit.errors import Invalid, PermissionMissing

GRANTS_ONLY = frozenset({Permission.ROLES_GRANT, Permission.ESTATES_READ})
ESTATE = RolePlace(estate_id=1)


def caller(permissions: frozenset[str], **more: object) -> Principal:
    return Principal("X", 7, (Grant(permissions, frozenset({1, 2}), **more),))


def test_a_role_that_may_more_than_its_giver_is_refused() -> None:
    with pytest.raises(BeyondOwn, match=r"alerts\.read, rates\.read, reports\.read, "):
        check_may_give(caller(GRANTS_ONLY), role=Role.TRUSTEE, place=ESTATE)
    everything = frozenset(Permission)
    check_may_give(caller(everything), role=Role.TRUSTEE, place=ESTATE)
    with pytest.raises(BeyondOwn):
        check_may_give(caller(everything - {Permission.RATES_READ}), role=Role.TRUSTEE, place=ESTATE)


@pytest.mark.parametrize(
    "place",
    [RolePlace(), RolePlace(estate_id=3), RolePlace(organisation_id=5), RolePlace(estate_id=3, unit_id=1)],
)
def test_a_role_over_more_than_its_giver_has_is_refused(place: RolePlace) -> None:
    role = Role.OWNER if place.unit_id else Role.AUDITOR
    with pytest.raises(PermissionMissing):
        check_may_give(caller(frozenset(Permission)), role=role, place=place)


def test_an_organisation_is_more_than_its_estates_of_today() -> None:
    of_organisation = caller(frozenset(Permission), organisation_id=5)
    check_may_give(of_organisation, role=Role.AUDITOR, place=RolePlace(organisation_id=5))
    with pytest.raises(PermissionMissing):
        check_may_give(of_organisation, role=Role.AUDITOR, place=RolePlace(organisation_id=6))


def test_a_role_in_one_unit_gives_nothing_away() -> None:
    with pytest.raises(PermissionMissing):
        check_may_give(caller(frozenset(Permission), unit_id=1), role=Role.AUDITOR, place=ESTATE)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.PLATFORM_ADMIN, ESTATE),
        (Role.RESIDENT, ESTATE),
        (Role.TRUSTEE, RolePlace()),
        (Role.OWNER, RolePlace()),
    ],
)
def test_a_role_is_given_where_it_belongs(role: Role, place: RolePlace) -> None:
    with pytest.raises(Invalid):
        check_may_give(Principal("console"), role=role, place=place)
