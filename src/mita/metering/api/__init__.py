"""Routes of metering."""

from fastapi import APIRouter

from .derived import router as derived_router
from .judging import router as judging_router
from .meters import router as meters_router
from .virtual import router as virtual_router

router = APIRouter(tags=["metering"])
router.include_router(meters_router)
router.include_router(judging_router)
router.include_router(derived_router)
router.include_router(virtual_router)

__all__ = ["router"]
