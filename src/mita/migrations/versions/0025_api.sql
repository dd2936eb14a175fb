-- Answers that are kept, so that a request that comes again under its key is answered again and not carried out twice.

-- estate_id 0 is what belongs to no estate; status and answer are there once the request was carried out
CREATE TABLE kept_answer (
    estate_id bigint NOT NULL CHECK (estate_id >= 0),
    actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 300),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    status smallint,
    media_type text,
    -- sealed: an answer may tell a secret, once
    answer_sealed bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, actor, key),
    CHECK ((status IS NULL) = (answer_sealed IS NULL)),
    CHECK ((status IS NULL) = (media_type IS NULL))
);
CREATE INDEX kept_answer_by_age ON kept_answer (created_at);
ALTER TABLE kept_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON kept_answer
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON kept_answer TO mita_app;
GRANT UPDATE (status, media_type, answer_sealed) ON kept_answer TO mita_app;

-- of every estate: age alone decides
CREATE FUNCTION forget_answers(older_than timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM kept_answer WHERE created_at < older_than RETURNING 1) SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION forget_answers(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_answers(timestamptz) TO mita_app;

-- a process says whether its database is migrated
GRANT SELECT ON alembic_version TO mita_app;
