"""Routes of notifications."""

from fastapi import APIRouter

from mita.notifications.api import alerts, messages

router = APIRouter()
for _part in (alerts, messages):
    router.include_router(_part.router)
