"""Posts that OSCORE protects: the token is the key, a message opens once, and plain ones stay outside."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

import aiocoap
import cbor2
import pytest
from aiocoap import error, oscore
from aiocoap.numbers import codes
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.coap.oscore import Shield, TokenContext
from mita.entrypoints.coap.server import Uplinks, listen
from mita.entrypoints.coap.settings import CoapSettings
from mita.entrypoints.posts import Posts
from mita.identity import operations as identity
from mita.identity import queries as identity_queries
from mita.kit.clock import now_utc

from .posting import ago, commands_of, cutting_world, is_on, token_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from mita.kit.db import Database
    from tests.integration.world import World


def test_a_device_derives_the_same_keys_from_its_token() -> None:
    """By RFC 8613, section 3.2.1, without the library: what a device's own stack must come to."""
    token = "mita_device_" + "x" * 43
    kid = hashlib.sha256(token.encode()).digest()[:7]

    def derived(name: bytes, kind: str, size: int) -> bytes:
        info = cbor2.dumps([name, None, 10, kind, size])
        return HKDF(hashes.SHA256(), length=size, salt=b"", info=info).derive(token.encode())

    ours, theirs = TokenContext(token, is_device=False), TokenContext(token, is_device=True, first_number=0)
    assert (theirs.sender_id, theirs.recipient_id) == (kid, b"")
    assert ours.recipient_key == theirs.sender_key == derived(kid, "Key", 16)
    assert ours.sender_key == theirs.recipient_key == derived(b"", "Key", 16)
    assert ours.common_iv == theirs.common_iv == derived(b"", "IV", 13)
    with pytest.raises(oscore.ContextUnavailable):
        ours.new_sequence_number()


class Radio:
    """A device that protects what it posts, and opens what it hears."""

    def __init__(self, context: Any, *, port: int, token: str) -> None:
        self._context, self.port = context, port
        self.oscore = TokenContext(token, is_device=True, first_number=0)

    def request(self, path: str, content: bytes, **more: Any) -> Any:
        message = aiocoap.Message(code=codes.POST, payload=content, **more)
        message.opt.uri_path = tuple(path.split("/"))
        return message

    async def send(self, message: Any) -> Any:
        message.set_request_uri(f"coap://127.0.0.1:{self.port}", set_uri_host=False)
        return await asyncio.wait_for(self._context.request(message, handle_blockwise=False).response, 30)

    async def post(self, path: str, content: bytes, **more: Any) -> Any:
        protected, number = self.oscore.protect(self.request(path, content, **more))
        answer = await self.send(protected)
        if answer.opt.oscore is None:
            return answer
        opened, _ = self.oscore.unprotect(answer, number)
        return opened


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    yield context
    await context.shutdown()


async def served(database: Database, *, takes_plain: bool) -> AsyncIterator[int]:
    posts = Posts(database, source="coap")
    uplinks = Uplinks(database, posts=posts, limits=KeyLimits(requests_per_minute=600))
    shield = Shield(uplinks, database=database, takes_plain=takes_plain)
    server = await listen(shield, bind=("127.0.0.1", 0))
    (transport,) = [each.token_interface.message_interface for each in server.request_interfaces]
    yield transport._local_port()
    await server.shutdown()
    await posts.close()


@pytest.fixture
async def port(database: Database) -> AsyncIterator[int]:
    """A server as it stands beyond loopback."""
    async for each in served(database, takes_plain=False):
        yield each


@pytest.fixture
async def second_port(database: Database) -> AsyncIterator[int]:
    """Another one, on the same database, that takes plain posts as well."""
    async for each in served(database, takes_plain=True):
        yield each


def item(seconds_ago: int, kwh: float) -> bytes:
    return json.dumps({"ts": ago(seconds_ago), "r": {"kwh": kwh}}).encode()


async def device(world: World, client: Any, *, port: int) -> tuple[Radio, str, str]:
    name = f"dev-{world.estate_id}-1"
    token = await token_of(world, name)
    return Radio(client, port=port, token=token), name, token


