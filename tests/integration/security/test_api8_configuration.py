"""API8:2023, security misconfiguration: headers, other sites, hosts, cookies, injected lines and formulas.

Elsewhere: `../api/test_plain_pages.py` (what pages load, the way to the app), `../api/test_hostile.py`
(errors tell no internals), `../api/test_sign_in.py` (cookies of persons).
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import socket
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from tests.integration.api.place import made
from tests.integration.api.signing_in import AUTH, PASSWORD, browser

from .house import House, key
from .test_api5_functions import raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


pytestmark = pytest.mark.asyncio(loop_scope="module")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TELLING = ("server", "x-powered-by", "x-aspnet-version", "via", "x-runtime", "x-debug")


async def test_every_kind_of_answer_has_its_headers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, JSON, refusals of each kind, and what nobody expected."""
    base = house.here.base
    async with house.nobody() as nobody:
        answers = [
            await nobody.get("/"),
            await nobody.get("/docs"),
            await nobody.get("/openapi.json"),
            await nobody.get("/static/mita.css"),
            await nobody.get("/nothing"),
            await nobody.get("/healthz"),
            await nobody.get("/api/v1/estates"),
            await nobody.post(f"{AUTH}/sign-in", content=b"{"),
        ]
    async with house.as_("ben") as ben:
        answers.append(await ben.get("/api/v1/persons"))
    answers += [
        await house.client.get(f"{base}/units"),
        await house.client.delete("/api/v1/estates"),
        await house.client.get(f"{base}/units/999999"),
        await house.client.post("/api/v1/readings", content=b" " * 6_000_000),
        await house.client.get(f"{base}/units", headers={"If-None-Match": "*"}),
        await house.client.get("/api/v1/import-templates/units.csv"),
    ]

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("SELECT secret FROM somewhere")

    with monkeypatch.context() as patch:
        patch.setattr("mita.estates.queries.estate", broken)
        answers.append(await house.client.get(base, headers={"X-Correlation-Id": "asked-by-a-test"}))
    assert {answer.status_code for answer in answers} >= {200, 304, 401, 403, 404, 405, 413, 500}
    for answer in answers:
        for name, value in HEADERS.items():
            if name == "Content-Security-Policy" and "text/html" in answer.headers.get("content-type", ""):
                assert "default-src 'self'" in answer.headers[name]
                continue
            assert answer.headers.get(name) == value, (answer.request.url, answer.status_code, name)
        assert answer.headers["x-correlation-id"], answer.request.url
        if not answer.request.url.path.startswith("/static/"):
            assert answer.headers["cache-control"] == "no-store", answer.request.url
        assert not [name for name in TELLING if name in answer.headers]
        assert "Traceback" not in answer.text
    assert answers[-1].headers["x-correlation-id"] == "asked-by-a-test"
    assert "SELECT" not in answers[-1].text


# ── other sites ──


