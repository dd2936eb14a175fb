"""How long data is kept that nobody needs any more. Pure."""

# kind of data -> days after its end; the ledger, the audit log and consents are kept for good
RETENTION_DAYS = {"api_keys": 730, "impersonations": 730}


def erased_name(person_id: int) -> str:
    """Return the name of a person who was forgotten."""
    return f"Erased person {person_id}"
