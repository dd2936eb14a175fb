"""Where a request comes from: whose word about its address is taken."""

from __future__ import annotations

import pytest

from mita.kit import context
from mita.kit.context import Context, Proxies, correlation_id_in, counted_address

PROXIES = Proxies.parsed("10.0.0.0/8, 2001:db8::1")


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("2001:db8::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("not an address", ["198.51.100.1"], None),
        (None, ["198.51.100.1"], None),
    ],
)
def test_an_address_is_believed_as_far_as_proxies_are_trusted(
    peer: str | None, told: list[str], found: str | None
) -> None:
    assert PROXIES.address(peer, forwarded_for=told) == found


def test_nobody_is_trusted_unless_named() -> None:
    assert Proxies.parsed(" ").address("10.0.0.1", forwarded_for=["6.6.6.6"]) == "10.0.0.1"
    with pytest.raises(ValueError, match="does not appear"):
        Proxies.parsed("10.0.0.0/8,proxy")


@pytest.mark.parametrize(
    "sent", ["order-4711", "a" * 100, "4be0643f-1d98-4f4b-9f2a-6f2a1a6f9a51", "A.b_c:d1"]
)
def test_a_well_formed_correlation_id_is_taken(sent: str) -> None:
    assert correlation_id_in(sent) == sent


@pytest.mark.parametrize(
    "sent", ["", "short", "a" * 101, "has space1", "line\nbreak", "-leading", "ümlaut123"]
)
def test_another_is_not(sent: str) -> None:
    assert correlation_id_in(sent) is None


def test_the_context_before_comes_back() -> None:
    outside = context.current()
    with context.entered(Context("one-two-three", "203.0.113.7")):
        context.name_action("create_units")
        assert context.current() == Context("one-two-three", "203.0.113.7", action="create_units")
    assert context.current() is outside


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_addresses_of_one_household_are_counted_as_one(address: str, counted: str) -> None:
    assert counted_address(address) == counted
