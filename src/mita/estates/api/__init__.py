"""Routes of estates, units and people."""

from fastapi import APIRouter

from mita.estates.api import estates, people, units

router = APIRouter()
router.include_router(estates.router, tags=["estates"])
router.include_router(units.router, tags=["estates"])
router.include_router(people.router, tags=["people"])
