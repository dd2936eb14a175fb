"""Routes of reports."""

from fastapi import APIRouter

from mita.reports.api.consumption import router as consumption_router
from mita.reports.api.estate import router as estate_router
from mita.reports.api.spending import router as spending_router

router = APIRouter(tags=["reports"])
router.include_router(consumption_router)
router.include_router(spending_router)
router.include_router(estate_router)
