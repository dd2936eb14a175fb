"""Routes of wallets."""

from fastapi import APIRouter

from mita.wallets.api import access, accounts, groups, orders, rules, spend

router = APIRouter(tags=["wallets"])
for _part in (accounts, access, groups, spend, orders, rules):
    router.include_router(_part.router)
