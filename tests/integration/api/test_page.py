"""The page: sign in and out, forms of our own only, nothing from elsewhere, a receipt booked once."""

from __future__ import annotations

import asyncio
import re
import uuid
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .place import made, settle

if TYPE_CHECKING:
    import psycopg
    from fastapi import FastAPI

    from .place import Place

OWN = {"Origin": "http://mita.test"}
POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"


class Loads(HTMLParser):
    """Collects what a page loads, links, and says inline."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.inline: list[str] = []
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.targets += [
            given[name] or "" for name in ("src", "href", "action", "data", "srcset") if name in given
        ]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if tag == "input" and given.get("name"):
            self.fields[given["name"] or ""] = given.get("value") or ""


def read(text: str) -> Loads:
    found = Loads()
    found.feed(text)
    return found


# ── signing in ──


async def test_without_a_session_there_is_only_the_sign_in(anonymous: httpx.AsyncClient) -> None:
    for path in ("/", "/units/1/1"):
        answer = await anonymous.get(path)
        assert answer.status_code == 200
        assert 'action="/session"' in answer.text
        assert "set-cookie" not in answer.headers
    data = await anonymous.get("/page/units", params={"estate_id": 1})
    assert (data.status_code, data.json()["code"]) == (401, "unauthorized")
    booked = await anonymous.post("/units/1/1/top-ups", data={"amount": "1"}, headers=OWN)
    assert (booked.status_code, booked.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("token", ["", "wrong", "mita_wrong", "\x00", "é", "x" * 399, "' OR ''='"])
async def test_a_wrong_token_does_not_sign_in(anonymous: httpx.AsyncClient, token: str) -> None:
    answer = await anonymous.post("/session", data={"token": token}, headers=OWN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert 'role="alert"' in answer.text
    assert not token or token not in answer.text


async def test_the_right_token_signs_in_until_sign_out(
    anonymous: httpx.AsyncClient, client: httpx.AsyncClient, token: str
) -> None:
    await settle(client)
    answer = await anonymous.post("/session", data={"token": f"  {token}\n"}, headers=OWN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"mita_session=[^;]+;", cookie)
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Max-Age=43200" in cookie
    assert token not in cookie
    assert "Willow Creek" in (await anonymous.get("/")).text

    out = await anonymous.post("/session/end", headers=OWN)
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert "Willow Creek" not in (await anonymous.get("/")).text


async def test_the_cookie_is_secure_behind_tls(app: FastAPI, token: str) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://mita.test") as client:
        answer = await client.post("/session", data={"token": token}, headers={"Origin": "https://mita.test"})
    assert "; Secure" in answer.headers["set-cookie"]


UNSIGNED = (
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjb25zb2xlIiwiYXVkIjoibWl0YS1wYWdlIiwiZXhwIjo5OTk5OTk5OTk5fQ."  # alg none
)


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", UNSIGNED, "x" * 5000])
async def test_a_forged_session_is_none(anonymous: httpx.AsyncClient, cookie: str) -> None:
    headers = {"Cookie": f"mita_session={cookie}"}
    assert 'action="/session"' in (await anonymous.get("/", headers=headers)).text
    assert (await anonymous.get("/api/v1/estates", headers=headers)).status_code == 401


async def test_the_session_reads_the_api_and_never_writes_it(page: httpx.AsyncClient) -> None:
    assert (await page.get("/api/v1/estates")).status_code == 200
    body = {"name": "X", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    answer = await page.post("/api/v1/estates", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


# ── forms of other sites ──


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://evil.test"},
        {"Origin": "http://mita.test.evil.test"},
        {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://mita.test:81"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_form_from_elsewhere_does_nothing(
    page: httpx.AsyncClient, place: Place, token: str, headers: dict[str, str]
) -> None:
    del page.headers["Origin"]
    unit = f"/units/{place.estate_id}/{place.unit_id}/top-ups"
    forms = {
        "/session": {"token": token},
        "/session/end": {},
        unit: {"amount": "5", "utility": "electricity", "method": "cash", "key": "k"},
    }
    for path, form in forms.items():
        answer = await page.post(path, data=form, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
        assert "set-cookie" not in answer.headers
    assert await place.balance() == "0.000000"


async def test_a_browser_that_hides_the_origin_of_its_own_page(
    anonymous: httpx.AsyncClient, token: str
) -> None:
    answer = await anonymous.post(
        "/session", data={"token": token}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 303


# ── headers and resources ──


async def test_nothing_is_loaded_from_elsewhere(
    anonymous: httpx.AsyncClient, page: httpx.AsyncClient, place: Place
) -> None:
    unit = f"/units/{place.estate_id}/{place.unit_id}"
    answers = [await anonymous.get("/"), await anonymous.get("/docs"), await anonymous.get("/openapi.json")]
    answers += [
        await page.get("/"),
        await page.get(unit),
        await page.get("/page/units", params={"estate_id": 1}),
    ]
    answers += [await anonymous.get("/api/v1/estates"), await anonymous.get("/nothing")]
    files = set()
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY, answer.url
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        if "text/html" in answer.headers["content-type"]:
            found = read(answer.text)
            assert all(re.match(r"(/(?!/)|#)", target) for target in found.targets), found.targets
            assert found.inline == [], "the policy would not run it"
            files |= {target for target in found.targets if target.startswith("/static/")}

    assert {path.partition("?")[0] for path in files} >= {
        "/static/mita.css",
        "/static/live.js",
        "/static/icon.svg",
    }
    for path in files:
        asset = await anonymous.get(path)
        assert asset.status_code == 200
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", re.sub(r"(?m)^\s*//.*", "", asset.text))
        assert set(addresses) <= {"http://www.w3.org"}, path
        assert "@import" not in asset.text


def test_an_address_elsewhere_is_caught() -> None:
    found = read('<script src="//cdn.test/x.js"></script><p style="x" onclick="y"><script>z</script>')
    assert not re.match(r"(/(?!/)|#)", found.targets[0])
    assert found.inline == ["style", "onclick", "script"]


# ── what it shows ──


async def test_the_units_as_they_stand(page: httpx.AsyncClient, place: Place) -> None:
    rule = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
    await place.top_up()
    await place.client.put(f"{place.base}/credit-rules/electricity", json=rule)
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T10:00:00Z", "150.5"))

    text = (await page.get("/")).text
    # 50.5 kWh at 2.30 are 116.15
    assert "\N{MINUS SIGN}16.15" in text
    assert "150.500 kWh" in text
    assert "used up" in text
    assert "Cut asked" in text
    changes = (await page.get("/page/units", params={"estate_id": place.estate_id})).json()
    (unit,) = changes["units"]
    assert unit["unit_id"] == place.unit_id
    assert unit["cells"]["balance-electricity"]["text"] == "\N{MINUS SIGN}16.15"
    assert unit["cells"]["supply"]["text"] == "Cut asked"
    assert unit["cells"]["reading"]["at"] == "2025-03-01T10:00:00Z"
    assert changes["totals"]["balance"] == "\N{MINUS SIGN}16.15"
    others = await page.get(
        "/page/units", params={"estate_id": place.estate_id, "ids": str(place.unit_id + 1)}
    )
    assert others.json()["units"] == []


async def test_an_empty_house_says_what_to_do(page: httpx.AsyncClient) -> None:
    assert "No estate yet" in (await page.get("/")).text


async def test_names_are_text_and_never_markup(page: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    name = "<script>alert(1)</script>"
    place = await settle(client, name=name, serial="<img src=x onerror=y>")
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["<b>B1</b>"]}))["items"]
    await place.top_up(reference="<i>r</i>")
    for path in (
        "/",
        f"/units/{place.estate_id}/{place.unit_id}",
        f"/units/{place.estate_id}/{unit['unit_id']}",
    ):
        text = (await page.get(path)).text
        assert "&lt;script&gt;alert(1)" in text
        assert read(text).inline == []
        assert not re.search(r"<(b|i|img src=x)>", text)


MISSING: list[Any] = [
    ("/units/1/999", 404),
    ("/units/999/1", 404),
    (f"/units/{2**63}/1", 422),
    (f"/units/1/{2**63}", 422),
    ("/units/x/1", 422),
    ("/units/0/1", 422),
    ("/page/units", 422),
    ("/page/units?estate_id=999", 404),
    (f"/page/units?estate_id={2**64}", 422),
    ("/page/units?estate_id=1&ids=x", 422),
    ("/page/units?estate_id=1&ids=1,,2", 422),
    ("/page/units?estate_id=1&ids=" + ",".join("1" * 301), 422),
    ("/page/units?estate_id=1&ids=" + "9" * 19, 422),
    ("/page/units?estate_id=1&ids=%00", 422),
]


async def test_what_the_page_does_not_have(page: httpx.AsyncClient, place: Place) -> None:
    for path, status in MISSING:
        answer = await page.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


# ── topping up ──


async def form_of(page: httpx.AsyncClient, place: Place) -> tuple[str, dict[str, str]]:
    """Return where a unit's form is posted to, and its fields filled in."""
    path = f"/units/{place.estate_id}/{place.unit_id}"
    fields = read((await page.get(path)).text).fields
    uuid.UUID(fields["key"])
    return f"{path}/top-ups", {
        **fields,
        "amount": "200.00",
        "utility": "electricity",
        "method": "eft",
        "reference": "Receipt 7",
    }


