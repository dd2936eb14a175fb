-- extract() of a timestamptz counts as stable, and a function that promises more than its body is called, not
-- inlined: that took most of the time of verifying a journal's digest. The bytes are the same.
ALTER FUNCTION ledger_journal_digest(smallint, text, text, text, timestamptz, text) STABLE;
ALTER FUNCTION ledger_entry_hash(
    bytea, smallint, bigint, bigint, bigint, date, uuid, integer, bigint, bigint, timestamptz, smallint, smallint,
    bigint, bigint, bytea
) STABLE;
