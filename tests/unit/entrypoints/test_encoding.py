"""Orders whose downlinks a manufacturer's codec makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from uuid6 import uuid7

from mita.drivers.codecs.runner import CodecFailed
from mita.drivers.known import driver_named
from mita.drivers.wire import Device, Order
from mita.entrypoints.ingest.encoding import Encoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mita.drivers.wire import Driver

NAMES = {"application_id": "flats", "webhook_id": "mita", "device_id": "meter-1"}
RELAY = {"f_port": 85, "on": {"relay": "on"}, "off": {"relay": "off"}, "encoder": "codec"}
ON = Order(uuid7(), is_on=True, expires_s=1_795_334_400)


def device(driver: str, relay: Any = RELAY) -> Device:
    names = {"application_id": "flats"} if driver == "chirpstack" else NAMES
    settings = {"codec": "7", "relay": relay, "variables": {"unit": "2"}, **names}
    return Device(f"{driver}:0101010101010101", [("E-1", "electricity")], settings=settings)


def known(driver: str) -> Driver:
    found = driver_named(driver)
    assert found is not None
    return found


def makes(expression: str) -> str:
    return f"function encodeDownlink(input) {{ return {expression}; }}"


@pytest.fixture
async def encoder() -> AsyncIterator[Encoder]:
    made = Encoder()
    yield made
    await made.close()


async def test_a_codec_makes_the_downlink_for_either_server(encoder: Encoder) -> None:
    codec = makes(
        "{bytes: [input.data.relay === 'on' ? 1 : 0, +input.variables.unit, input.fPort], fPort: 9}"
    )
    (tts,) = await encoder.messages(ON, device("tts"), driver=known("tts"), codec=codec)
    (down,) = json.loads(tts.payload)["downlinks"]
    assert (down["frm_payload"], down["f_port"]) == ("AQJV", 9)
    assert down["correlation_ids"] == [str(ON.command_id)]
    (chirp,) = await encoder.messages(ON, device("chirpstack"), driver=known("chirpstack"), codec=codec)
    said = json.loads(chirp.payload)
    assert (said["data"], said["fPort"], said["id"]) == ("AQJV", 9, str(ON.command_id))
    # the port of the settings, where the codec names none
    (bare,) = await encoder.messages(ON, device("tts"), driver=known("tts"), codec=makes("[1]"))
    assert json.loads(bare.payload)["downlinks"][0]["f_port"] == 85


async def test_bytes_and_the_servers_own_encoder_need_no_codec(encoder: Encoder) -> None:
    for relay in (RELAY | {"encoder": "server"}, RELAY | {"on": "0101", "off": "0100"}):
        (sent,) = await encoder.messages(ON, device("tts", relay), driver=known("tts"), codec=None)
        assert json.loads(sent.payload)["downlinks"][0]["f_port"] == 85


@pytest.mark.parametrize(
    ("codec", "code"),
    [
        (None, "codec_missing"),
        ("function decodeUplink() {}", "codec_missing_function"),
        (makes("{errors: ['no such relay']}"), "codec_bad_output"),
        (makes("{bytes: []}"), "codec_bad_output"),
        (makes("{bytes: [1], fPort: 0}"), "codec_bad_output"),
        (makes("{bytes: [1], fPort: 224}"), "codec_bad_output"),
        (makes("{bytes: new Array(243).fill(1)}"), "codec_bad_output"),
        (makes("{bytes: 'on'}"), "codec_bad_output"),
        (makes("(() => { for (;;) {} })()"), "codec_timeout"),
    ],
)
async def test_what_could_not_be_sent_is_refused(encoder: Encoder, codec: str | None, code: str) -> None:
    with pytest.raises(CodecFailed) as failed:
        await encoder.messages(ON, device("tts"), driver=known("tts"), codec=codec)
    assert failed.value.code == code
