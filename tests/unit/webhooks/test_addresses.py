"""Where webhooks may go: every way to write an address of one's own network is refused."""

from __future__ import annotations

import pytest

from mita.webhooks.domain import AddressRefused, AddressRules, Target, UrlRefused, parse_url

NONE = AddressRules()
LOOPBACK = AddressRules.of(["127.0.0.0/8", " ::1/128 ", ""])

REFUSED_URLS = [
    "http://example.com/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "example.com",
    "https://",
    "https:///path",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com#@127.0.0.1/",
    "https://example.com/#fragment",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:x/",
    "https://example.com\\@127.0.0.1/",
    "https://exa mple.com/",
    "https://example.com/\r\nHost: 127.0.0.1",
    "https://ex\u00e4mple.com/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://localhost/",
    "https://localhost./",
    "https://metadata/",
    "https://-example.com/",
    "https://example..com/",
    "https://exa_mple.com/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://127.0.0.0x1/",
    "https://127.0.0.1.0x/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.5.4/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://192.88.99.1/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[ff0e::1]/",
    "https://[2001:db8::1]/",
    "https://[v1.fe80]/",
    "https://[127.0.0.1]/",
    "https://[example.com]/",
    "https://[::1/",
    "https://example.com/" + "x" * 2000,
    "",
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_into_the_own_network_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        parse_url(url, rules=NONE)


@pytest.mark.parametrize("url", ["https://:443/", "https://./", "https://.:8443/"])
def test_a_url_names_a_host(url: str) -> None:
    with pytest.raises(UrlRefused, match=r"must name a host$"):
        parse_url(url, rules=NONE)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target(True, "example.com", 443, "/")),
        ("https://EXAMPLE.com/Hook?a=1&b=%20", Target(True, "example.com", 443, "/Hook?a=1&b=%20")),
        ("https://example.com:8443/h", Target(True, "example.com", 8443, "/h")),
        ("https://xn--mnchen-3ya.de/", Target(True, "xn--mnchen-3ya.de", 443, "/")),
        ("https://93.184.216.34/", Target(True, "93.184.216.34", 443, "/")),
        ("https://[2606:2800:220:1::1]/", Target(True, "2606:2800:220:1::1", 443, "/")),
    ],
)
def test_a_public_url_is_taken(url: str, target: Target) -> None:
    assert parse_url(url, rules=NONE) == target


def test_an_allowed_network_may_be_plain_http_on_any_port() -> None:
    assert parse_url("http://127.0.0.1:5000/x", rules=LOOPBACK) == Target(False, "127.0.0.1", 5000, "/x")
    assert parse_url("http://[::1]:5000/", rules=LOOPBACK).host_header == "[::1]:5000"
    # the same address in disguise is the same address
    assert parse_url("http://[::ffff:127.0.0.1]:5000/", rules=LOOPBACK).port == 5000
    for url in ("http://10.0.0.1/", "http://example.com/", "https://127.1/", "http://localhost/"):
        with pytest.raises(UrlRefused):
            parse_url(url, rules=LOOPBACK)


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["93.184.216.34", "::ffff:10.0.0.1"],
        ["fe80::1%eth0"],
        ["169.254.169.254"],
        ["::"],
    ],
)
def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    with pytest.raises(AddressRefused):
        NONE.checked(addresses)


def test_public_and_allowed_addresses_pass() -> None:
    assert [str(each) for each in NONE.checked(["93.184.216.34", "2606:2800:220:1::1"])] == [
        "93.184.216.34",
        "2606:2800:220:1::1",
    ]
    assert len(LOOPBACK.checked(["127.0.0.1", "::1", "93.184.216.34"])) == 3
    with pytest.raises(AddressRefused):
        LOOPBACK.checked(["127.0.0.1", "10.0.0.1"])


def test_the_host_header_has_the_port_only_where_it_is_needed() -> None:
    headers = {
        "https://example.com/": "example.com",
        "https://example.com:443/": "example.com",
        "https://example.com:8443/": "example.com:8443",
        "https://[2606:2800:220:1::1]/": "[2606:2800:220:1::1]",
    }
    for url, header in headers.items():
        assert parse_url(url, rules=NONE).host_header == header


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        AddressRules.of(["10.0.0.0/8", "office"])
