"""What the users of a benchmark do: residents look at their money, staff works, gateways send readings."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mita.entrypoints.bench.wire import request_of

if TYPE_CHECKING:
    from collections.abc import Callable

_DAYS = 7


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who asks, ``resident``, ``staff`` or ``gateway`` by ``kind``, and what they ask about."""

    kind: str
    token: str
    estate_id: int
    wallet_ids: list[int]
    unit_ids: list[int]
    words: list[str]
    serials: list[str]


class Habits:
    """Draws what a user asks for next."""

    def __init__(self, user: User, *, seed: int) -> None:
        self._user = user
        self._chance = random.Random(seed)  # noqa: S311 - a habit, not a secret
        self._base = f"/api/v1/estates/{user.estate_id}"
        self._numbers = itertools.count(1)
        self._name = f"bench-{seed}"
        # (how often in a hundred, what it asks for)
        self._acts: dict[str, list[tuple[int, Callable[[], bytes]]]] = {
            "resident": [
                (50, self._balance),
                (15, self._entries),
                (15, self._consumption),
                (10, self._alerts),
                (10, self._wallets),
            ],
            "staff": [
                (20, self._units),
                (25, self._unit),
                (20, self._search),
                (10, self._alerts),
                (15, self._balance),
                (10, self._top_up),
            ],
            "gateway": [(100, self._readings)],
        }

    def next_request(self) -> bytes:
        """Return the next request."""
        acts = self._acts[self._user.kind]
        (act,) = self._chance.choices([act for _, act in acts], weights=[often for often, _ in acts])
        return act()

    def pause_s(self, mean_s: float) -> float:
        """Return how long the user thinks, ``mean_s`` on average."""
        return self._chance.expovariate(1 / mean_s) if mean_s else 0.0

    def _get(self, path: str) -> bytes:
        return request_of("GET", self._base + path, token=self._user.token)

    def _post(self, path: str, body: Any, *, key: str | None = None) -> bytes:
        sent = json.dumps(body).encode()
        return request_of("POST", self._base + path, token=self._user.token, body=sent, key=key)

    def _balance(self) -> bytes:
        return self._get(f"/wallets/{self._chance.choice(self._user.wallet_ids)}")

    def _entries(self) -> bytes:
        wallet_id = self._chance.choice(self._user.wallet_ids)
        return self._get(f"/wallets/{wallet_id}/entries?utility=electricity&limit=20")

    def _consumption(self) -> bytes:
        today = datetime.now(UTC).date()
        span = f"from={today - timedelta(days=_DAYS)}&to={today}&step=day"
        return self._get(f"/units/{self._chance.choice(self._user.unit_ids)}/consumption-history?{span}")

    def _alerts(self) -> bytes:
        return self._get("/alerts?is_open=true&limit=20")

    def _wallets(self) -> bytes:
        return self._get("/wallets")

    def _units(self) -> bytes:
        return self._get("/units?limit=50")

    def _unit(self) -> bytes:
        return self._get(f"/units/{self._chance.choice(self._user.unit_ids)}")

    def _search(self) -> bytes:
        return self._get(f"/search?q={self._chance.choice(self._user.words)}")

    def _top_up(self) -> bytes:
        wallet_id = self._chance.choice(self._user.wallet_ids)
        body = {"amount": "100.00", "method": "cash", "utility": "electricity"}
        return self._post(f"/wallets/{wallet_id}/top-ups", body, key=f"{self._name}-{next(self._numbers)}")

    def _readings(self) -> bytes:
        # gateways send many readings in a message, each register a little further than before
        number = next(self._numbers)
        at = datetime.now(UTC).isoformat()
        readings = [
            {"meter": serial, "taken_at": at, "value": f"{1_000 + number}.000", "unit": "kWh"}
            for serial in self._user.serials
        ]
        return self._post("/readings", {"readings": readings})
