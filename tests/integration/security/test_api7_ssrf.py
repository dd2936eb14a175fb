"""API7:2023, server side request forgery: where a webhook may lead, from outside and when it is sent.

Elsewhere: `tests/unit/webhooks/test_addresses.py` (each notation of an address),
`../webhooks/test_delivery.py` (an address that changes between look and connection, rules that change).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import pytest

from mita.entrypoints.worker.poster import WebhookPoster
from mita.webhooks.domain import NO_PRIVATE, AddressRules
from tests.integration.api.place import made
from tests.integration.api.routes import api_operations_of
from tests.integration.webhooks.receiver import receiving

from .test_api3_properties import names_in, shape_of

if TYPE_CHECKING:
    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
INSIDE = [
    *(
        "http://example.com/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://127.0.0.1/",
        "https://127.1/",
    ),
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0x7f.1/", "https://0/"),
    *("https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
    *("https://[64:ff9b::10.0.0.1]/", "https://[2002:7f00:1::]/", "https://[fe80::1%25eth0]/"),
    *("https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/"),
    *("https://169.254.169.254/latest/meta-data/", "https://metadata/", "https://[fd00:ec2::254]/"),
    *("https://example.com:22/", "https://example.com:5432/", "https://example.com:0/", "https://0.0.0.0/"),
    *("https://user@example.com/", "https://example.com@127.0.0.1/", "https://127.0.0.1#@example.com/"),
    *(
        "https://example.com\\@127.0.0.1/",
        "https://\u2460\u2461\u2466.0.0.1/",
        "https://127\u30020\u30020\u30021/",
        "https://exa mple.com/",
    ),
    *("file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.com/", "//example.com/", "javascript:1"),
    *("https://example.com/\r\nX-Injected: 1", "https://example.com/%0d%0a\r\n", "https:///path", "https://"),
    *("https://224.0.0.1/", "https://255.255.255.255/", "https://198.18.0.1/", "https://240.0.0.1/"),
]


async def test_no_endpoint_can_lead_inside(house: House) -> None:
    base = f"{house.here.base}/webhooks"
    good = {"url": "https://example.com/hook", "types": ["wallet.topup"]}
    first = await made(house.client, base, good)
    path = f"{base}/{first['endpoint_id']}"
    for url in INSIDE:
        for method, target in (("POST", base), ("PUT", path)):
            answer = await house.client.request(method, target, json={**good, "url": url})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (url, answer.text)
    assert (await house.client.get(path)).json()["url"] == good["url"]


NAMED = {
    "loopback": ["127.0.0.1"],
    "mapped": ["::ffff:127.0.0.1"],
    "translated": ["64:ff9b::7f00:1"],
    "6to4": ["2002:7f00:1::"],
    "compatible": ["::7f00:1"],
    "this network": ["0.0.0.0"],  # noqa: S104 - where nothing must go
    "metadata": ["169.254.169.254"],
    "link": ["fe80::1%eth0"],
    "unique local": ["fd00:ec2::254"],
    "one of several": ["93.184.215.14", "10.0.0.1"],
    "nothing": [],
}


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    async with receiving() as receiver:
        for why, addresses in NAMED.items():

            async def named(host: str, port: int, *, found: list[str] = addresses) -> list[str]:
                return found

            poster = WebhookPoster(NO_PRIVATE, timeout_s=2.0, resolve=named)
            for port in (443, 8443):
                answer = await poster.post(f"https://rebound.example.com:{port}/", headers={}, body="{}")
                assert answer.status is None, why
                assert "address" in (answer.error or ""), (why, answer.error)
            await poster.close()
        assert receiver.connections == 0


async def test_a_name_that_changes_between_two_posts_is_looked_at_again() -> None:
    """DNS rebinding: the first answer is allowed, every later one leads to what no webhook may reach."""
    looked: list[str] = []

    async def rebinds(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"] if len(looked) == 1 else ["169.254.169.254"]

    rules = AddressRules((ipaddress.ip_network("127.0.0.0/8"),))
    poster = WebhookPoster(rules, timeout_s=2.0, resolve=rebinds)
    first = await poster.post("https://rebound.example.com:8443/", headers={}, body="{}")
    second = await poster.post("https://rebound.example.com:8443/", headers={}, body="{}")
    await poster.close()
    # nobody listens there; that it was tried shows in the words
    assert (first.error or "").startswith("Connect")
    assert "169.254.169.254 is not a public address" in (second.error or "")
    assert len(looked) == 2


async def test_a_redirect_is_not_followed_whatever_it_says() -> None:
    async with receiving(status=200) as inside:
        for status in (301, 302, 303, 307, 308):
            headers = f"location: {inside.url('/inside')}\r\n"
            async with receiving(status=status, headers=headers) as outside:
                poster = WebhookPoster(AddressRules((ipaddress.ip_network("127.0.0.0/8"),)), timeout_s=2.0)
                answer = await poster.post(outside.url(), headers={}, body="{}")
                await poster.close()
                assert (answer.status, len(outside.received)) == (status, 1)
        assert inside.received == []


ADDRESS_LIKE = ("url", "uri", "href", "link", "callback", "host", "endpoint", "webhook", "domain", "image")


async def test_nothing_else_takes_an_address_to_go_to(house: House) -> None:
    """Whoever adds a field that names an address decides here who goes there, and how it is checked."""
    document: dict[str, Any] = house.app.openapi()
    found = set()
    for operation in api_operations_of(house.app):
        shape = shape_of(document, operation.spec.get("requestBody", {}))
        names = set() if shape is None else names_in(document, shape)
        names |= {each["name"] for each in operation.spec.get("parameters", ()) if each["in"] == "query"}
        found |= {
            (operation.operation_id, name)
            for name in names
            if any(each in name.lower().split("_") for each in ADDRESS_LIKE)
        }
    assert found == {
        ("create_webhook_endpoint", "url"),
        ("update_webhook_endpoint", "url"),
        # goes the way of webhooks: tests/integration/api/test_web_push.py
        ("subscribe_to_push", "endpoint"),
    }
