"""Routes of the registry of devices."""

from fastapi import APIRouter

from .codecs import router as codecs_router
from .devices import router as devices_router
from .issues import router as issues_router
from .showing import router as showing_router
from .tasks import router as tasks_router

router = APIRouter()
router.include_router(devices_router)
router.include_router(showing_router)
router.include_router(tasks_router)
router.include_router(issues_router)
router.include_router(codecs_router)

__all__ = ["router"]
