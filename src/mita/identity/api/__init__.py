"""Routes of identity."""

from fastapi import APIRouter

from mita.identity.api import audit, impersonations, joining, keys, me, people, roles, sign_in

router = APIRouter()
for _part in (people, roles, keys, impersonations, audit, sign_in, me, joining):
    router.include_router(_part.router)
