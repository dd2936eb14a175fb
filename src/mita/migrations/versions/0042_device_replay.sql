-- ── messages protected by OSCORE (RFC 8613): each number of a token's context is taken once ───

-- all below `seen_from` are over; bit n of `seen_bits` is that `seen_from + n` was seen
CREATE TABLE device_replay (
    estate_id bigint NOT NULL,
    device_token_id uuid NOT NULL,
    seen_from bigint NOT NULL DEFAULT 0 CHECK (seen_from >= 0),
    seen_bits bigint NOT NULL DEFAULT 0 CHECK (seen_bits BETWEEN 0 AND 4294967295),
    PRIMARY KEY (estate_id, device_token_id),
    FOREIGN KEY (estate_id, device_token_id) REFERENCES device_token
);
ALTER TABLE device_replay ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON device_replay
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON device_replay TO mita_app;
GRANT UPDATE (seen_from, seen_bits) ON device_replay TO mita_app;

-- a message names its context by the first seven bytes of the token's hash, before anybody knows whose it is
CREATE INDEX device_token_by_kid ON device_token (substring(token_hash FROM 1 FOR 7)) WHERE token_sealed IS NOT NULL;
CREATE FUNCTION device_token_of_kid(asked bytea, asked_at timestamptz)
RETURNS TABLE (estate_id bigint, device_token_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT estate_id, device_token_id FROM device_token
    WHERE substring(token_hash FROM 1 FOR 7) = asked AND token_sealed IS NOT NULL
      AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > asked_at)
    ORDER BY issued_at DESC
    LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION device_token_of_kid(bytea, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_token_of_kid(bytea, timestamptz) TO mita_app;
