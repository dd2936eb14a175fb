"""Routes of the ledger."""

from fastapi import APIRouter

from mita.ledger.api import books, checkpoints, moves

router = APIRouter()
router.include_router(books.router)
router.include_router(moves.router)
router.include_router(checkpoints.router)