async def test_another_site_reads_and_writes_nothing(house: House) -> None:
    """No answer lets another origin in, no preflight is answered, what a form can send is no request."""
    units, evil = f"{house.here.base}/units", {"Origin": "https://evil.test"}
    async with house.nobody(headers={"Origin": "http://mita.test"}) as page:
        page.cookies.set("mita_refresh", house.console)
        before = house.state()
        for method, path in (("GET", units), ("GET", "/"), ("POST", units), ("GET", "/live?x")):
            asked = {**evil, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x"}
            preflight = await page.options(path, headers=asked)
            assert preflight.status_code in (401, 404, 405), path
            named = [each for each in preflight.headers if each.startswith("access-control")]
            assert named == []
        answer = await page.get(units, headers=evil)
        assert not [each for each in answer.headers if each.startswith("access-control")]
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ):
            for origin in (evil, {"Origin": "null"}, {"Origin": "http://mita.test"}, {}):
                headers = {**origin, "Content-Type": kind}
                answer = await page.post(units, content=b'{"names": ["CSRF"]}', headers=headers)
                assert answer.status_code == 401, "a cookie writes nothing through the API"
        assert house.state() == before
    # the cookie of a person: neither renewed nor ended by a page of another site, in whatever kind of body
    async with browser(house.new_app()) as own:
        own.cookies.set("mita_refresh", "mita_refresh_x")
        for headers in (evil, {"Origin": "null"}, {"Origin": "", "Sec-Fetch-Site": "cross-site"}):
            for path in ("refresh", "sign-out"):
                answer = await own.post(f"{AUTH}/{path}", json={}, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
        body = f'{{"identifier": "anna@example.com", "password": "{PASSWORD}"}}'.encode()
        answer = await own.post(
            f"{AUTH}/sign-in", content=body, headers={**evil, "Content-Type": "text/plain"}
        )
        assert answer.status_code == 422, "a form of another site signs nobody in"


async def test_the_host_that_a_caller_names_is_nowhere_in_an_answer(house: House) -> None:
    """No link, no redirect, no mail: whoever poisons a cache or a mail by its Host gets nothing."""
    for host in ("evil.test", "mita.test:80@evil.test", "[::1]", ""):
        for path in (
            "/docs",
            "/openapi.json",
            "/api/v1/estates/",
            f"{house.here.base}/units",
        ):
            for method in ("GET", "POST"):
                headers = {"host": host, "x-forwarded-host": "evil.test", "forwarded": "host=evil.test"}
                status, body = await raw(house.app, method, path, token=house.console, headers=headers)
                assert b"evil.test" not in body, (method, path)
                assert status not in (301, 302, 307, 308), (method, path, status)


# ── injected ──


async def test_no_line_is_added_to_an_answer(house: House) -> None:
    """Names of files, correlation ids, cursors: what comes back in a header holds no line break."""
    base, client = house.here.base, house.client
    split = "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
    params = {"subject": "estate", "subject_id": str(house.here.estate_id)}
    refused = await client.post(
        f"{base}/documents",
        params={**params, "name": split},
        content=png,
        headers={"Content-Type": "image/png"},
    )
    assert refused.status_code == 422
    odd = 'a"; filename="evil.html\u2028\u0085é.png'
    stored = await client.post(
        f"{base}/documents",
        params={**params, "name": odd},
        content=png,
        headers={"Content-Type": "image/png"},
    )
    if stored.status_code == 201:
        file = await client.get(f"{base}/documents/{stored.json()['document_id']}/file")
        said = file.headers["content-disposition"]
        assert said.startswith("attachment; filename*=UTF-8''")
        assert not set(said) & set('"\r\n\u2028')
        assert file.headers["x-content-type-options"] == "nosniff"
    # a page in the clothes of a picture is not kept
    html = await client.post(
        f"{base}/documents",
        params={**params, "name": "a.png"},
        content=b"<html><script>alert(1)</script>",
        headers={"Content-Type": "image/png"},
    )
    assert html.status_code in (415, 422)
    for name in ("X-Correlation-Id", "Idempotency-Key", "If-None-Match", "Accept-Language"):
        status, _ = await raw(house.app, "GET", f"{base}/units", token=house.console, headers={name: split})
        assert status == 200
    answer = await client.get(f"{base}/units", headers={"X-Correlation-Id": "forged line\tx" + "a" * 200})
    assert answer.headers["x-correlation-id"].count("-") == 4, "one of ours, and not what was sent"
    for cursor in ("1%0d%0aX: y", "%0d%0a", "1;DROP"):
        assert (await client.get(f"/api/v1/api-keys?after_id={cursor}")).status_code == 422


FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", '=HYPERLINK("http://evil.test")', "=cmd|' /C calc'!A0"]


async def test_no_cell_of_a_file_is_a_formula(house: House) -> None:
    """Names that tenants and staff may choose, in each file that a spreadsheet opens."""
    base, client = house.here.base, house.client
    names = [each for each in FORMULAS if "\t" not in each]
    assert (await client.post(f"{base}/units", json={"names": ["\t=1"]})).status_code == 422
    units = (await made(client, f"{base}/units", {"names": names}))["items"]
    for number, unit in enumerate(units):
        meter = {"unit_id": unit["unit_id"], "serial": f"F{number}", "utility": "electricity"}
        await made(client, f"{base}/meters", meter)
    rows = "name,kind\r\n" + "".join(f'"{each.replace(chr(34), chr(34) * 2)}",no kind\r\n' for each in names)
    started = await client.post(
        f"{base}/imports?kind=units&file_name={'=x.csv'}",
        content=rows.encode(),
        headers={"Content-Type": "text/csv", **key()},
    )
    assert started.status_code < 300, started.text
    csvs = {"Accept": "text/csv"}
    compare = f"{base}/rate-tables/{house.here.rate_table_id}/compare"
    span = {"from": "2025-01-01", "to": "2025-02-01"}
    files = [
        await client.post(compare, json=span, headers=csvs),
        await client.get(f"{base}/reports/low-credit", headers=csvs),
        await client.get(f"{base}/reports/arrears", headers=csvs),
        await client.get(f"{base}/reports/vacancy", headers=csvs),
        await client.get(f"{base}/imports/{started.json()['import_id']}/errors.csv"),
        *[await client.get(f"/api/v1/import-templates/{kind}.csv") for kind in ("units", "people", "meters")],
    ]
    seen = 0
    for file in files:
        if "text/csv" not in file.headers.get("content-type", ""):
            continue
        for row in csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))):
            for cell in row:
                is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
                assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (file.url, cell)
                seen += cell.startswith("'")
    assert seen >= 3, "no name of ours came through: the test proves nothing"


