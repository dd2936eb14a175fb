"""API9:2023, improper inventory management: nothing is served that is not listed, and nothing old.

Elsewhere: `../api/test_sweep.py` (each route is documented or named there), `../api/test_reference.py` (the
pages of the docs), `tests/contract` (the document against the last release).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mita.kit.settings import Settings
from tests.integration.api.routes import METHODS, api_operations_of, operations_of
from tests.integration.api.test_sweep import ANYBODY

from .test_api5_functions import raw

if TYPE_CHECKING:
    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORGOTTEN = [
    *("/admin", "/administrator", "/debug", "/debug/pprof/", "/console", "/shell", "/trace", "/env"),
    *("/actuator", "/actuator/env", "/actuator/heapdump", "/server-status", "/server-info"),
    *("/phpinfo.php", "/graphql", "/graphiql", "/playground", "/redoc", "/swagger", "/swagger.json"),
    *("/swagger-ui/", "/api", "/api/", "/api/docs", "/api/v0/estates", "/api/v2/estates"),
    *("/api/v1.0/estates", "/api/v1beta/estates", "/v1/estates", "/v0/estates"),
    *("/api/latest/estates", "/api/internal/estates", "/api/test", "/api/v1/debug", "/api/v1/admin"),
    *("/api/v1/users", "/api/v1/config", "/.env", "/.git/config", "/.git/HEAD", "/.svn/entries"),
    *("/.DS_Store", "/backup.sql", "/dump.sql", "/config.yml", "/pyproject.toml", "/app.py"),
    *("/static/", "/static", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"),
    *("/static/%252e%252e/app.py", "/static//etc/passwd", "/static/....//app.py"),
    *("/static/app.css%00.html", "/static/~", "/static/.git/config"),
]


async def test_what_nobody_lists_is_not_served(house: House) -> None:
    for path in FORGOTTEN:
        for token in ("", house.console):
            status, body = await raw(house.app, "GET", path, token=token)
            assert status in (401, 404), (path, status, body[:200])
            assert b"Traceback" not in body


async def test_a_path_answers_its_methods_and_no_others(house: House) -> None:
    served: dict[str, set[str]] = {}
    for operation in operations_of(house.app):
        served.setdefault(operation.path, set()).add(operation.method)
    for operation in {each.path: each for each in operations_of(house.app)}.values():
        for method in (*METHODS, "options", "trace", "head"):
            if method in served[operation.path] or (method == "head" and "get" in served[operation.path]):
                continue
            status, _ = await raw(house.app, method.upper(), operation.url(), token=house.console)
            # 422: it is the path of another operation, in which this one's words are an id
            assert status in (404, 405, 422), (method, operation.path, status)


async def test_the_document_says_who_may_ask_without_a_token(house: House) -> None:
    """The token is asked for by each operation but these; no operation is left over from an older version."""
    for operation in api_operations_of(house.app):
        assert operation.path.startswith("/api/v1/"), operation.path
        assert not operation.spec.get("deprecated"), operation.operation_id
        is_open = operation.operation_id in ANYBODY
        assert is_open is operation.path.startswith("/api/v1/auth/"), operation.path
    assert "servers" not in house.app.openapi(), "the document names no machine of ours"


async def test_an_installation_is_closed_until_somebody_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the settings are when nobody has set any."""
    import os

    for name in list(os.environ):
        if name.upper().startswith("MITA_"):
            monkeypatch.delenv(name)
    settings = Settings(_env_file=None)
    assert settings.host == "127.0.0.1"
    assert (settings.webhooks_allow_private, settings.trusted_proxies) == ("", "")
    assert settings.requests_per_minute > 0
    told = Settings(_env_file=None, smtp_url="smtp://u:hunter2@h")
    assert "hunter2" not in f"{told!r} {told.model_dump_json()}"
