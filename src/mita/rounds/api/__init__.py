"""Routes of readings by hand, of the rule when residents read, and of reading rounds."""

from fastapi import APIRouter

from mita.rounds.api import readings, rules

router = APIRouter()
router.include_router(readings.router, tags=["rounds"])
router.include_router(rules.router, tags=["rounds"])
