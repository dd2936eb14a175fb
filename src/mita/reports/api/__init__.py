"""Routes of reports."""

from fastapi import APIRouter

from mita.reports.api.bulk import router as bulk_router
from mita.reports.api.consumption import router as consumption_router
from mita.reports.api.estate import router as estate_router
from mita.reports.api.forecast import router as forecast_router
from mita.reports.api.groups import router as groups_router
from mita.reports.api.owing import router as owing_router
from mita.reports.api.reconciliation import router as reconciliation_router
from mita.reports.api.revenue import router as revenue_router
from mita.reports.api.spending import router as spending_router
from mita.reports.api.statement import router as statement_router

router = APIRouter(tags=["reports"])
router.include_router(consumption_router)
router.include_router(spending_router)
router.include_router(forecast_router)
router.include_router(statement_router)
router.include_router(estate_router)
router.include_router(owing_router)
router.include_router(groups_router)
router.include_router(bulk_router)
router.include_router(reconciliation_router)
router.include_router(revenue_router)
