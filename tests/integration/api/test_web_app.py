"""The built web app as it is served: compressed, kept by browsers, and held by its policy."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from mita.entrypoints.api.front import Front
from mita.entrypoints.api.web_app import WebApp
from mita.kit.context import NO_PROXIES

if TYPE_CHECKING:
    from starlette.types import Scope, Send

PAGE = "<!doctype html><title>Mita</title>"


class NothingQuick:
    """No way is shorter than the other."""

    async def is_answered(self, _scope: Scope, _send: Send) -> bool:
        """Leave it to the route."""
        return False


@pytest.fixture
async def browser(tmp_path):
    folder = tmp_path / "app"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    script = b"console.log('mita');" * 100
    (folder / "assets" / "index-1a2b.js").write_bytes(script)
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(script))
    (folder / "manifest.webmanifest").write_text("{}")
    (tmp_path / "secret.txt").write_text("not of the app")
    app = Starlette()
    app.add_middleware(Front, quick=NothingQuick(), proxies=NO_PROXIES, has_access_log=False)
    app.mount("/app", WebApp(folder))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://mita.test"
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/app/", "/app/sign-in", "/app/e/1/u/2/wallet"])
async def test_every_place_in_the_app_is_its_page(browser, path):
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.text == PAGE
    # a newer app is found at the next look
    assert answer.headers["cache-control"] == "no-cache"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_files_are_sent_small_and_kept_for_a_year(browser):
    path = "/app/assets/index-1a2b.js"
    small = await browser.get(path, headers={"accept-encoding": "gzip, br"})
    plain = await browser.get(path, headers={"accept-encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert small.text == plain.text
    for answer in (small, plain):
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
    unchanged = await browser.get(
        path, headers={"if-none-match": plain.headers["etag"], "accept-encoding": ""}
    )
    assert unchanged.status_code == 304


async def test_a_manifest_is_one(browser):
    answer = await browser.get("/app/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"


@pytest.mark.parametrize("path", ["/app/assets/index-old.js", "/app/../secret.txt", "/app/%2e%2e/secret.txt"])
async def test_a_file_that_is_not_there_is_no_page(browser, path):
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert "not of the app" not in answer.text


async def test_it_says_where_it_is_not_built(tmp_path):
    app = Starlette()
    app.mount("/app", WebApp(tmp_path / "nothing"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://mita.test"
    ) as client:
        answer = await client.get("/app/")
    assert answer.status_code == 404
    assert "make web" in answer.text


async def test_the_way_to_it_needs_no_slash(anonymous):
    answer = await anonymous.get("/app")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/app/"
