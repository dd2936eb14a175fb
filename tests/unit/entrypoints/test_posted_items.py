"""A posted body into items: each as it came, whatever is wrong with others; signatures by hand."""

from __future__ import annotations

import pytest

from mita.drivers.own import Own
from mita.drivers.wire import Device
from mita.entrypoints.posts import BadPost, read_signed, signature_of, split


def test_each_item_keeps_its_own_text() -> None:
    body = (
        b' [ {"r": {"kwh": 0.10, "kwh": 1e0}} ,\n{"device": "b", "id": "x", "relay": "off"}, 5 ,"\xc3\xa9"] '
    )
    found = [(each.raw, each.device, each.channel, each.fault) for each in split(body)]
    assert found == [
        (b'{"r": {"kwh": 0.10, "kwh": 1e0}}', None, "up", None),
        (b'{"device": "b", "id": "x", "relay": "off"}', "b", "ack", None),
        (b"5", None, "up", None),
        ('"é"'.encode(), None, "up", None),
    ]
    assert [each.raw for each in split(b'{"id": "x", "r": {}}\n')] == [b'{"id": "x", "r": {}}']
    assert [each.channel for each in split(b'{"id": "x", "r": {}}')] == ["up"]
    for name in (b"5", b"null", b'""', b'"a\\u0000"', b"true", b'"' + b"x" * 201 + b'"'):
        (item,) = split(b'{"device": ' + name + b"}")
        assert (item.device, item.fault is None) == (None, name == b"null"), name


@pytest.mark.parametrize(
    "body", [b"", b" ", b"[", b"[]", b"[{}", b"[{},]", b"[,]", b"{}x", b"[{}] 1", b"\xff", b"[" * 100_000]
)
def test_what_is_no_array_of_items(body: bytes) -> None:
    with pytest.raises(BadPost):
        split(body)


def test_at_most_a_thousand_items() -> None:
    assert len(split(b"[" + b"{}," * 999 + b"{}]")) == 1000
    with pytest.raises(BadPost, match="1001 items"):
        split(b"[" + b"{}," * 1000 + b"{}]")


def test_a_signature_is_what_any_library_makes() -> None:
    # printf '1795255200.{}' | openssl dgst -sha256 -hmac mita_device_example
    made = signature_of("mita_device_example", sent_s=1795255200, body=b"{}")
    assert made == "dfccfc9097cb702e0b972e3543109155afe4ba741f462dc0f594d424efb96679"
    shown = {"device": "gw-7", "sent": "1795255200", "signature": made.upper(), "body": b"{}"}
    found = read_signed(**shown)
    assert found is not None
    assert (found.device, found.sent_s, found.signature) == ("gw-7", 1795255200, made)
    for wrong in (
        {"device": ""},
        {"device": "a\n"},
        {"device": "x" * 201},
        {"sent": "-1"},
        {"sent": "1.0"},
        {"sent": "٣"},
        {"sent": "9" * 13},
        {"signature": made[1:]},
        {"signature": "g" * 64},
        {"signature": ""},
    ):
        assert read_signed(**{**shown, **wrong}) is None, wrong


def test_a_device_of_our_own_convention_names_its_gateway() -> None:
    own = Own()
    assert own.check(Device("house-8", (), settings={"gateway": "gw-7"})) == []
    for wrong in ({"gateway": 7}, {"gateway": "a\n"}, {"gateway": "x" * 201}, {"gate": "gw-7"}):
        assert len(own.check(Device("house-8", (), settings=wrong))) == 1, wrong