async def test_supply_goes_off_and_on_and_nothing_of_it_is_legible(
    database: Database, client: Any, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = await cutting_world(database)
    radio, name, token = await device(world, client, port=port)
    path = f"m/{name}/up"
    protected, number = radio.oscore.protect(radio.request(path, item(90, 100)))
    wire = protected.payload + bytes(protected.opt.oscore)
    assert b"kwh" not in wire
    assert name.encode() not in wire
    answer = await radio.send(protected)
    assert (answer.code, b"accepted" in answer.payload) == (codes.CHANGED, False)
    opened, _ = radio.oscore.unprotect(answer, number)
    assert json.loads(opened.payload) == {"accepted": 1, "rejected": 0}
    (off,) = json.loads((await radio.post(path, item(60, 111))).payload)["commands"]
    assert (off["relay"], await commands_of(world)) == ("off", [("off", "sent")])
    told = json.dumps({"id": off["id"], "relay": "off"}).encode()
    assert (await radio.post(path, told)).code is codes.CHANGED
    assert not await is_on(world)
    # what is refused inside is told inside
    assert (await radio.post(path, b"no JSON")).code is codes.BAD_REQUEST
    assert (await radio.post("m/up", b"{}")).code is codes.NOT_FOUND
    assert (await radio.post(path, item(1, 1), content_format=99)).code is codes.UNSUPPORTED_CONTENT_FORMAT
    # of another device it says nothing
    other = json.loads((await radio.post("m/nobody/up", item(50, 1))).payload)
    assert (other["accepted"], other["rejected"]) == (0, 1)
    assert token not in caplog.text


async def test_a_message_opens_once_whoever_hears_it(
    database: Database, client: Any, port: int, second_port: int, admin: psycopg.Connection
) -> None:
    world = await cutting_world(database)
    radio, name, _ = await device(world, client, port=port)
    path = f"m/{name}/up"
    later, _ = radio.oscore.protect(radio.request(path, item(60, 101)))
    first, _ = radio.oscore.protect(radio.request(path, item(50, 102)))

    def again(message: Any) -> Any:
        return message.copy(mid=None, token=b"")

    assert (await radio.send(again(first))).opt.oscore is not None
    for number in (port, second_port):
        radio.port = number
        answer = await radio.send(again(first))
        assert (answer.code, answer.payload) == (codes.UNAUTHORIZED, b"Replay detected")
    # one that came late is taken, once, by the other process
    assert (await radio.send(again(later))).opt.oscore is not None
    radio.port = port
    assert (await radio.send(again(later))).payload == b"Replay detected"
    # two at once: a lock lets one of them in
    twice, _ = radio.oscore.protect(radio.request(path, item(40, 103)))
    both = [Radio(client, port=each, token="x") for each in (port, second_port)]
    answers = await asyncio.gather(*(each.send(again(twice)) for each in both))
    assert sorted(each.opt.oscore is not None for each in answers) == [False, True]
    # far ahead, and everything of before is over
    radio.oscore.sender_sequence_number = 1_000
    assert (await radio.post(path, item(30, 104))).code is codes.CHANGED
    radio.oscore.sender_sequence_number = 900
    assert (await radio.post(path, item(20, 105))).payload == b"Replay detected"
    assert admin.execute("SELECT seen_from, seen_bits FROM device_replay").fetchall() == [(969, 1 << 31)]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (4,)


async def test_what_does_not_open(
    database: Database, client: Any, port: int, admin: psycopg.Connection
) -> None:
    world = await cutting_world(database)
    radio, name, token = await device(world, client, port=port)
    path = f"m/{name}/up"
    stranger = Radio(client, port=port, token="mita_device_" + "y" * 43)
    assert (await stranger.post(path, item(60, 101))).payload == b"Security context not found"
    # the name is on the wire; who knows it alone knows no key, and uses up no number
    stranger.oscore.sender_id = radio.oscore.sender_id
    answer = await stranger.post(path, item(60, 101))
    assert (answer.code, answer.payload) == (codes.BAD_REQUEST, b"Decryption failed")
    assert admin.execute("SELECT count(*) FROM device_replay").fetchone() == (0,)
    for option in (b"\xff" * 9, b"\x09", b"\x19\x00\xff", b"\x09\x00", b""):
        broken, _ = radio.oscore.protect(radio.request(path, item(60, 101)))
        broken.opt.oscore = option
        assert (await radio.send(broken)).code in (codes.BAD_OPTION, codes.UNAUTHORIZED)
    for payload in (b"", b"x", b"x" * 9):
        broken, _ = radio.oscore.protect(radio.request(path, item(60, 101)))
        broken.payload = payload
        assert (await radio.send(broken)).code is codes.BAD_REQUEST
    # in the plain nothing is taken here, with a token or without
    for query in ((), (f"t={token}",)):
        plain = radio.request(path, item(60, 101), uri_query=query)
        assert (await radio.send(plain)).code is codes.UNAUTHORIZED
    assert (await radio.post(path, item(60, 101))).code is codes.CHANGED
    async with world.unit_of_work() as session:
        (row,) = await identity_queries.device_tokens(session, estate_id=world.estate_id, limit=5)
        await identity.revoke_device_token(session, row=row, actor="staff:test", now=now_utc())
    assert (await radio.post(path, item(50, 102))).payload == b"Security context not found"
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (1,)


async def test_a_long_body_comes_in_blocks_inside(database: Database, client: Any, port: int) -> None:
    world = await cutting_world(database)
    radio, name, _ = await device(world, client, port=port)
    items = [item(3_000 - 30 * number, 101 + number / 100) for number in range(90)]
    content = b"[" + b",".join(items) + b"]"
    blocks = [content[start : start + 1_024] for start in range(0, len(content), 1_024)]
    for number, block in enumerate(blocks):
        is_more = number < len(blocks) - 1
        answer = await radio.post(f"m/{name}/up", block, block1=(number, is_more, 6))
        assert answer.code is (codes.CONTINUE if is_more else codes.CHANGED)
    assert json.loads(answer.payload)["accepted"] == 90


@pytest.mark.parametrize(
    ("bind", "is_plain", "takes_plain"),
    [
        ("127.0.0.1:5683", False, True),
        ("[::1]:5683", False, True),
        ("localhost:5683", False, True),
        ("0.0.0.0:5683", False, False),
        ("[::]:5683", False, False),
        ("10.1.0.5:5683", False, False),
        ("mita.example:5683", False, False),
        ("10.1.0.5:5683", True, True),
    ],
)
def test_where_plain_posts_are_taken(bind: str, is_plain: bool, takes_plain: bool) -> None:  # noqa: FBT001 - cases
    assert CoapSettings(coap_bind=bind, coap_plain=is_plain).takes_plain is takes_plain


def test_the_library_refuses_what_is_altered() -> None:
    """Any byte of a protected message, and it does not open."""
    token = "mita_device_" + "z" * 43
    theirs = TokenContext(token, is_device=True, first_number=7)
    message = aiocoap.Message(code=codes.POST, payload=b"{}", uri_path=("m", "dev", "up"))
    protected, _ = theirs.protect(message)
    for place in range(len(protected.payload)):
        ours = TokenContext(token, is_device=False)
        altered = bytearray(protected.payload)
        altered[place] ^= 1
        heard = protected.copy(payload=bytes(altered))
        heard.direction = aiocoap.message.Direction.INCOMING
        with pytest.raises((oscore.ProtectionInvalid, error.Error)):
            ours.unprotect(heard)
