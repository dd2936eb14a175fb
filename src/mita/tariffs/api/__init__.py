"""Routes of rate tables."""

from fastapi import APIRouter

from mita.tariffs.api import benchmarks, imports, tables

__all__ = ["router"]

router = APIRouter(tags=["tariffs"])
# a path that is a word comes before the one that takes an id
for _part in (benchmarks, imports, tables):
    router.include_router(_part.router)
