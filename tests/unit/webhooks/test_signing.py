"""Signatures that another implementation of Standard Webhooks takes, and only for what was signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from mita.webhooks.domain import body_of, headers_of, key_of, new_secret, signature_header

EVENT = UUID("01930000-0000-7000-8000-000000000001")


def test_the_example_of_the_specification() -> None:
    """The vector in the specification's own reference implementations."""
    header = signature_header(
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_s=1614265330,
        body='{"test": 2432232314}',
    )
    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_another_implementation_takes_the_signature() -> None:
    secret = new_secret()
    body = body_of("ping", data={"endpoint_id": 1, "name": "Zoë"}, now=datetime(2026, 3, 1, tzinfo=UTC))
    sent_s = int(datetime.now(tz=UTC).timestamp())
    headers = headers_of(secrets=[secret], event_id=EVENT, sent_s=sent_s, body=body)
    found = Webhook(secret).verify(body, headers)
    assert found == {
        "type": "ping",
        "timestamp": "2026-03-01T00:00:00Z",
        "data": {"endpoint_id": 1, "name": "Zoë"},
    }
    assert json.loads(body) == found
    for changed in (
        (body + " ", headers),
        (body, {**headers, "webhook-id": "x"}),
        (body, {**headers, "webhook-timestamp": str(sent_s + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(*changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_during_a_rotation_both_secrets_sign() -> None:
    new, old, other = new_secret(), new_secret(), new_secret()
    sent_s = int(datetime.now(tz=UTC).timestamp())
    headers = headers_of(secrets=[new, old], event_id=EVENT, sent_s=sent_s, body="{}")
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify("{}", headers) == Webhook(old).verify("{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify("{}", headers)


def test_secrets_are_long_and_their_own() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(key_of(each)) == 32 for each in made)
    for wrong in ("", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_é"):
        with pytest.raises(ValueError, match="secret"):
            key_of(wrong)