# ── the server itself ──


@contextlib.asynccontextmanager
async def served(house: House) -> AsyncIterator[int]:
    """Serve the application as the product does."""
    config = uvicorn.Config(
        house.app, port=0, log_level="critical", server_header=False, proxy_headers=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def said(port: int, request: bytes) -> bytes:
    """Send bytes; return what comes back until the server is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    found = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        await writer.drain()
        while chunk := await asyncio.wait_for(reader.read(65_536), timeout=0.7):
            found += chunk
    writer.close()
    return found


async def test_a_server_takes_no_request_that_two_would_read_differently(house: House) -> None:
    """Smuggling, split lines, endless headers, spellings of the target: never a secret answer."""
    auth = f"Authorization: Bearer {house.console}\r\n".encode()
    inner = b"GET /api/v1/persons HTTP/1.1\r\nHost: a\r\n" + auth + b"\r\n"
    head = b"POST /healthz HTTP/1.1\r\nHost: a\r\n"
    attacks = {
        "both lengths": head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
        "two lengths": head + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner,
        "odd coding": head + b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc" + inner,
        "signed length": head + b"Content-Length: +%d\r\n\r\n" % len(inner) + inner,
        "space before the colon": head + b"Content-Length : %d\r\n\r\n" % len(inner) + inner,
        "NUL": b"GET /api/v1/persons\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "endless line": b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "endless header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        "absolute": b"GET http://a/api/v1/persons HTTP/1.1\r\nHost: a\r\n\r\n",
        "authority": b"CONNECT 127.0.0.1:5432 HTTP/1.1\r\nHost: a\r\n\r\n",
        "trace": b"TRACE /api/v1/persons HTTP/1.1\r\nHost: a\r\n" + auth + b"\r\n",
        "old": b"GET /api/v1/persons HTTP/0.9\r\n\r\n",
        "no host": b"GET /api/v1/persons HTTP/1.1\r\n\r\n",
    }
    async with served(house) as port:
        plain = await said(port, inner)
        assert plain.startswith(b"HTTP/1.1 200"), "the inner request is good by itself"
        assert b"server:" not in plain.lower()
        for name, request in attacks.items():
            answered = await said(port, request)
            assert b"anna@example.com" not in answered, name
            assert b" 500 " not in answered[:30], name
            assert house.console.encode() not in answered, name
