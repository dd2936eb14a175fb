-- Signed checkpoints: what was published, kept here too so that a resident can be given a proof.

CREATE TABLE checkpoint (
    estate_id bigint NOT NULL REFERENCES estate,
    checkpoint_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('daily', 'close', 'manual')),
    period date,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    leaves bytea NOT NULL CHECK (length(leaves) = size * 72),
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, checkpoint_id),
    CHECK ((kind = 'close') = (period IS NOT NULL))
);
CREATE INDEX checkpoint_by_time ON checkpoint (estate_id, taken_at);
-- hashes do not compress; the attempt costs time
ALTER TABLE checkpoint ALTER COLUMN leaves SET STORAGE EXTERNAL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON checkpoint EXECUTE FUNCTION refuse_change();

ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON checkpoint
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON checkpoint TO mita_app;

-- leaf version 1: the same bytes as mita.ledger.domain.LEAF; frozen
CREATE FUNCTION ledger_checkpoint_leaf(
    estate_id bigint, account_id bigint, head_seq bigint, head_hash bytea, posted_micro bigint, held_micro bigint
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN int8send(estate_id) || int8send(account_id) || int8send(head_seq) || head_hash
    || int8send(posted_micro) || int8send(held_micro);
