"""Routes of flexibility."""

from fastapi import APIRouter

from .consents import router as consents_router
from .events import router as events_router

router = APIRouter(tags=["flexibility"])
router.include_router(events_router)
router.include_router(consents_router)

__all__ = ["router"]
