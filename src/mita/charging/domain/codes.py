"""The ledger codes of what charges are paid to. Pure."""

TAX_CODE = "tax"


def income_code(utility: str) -> str:
    """Return the code of the income account of a utility."""
    return f"income:{utility}"
