"""Routes of credit control."""

from fastapi import APIRouter

from .limits import router as limits_router
from .supplies import router as supplies_router
from .tokens import router as tokens_router

router = APIRouter(tags=["credit"])
router.include_router(supplies_router)
router.include_router(limits_router)
router.include_router(tokens_router)

__all__ = ["router"]
