"""Request and response shapes of the ledger."""
