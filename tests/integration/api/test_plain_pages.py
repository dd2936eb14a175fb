"""What stands beside the app: the way to it, and the page of all routes; neither loads from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"


class Loads(HTMLParser):
    """Collects what a page loads, links, and says inline."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.targets += [
            given[name] or "" for name in ("src", "href", "action", "data", "srcset") if name in given
        ]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def read(text: str) -> Loads:
    found = Loads()
    found.feed(text)
    return found


@pytest.mark.parametrize("path", ["/", "/app"])
async def test_the_bare_address_leads_to_the_app(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path, headers={"Host": "evil.test"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/app/")


async def test_nothing_is_loaded_from_elsewhere(anonymous: httpx.AsyncClient) -> None:
    files = set()
    for path in ("/docs", "/openapi.json", "/api/v1/estates", "/nothing", "/"):
        answer = await anonymous.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        if "text/html" in answer.headers.get("content-type", ""):
            found = read(answer.text)
            assert all(re.match(r"(/(?!/)|#)", target) for target in found.targets), found.targets
            assert found.inline == [], "the policy would not run it"
            files |= {target for target in found.targets if target.startswith("/static/")}

    assert {path.partition("?")[0] for path in files} == {"/static/mita.css", "/static/icon.svg"}
    for path in files:
        asset = await anonymous.get(path)
        assert asset.status_code == 200
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", asset.text)
        assert set(addresses) <= {"http://www.w3.org"}, path
        assert "@import" not in asset.text


def test_an_address_elsewhere_is_caught() -> None:
    found = read('<script src="//cdn.test/x.js"></script><p style="x" onclick="y"><script>z</script>')
    assert not re.match(r"(/(?!/)|#)", found.targets[0])
    assert found.inline == ["style", "onclick", "script"]
