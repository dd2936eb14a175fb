"""What browsers check proofs by is what the ledger makes."""

from __future__ import annotations

from tests.unit.ledger.web_vectors import PATH, vectors


def test_the_vectors_of_the_web_app_are_the_ledgers_own() -> None:
    assert PATH.read_text(encoding="utf-8") == vectors(), "python -m tests.unit.ledger.web_vectors"