async def test_a_receipt_is_booked_once_however_often_it_is_sent(
    page: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    path, form = await form_of(page, place)
    answers = await asyncio.gather(*(page.post(path, data=form) for _ in range(4)))
    answers.append(await page.post(path, data=form))

    assert [answer.status_code for answer in answers] == [303] * 5
    assert answers[0].headers["location"] == f"/units/{place.estate_id}/{place.unit_id}?booked=1"
    assert await place.balance() == "200.000000"
    assert admin.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    text = (await page.get(answers[0].headers["location"])).text
    assert "200.00" in text
    assert "eft: Receipt 7" in text
    assert admin.execute("SELECT actor FROM journal").fetchall() == [("staff:console",)]

    again = await form_of(page, place)
    assert again[1]["key"] != form["key"], "a new form is a new receipt"
    assert (await page.post(path, data=again[1])).status_code == 303
    assert await place.balance() == "400.000000"


async def test_a_key_sent_with_another_amount_is_refused(page: httpx.AsyncClient, place: Place) -> None:
    path, form = await form_of(page, place)
    await page.post(path, data=form)
    answer = await page.post(path, data={**form, "amount": "300.00"})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert await place.balance() == "200.000000"


@pytest.mark.parametrize(("amount", "booked"), [("1 000,50", "1000.500000"), ("7", "7.000000")])
async def test_an_amount_as_people_write_it(
    page: httpx.AsyncClient, place: Place, amount: str, booked: str
) -> None:
    path, form = await form_of(page, place)
    assert (await page.post(path, data={**form, "amount": amount})).status_code == 303
    assert await place.balance() == booked


WRONG = [
    {"amount": ""},
    {"amount": "0"},
    {"amount": "-5"},
    {"amount": "NaN"},
    {"amount": "1e3"},
    {"amount": "1.2.3"},
    {"amount": "0.0000001"},
    {"amount": "1000000000.01"},
    {"amount": "9" * 30},
    {"amount": "9" * 300},
    {"amount": "\x00"},
    {"amount": "1,000.50"},
    {"method": "cheque"},
    {"method": ""},
    {"utility": "steam"},
    {"utility": "water"},
    {"reference": "a\x00b"},
    {"reference": "x" * 201},
    {"key": ""},
    {"key": "a b"},
    {"key": "x" * 201},
    {"key": "\x00"},
]


async def test_a_form_that_cannot_be_booked_books_nothing(page: httpx.AsyncClient, place: Place) -> None:
    path, form = await form_of(page, place)
    for change in WRONG:
        answer = await page.post(path, data={**form, **change})
        assert answer.status_code in (409, 422), (change, answer.text[:300])
    assert await place.balance() == "0.000000"
    refused = await page.post(path, data={**form, "amount": "abc"})
    fields = read(refused.text).fields
    assert (fields["amount"], fields["reference"], fields["key"]) == ("abc", "Receipt 7", form["key"])
    assert 'role="alert"' in refused.text


@pytest.mark.parametrize(
    "content", [b"", b"amount=%00&key=%ed%a0%80", b"\xff=\xff", b"amount=1&" * 2000, b"%"]
)
async def test_a_form_that_is_broken(page: httpx.AsyncClient, place: Place, content: bytes) -> None:
    path, _ = await form_of(page, place)
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        for target in (path, "/session"):
            answer = await page.post(target, content=content, headers={"Content-Type": kind})
            assert answer.status_code in (400, 401, 422), (target, kind, answer.text[:300])
    assert await place.balance() == "0.000000"


async def test_a_unit_without_a_wallet_takes_no_money(page: httpx.AsyncClient, place: Place) -> None:
    (unit,) = (await made(place.client, f"{place.base}/units", {"names": ["B1"]}))["items"]
    path = f"/units/{place.estate_id}/{unit['unit_id']}"
    assert "No wallet yet" in (await page.get(path)).text
    answer = await page.post(f"{path}/top-ups", data={"amount": "5", "method": "cash", "key": "k"})
    assert answer.status_code == 422
    gone = await page.post(f"/units/{place.estate_id}/999/top-ups", data={"amount": "5", "key": "k"})
    assert gone.status_code == 404
