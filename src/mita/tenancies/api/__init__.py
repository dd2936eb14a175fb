"""Routes of handovers, of what is archived, of meter swaps, documents and search."""

from fastapi import APIRouter

from mita.tenancies.api import archive, documents, handovers, meters, search

router = APIRouter()
router.include_router(handovers.router, tags=["tenancies"])
router.include_router(archive.router, tags=["estates"])
router.include_router(meters.router, tags=["metering"])
router.include_router(documents.router, tags=["documents"])
router.include_router(search.router, tags=["search"])
