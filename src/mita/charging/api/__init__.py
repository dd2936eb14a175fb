"""Routes of charging."""

from fastapi import APIRouter

from mita.charging.api import assignment, calculation, drafts, explanation, purchase, readings, savings
from mita.charging.api.readings import LANES

__all__ = ["LANES", "router"]

router = APIRouter()
for _part, _tag in (
    (readings, "charging"),
    (explanation, "charging"),
    (calculation, "tariffs"),
    (drafts, "tariffs"),
    (assignment, "tariffs"),
    (purchase, "tariffs"),
    (savings, "charging"),
):
    router.include_router(_part.router, tags=[_tag])
