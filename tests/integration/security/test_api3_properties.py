"""API3:2023, broken object property level authorization: fields that are not the sender's to set, or to see.

Elsewhere: `../api/test_privacy.py` (secrets in an export), `../api/test_narrow_sight.py` (rows of others).
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.place import made
from tests.integration.api.routes import api_operations_of

if TYPE_CHECKING:
    from tests.integration.api.routes import Operation

    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
# what attackers try beside what an answer shows
TRIED = {
    "is_staff": True,
    "is_admin": True,
    "role": "platform_admin",
    "permissions": ["platform.manage"],
    "estate_id": 2,
    "person_id": 5,
    "organisation_id": 1,
    "balance": "1000000",
    "amount_micro": 10**12,
    "created_at": "2020-01-01T00:00:00Z",
    "granted_by": "staff:console",
    "made_by": "staff:console",
    "__proto__": {"is_staff": True},
    "constructor": {},
    "$set": {"is_staff": True},
}
# the body is a document with rules of its own, or readings, of which each is judged alone
OF_THEIR_OWN = {
    "send_readings",
    "post_readings",
    "take_tts_message",
    "import_rate_table",
    "start_import",
    "add_document",
}


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def names_in(document: dict[str, Any], schema: dict[str, Any], *, depth: int = 0) -> set[str]:
    """Return the names of an object's fields, those of what it holds too."""
    found: set[str] = set()
    schema = resolved(document, schema)
    if depth > 6:
        return found
    for name, inner in schema.get("properties", {}).items():
        found |= {name} | names_in(document, inner, depth=depth + 1)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        found |= names_in(document, part, depth=depth + 1)
    if isinstance(schema.get("items"), dict):
        found |= names_in(document, schema["items"], depth=depth + 1)
    return found


def shape_of(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON schema of a request or an answer."""
    content = part.get("content", {}).get("application/json")
    return None if content is None else resolved(document, content["schema"])


def answer_names(document: dict[str, Any], operation: Operation) -> set[str]:
    """Return the names of all fields that an operation answers when it succeeds."""
    return {
        name
        for status, answer in operation.spec["responses"].items()
        if status.startswith("2") and (shape := shape_of(document, answer)) is not None
        for name in names_in(document, shape)
    }


async def test_no_write_takes_a_field_that_is_only_answered(house: House) -> None:
    """Every field of the answer, and what attackers like to add, with a body that is good without them."""
    document, before, tried = house.app.openapi(), house.state(), 0
    for operation in api_operations_of(house.app):
        if operation.method == "get" or operation.operation_id in OF_THEIR_OWN:
            continue
        shape = shape_of(document, operation.spec.get("requestBody", {}))
        if shape is None or not isinstance(operation.body, dict):
            continue
        known = set(shape.get("properties", {}))
        extra = {name: TRIED.get(name, "x") for name in answer_names(document, operation) | set(TRIED)}
        extra = {name: value for name, value in extra.items() if name not in known}
        body = {**operation.body, **extra}
        values = {"estate_id": house.here.estate_id, "wallet_id": house.here.wallet_id}
        answer = await operation.ask(house.client, body=body, **values)
        assert answer.status_code in (422, 404), (operation.operation_id, answer.text[:300])
        if answer.status_code == 422 and answer.json()["code"] == "invalid":
            named = {each["path"].rpartition(".")[2] for each in answer.json()["problems"]}
            assert set(extra) <= named or "body" in named, (operation.operation_id, set(extra) - named)
        tried += 1
    assert tried >= 60
    assert house.state() == before


# a GET may say that there is such a thing, or until when; never the thing itself
SAID = {"has_password", "has_secret", "old_secret_until", "key", "keys", "shown_prefix"}
SECRET = re.compile(r"password|secret|token|hash|sealed|salt|private|otp|pin$")
OF_DEVICES = {"device_token_id", "device_tokens"}
# what a resident bought for a prepayment meter: masked, but for who typed it and must key it in again
OF_METERS = {"meter_token_id", "token_meter_ids"}
MASKED = {("list_meter_tokens", "token"), ("get_meter_token", "token")}
# hashes that are there to be checked: of the ledger, of files
PROOFS = {
    "hash",
    "hash_v",
    "hashes",
    "root_hash",
    "leaf_hash",
    "previous_hash",
    "entry_hash",
    "body_hash",
    "head_hash",
}


async def test_no_answer_to_a_get_has_a_field_for_a_secret(house: House) -> None:
    document = house.app.openapi()
    found = {
        (operation.operation_id, name)
        for operation in api_operations_of(house.app)
        if operation.method == "get"
        for name in answer_names(document, operation)
        if SECRET.search(name) and name not in SAID | OF_DEVICES | OF_METERS | PROOFS
    }
    assert found == MASKED


async def test_a_secret_is_shown_once_and_never_again(house: House) -> None:
    """Keys, tokens, secrets of webhooks, codes of invitations: no route shows them, nor their hash."""
    base, client = house.here.base, house.client
    meter = {"unit_id": house.here.unit_id, "serial": "W9", "utility": "water", "device": "gateway-9"}
    await made(client, f"{base}/meters", meter)
    hook = await made(client, f"{base}/webhooks", {"url": "https://example.com/h", "types": ["wallet.topup"]})
    key = {"name": "K", "permissions": ["units.read"], "estate_ids": [house.here.estate_id]}
    path = f"/api/v1/persons/{house.persons['anna'].person_id}/impersonations"
    secrets = [
        hook["secret"],
        (await made(client, "/api/v1/api-keys", key))["secret"],
        (await made(client, f"{base}/device-tokens", {"device": "gateway-9"}))["token"],
        (await made(client, path, {"reason": "x"}))["token"],
        (await house.invited()).rpartition(".")[2],
        house.console,
        *(each.token for each in house.persons.values()),
    ]
    shown = {each for secret in secrets for each in _spellings(secret)}
    values = {"estate_id": house.here.estate_id, "endpoint_id": hook["endpoint_id"], "api_key_id": 1}
    answered = 0
    for name in ("pat", "anna"):
        async with house.as_(name) as caller:
            for operation in api_operations_of(house.app):
                if operation.method == "get" and operation.operation_id != "stream_events":
                    answer = await operation.ask(caller, **values)
                    answered += answer.status_code == 200
                    assert not [each for each in shown if each in answer.text], operation.operation_id
    assert answered >= 50


def _spellings(secret: str) -> list[str]:
    digest = hashlib.sha256(secret.encode()).digest()
    return [
        secret,
        digest.hex(),
        base64.b64encode(digest).decode(),
        base64.urlsafe_b64encode(digest).decode(),
    ]
