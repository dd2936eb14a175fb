"""The house rules hold, and each lint catches what it is there for."""

from __future__ import annotations

import pytest

from tests.unit.house.lints import LINTS, Module
from tests.unit.house.tree import SRC, sources

MODULES = [Module(path.relative_to(SRC).as_posix(), path.read_text(encoding="utf-8")) for path in sources()]
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 70

# lint, path, text, the faults it must find
PLANTED = [
    ("commits", "wallets/operations.py", "async def f(session):\n    await session.commit()", 1),
    ("commits", "entrypoints/api/app.py", "connection.commit()", 1),
    ("commits", "kit/db.py", "session.commit()", 0),
    ("commits", "migrations/runner.py", "connection.commit()", 0),
    ("floats", "kit/money.py", "x = float('1')", 1),
    ("floats", "kit/money.py", "x = round(a)", 1),
    ("floats", "wallets/queries.py", "x = list(map(float, a))", 1),
    ("floats", "tariffs/domain/rating.py", "x = a / b", 1),
    ("floats", "charging/operations/post.py", "a /= 2", 1),
    ("floats", "metering/domain.py", "x = 0.5", 1),
    ("floats", "ledger/domain.py", "x = a.astype(np.float64)", 1),
    ("floats", "ledger/domain.py", "x = np.round(a)", 1),
    ("floats", "tariffs/domain/rating.py", "x, y = np.divmod(a // b, c)", 0),
    ("floats", "tariffs/domain/problems.py", "x = {float: 'a number'}", 0),
    ("floats", "tariffs/domain/problems.py", "x = float(a) / 2", 2),
    ("floats", "entrypoints/demo/simulator.py", "x = 0.5 / 3", 0),
    ("lengths", "credit/domain.py", "x = 1\n" * 601, 1),
    ("lengths", "credit/domain.py", "x = 1\n" * 600, 0),
    ("lengths", "credit/domain.py", LONG_FUNCTION, 1),
    ("lengths", "credit/domain.py", LONG_FUNCTION.removesuffix("    x = 1\n"), 0),
    ("lengths", "credit/domain.py", "class A:\n    async def f(self):\n" + "        x = 1\n" * 70, 1),
    ("names", "wallets/utils.py", "", 1),
    ("names", "entrypoints/api/form_helpers.py", "", 1),
    ("names", "wallets/operations/manager.py", "", 1),
    ("names", "wallets/operations/top_up.py", "", 0),
    ("docstrings", "wallets/queries.py", "async def balance(session):\n    return 1", 1),
    ("docstrings", "charging/operations/post.py", "def post(x):\n    return 1", 1),
    ("docstrings", "charging/operations/post.py", "def _post(x):\n    return 1", 0),
    ("docstrings", "wallets/domain.py", "def balance(x):\n    return 1", 0),
    ("keywords", "wallets/queries.py", "async def balance(session, wallet_id): ...", 1),
    ("keywords", "wallets/queries.py", "async def balance(session, *, wallet_id): ...", 0),
    ("keywords", "wallets/queries.py", "async def balance(session, *wallet_ids): ...", 1),
    ("keywords", "wallets/operations.py", "async def react(session, event: Crossed, now: datetime): ...", 0),
    ("keywords", "wallets/operations.py", "async def react(session, event, now, more): ...", 1),
    ("keywords", "wallets/operations.py", "async def react(session, now, event): ...", 1),
    (
        "keywords",
        "charging/operations/post.py",
        "async def post(session, memory: LaneMemory, *, now): ...",
        0,
    ),
    ("keywords", "charging/operations/post.py", "async def post(session, memory: LaneMemory, now): ...", 1),
    ("keywords", "charging/operations/post.py", "async def post(session, memory: dict): ...", 1),
    ("clocks", "wallets/operations.py", "x = datetime.now(tz=UTC)", 1),
    ("clocks", "wallets/operations.py", "x = dt.datetime.now()", 1),
    ("clocks", "wallets/operations.py", "x = time.time()", 1),
    ("clocks", "wallets/operations.py", "x = func.now()", 1),
    ("clocks", "wallets/domain.py", "from mita.kit.clock import now_utc\nx = now_utc()", 2),
    ("clocks", "wallets/domain.py", "from time import monotonic", 1),
    ("clocks", "entrypoints/lane.py", "x = now_utc()", 0),
    ("clocks", "credit/jobs.py", "x = now_utc()", 0),
    ("clocks", "kit/clock.py", "x = datetime.now(tz=UTC)", 0),
    ("machine_paths", "kit/settings.py", "x = '/" + "work/main'", 1),
    ("machine_paths", "kit/settings.py", "# see ../" + "shared/DESIGN.md", 1),
    ("machine_paths", "kit/settings.py", "# a balance shared/split by flatmates, the /workers", 1),
    ("machine_paths", "kit/settings.py", "# networks, shared memory, /workers", 0),
    ("row_types", "entrypoints/api/a.py", "from mita.metering.models import Meter\nselect(Meter)", 1),
    ("row_types", "entrypoints/api/a.py", "from mita.metering import models", 1),
    ("row_types", "entrypoints/api/a.py", "import mita.metering.models", 1),
    (
        "row_types",
        "entrypoints/api/a.py",
        "from mita.metering.models import Meter\ndef f(a: list[Meter]): ...",
        0,
    ),
    ("none_means_now", "wallets/queries.py", "def f(session, *, now=None): ...", 1),
    ("none_means_now", "wallets/queries.py", "def f(session, *, before=None): ...", 0),
]


@pytest.mark.parametrize("name", LINTS)
def test_the_tree_is_clean(name: str) -> None:
    faults = [f"{module.path} {fault}" for module in MODULES for fault in LINTS[name](module)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("name", "path", "text", "count"), PLANTED)
def test_a_planted_fault_is_caught(name: str, path: str, text: str, count: int) -> None:
    faults = list(LINTS[name](Module(path, text)))
    assert len(faults) == count, faults


def test_every_lint_is_tried() -> None:
    caught = {name for name, _, _, count in PLANTED if count}
    assert caught == set(LINTS)
    assert len(MODULES) > 90, "the lints look at the whole package"
