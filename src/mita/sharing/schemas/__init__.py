"""Request and response shapes of sharing."""

from mita.sharing.schemas.asked import (
    Day,
    KeysIn,
    MembersIn,
    PricesIn,
    ResettleIn,
    SharingGroupIn,
    SourcesIn,
    member_terms,
    source_terms,
)
from mita.sharing.schemas.shown import (
    AllocationsOut,
    MemberAllocations,
    SettledOut,
    SharedDayOut,
    SharingGroupOut,
    booked_out,
    days_out,
    group_out,
    intervals_out,
    member_days_out,
    waiting_out,
)

__all__ = [
    "AllocationsOut",
    "Day",
    "KeysIn",
    "MemberAllocations",
    "MembersIn",
    "PricesIn",
    "ResettleIn",
    "SettledOut",
    "SharedDayOut",
    "SharingGroupIn",
    "SharingGroupOut",
    "SourcesIn",
    "booked_out",
    "days_out",
    "group_out",
    "intervals_out",
    "member_days_out",
    "member_terms",
    "source_terms",
    "waiting_out",
]
