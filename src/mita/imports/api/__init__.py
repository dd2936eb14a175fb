"""Routes of imports: files of rows, and files of head-ends."""

from fastapi import APIRouter

from .files import router as files_router
from .reading_files import router as reading_files_router

router = APIRouter(tags=["imports"])
router.include_router(files_router)
router.include_router(reading_files_router)

__all__ = ["router"]
