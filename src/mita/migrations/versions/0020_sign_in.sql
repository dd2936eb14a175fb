-- Signing in: what proves a person, their sessions, messages to them, and joining an estate by its code.
-- But for the join codes these belong to no estate: they are asked before anybody knows which estates a person may see.

-- ── what a person signs in with ───────────────────────────────────────────────────────────────

CREATE TABLE identifier (
    kind text NOT NULL CHECK (kind IN ('email', 'phone')),
    value text NOT NULL CHECK (length(value) BETWEEN 3 AND 254),
    person_id bigint NOT NULL REFERENCES person,
    verified_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX identifier_by_person ON identifier (person_id);

INSERT INTO identifier (kind, value, person_id, created_at)
SELECT 'email', lower(email), person_id, created_at FROM person WHERE email IS NOT NULL
ON CONFLICT DO NOTHING;

CREATE TABLE password (
    person_id bigint PRIMARY KEY REFERENCES person,
    hash text NOT NULL CHECK (hash LIKE '$argon2id$%'),
    set_at timestamptz NOT NULL
);

CREATE TABLE second_factor (
    person_id bigint PRIMARY KEY REFERENCES person,
    secret_sealed bytea NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);

CREATE TABLE backup_code (
    person_id bigint NOT NULL REFERENCES person,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person_id, code_hash)
);

CREATE TABLE passkey (
    passkey_id uuid PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkey_by_person ON passkey (person_id);

-- ── what waits for an answer: codes that were sent, questions that were asked ─────────────────

CREATE TABLE one_time_code (
    one_time_code_id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('sign_in', 'reset', 'sign_up', 'identifier')),
    kind text NOT NULL CHECK (kind IN ('email', 'phone')),
    value text NOT NULL,
    person_id bigint REFERENCES person,
    code_mark bytea NOT NULL CHECK (length(code_mark) = 32),
    data_sealed bytea,
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX one_time_code_by_end ON one_time_code (expires_at);

CREATE TABLE challenge (
    challenge_id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('second_factor', 'passkey_sign_in', 'passkey_new')),
    person_id bigint REFERENCES person,
    secret bytea NOT NULL,
    amr text[] NOT NULL DEFAULT '{}',
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX challenge_by_end ON challenge (expires_at);

-- of whoever is named, whether they exist or not; the name is a keyed hash
CREATE TABLE sign_in_failure (
    mark bytea PRIMARY KEY CHECK (length(mark) = 32),
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);

-- ── sessions ──────────────────────────────────────────────────────────────────────────────────

CREATE TABLE person_session (
    person_session_id uuid PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    device text NOT NULL CHECK (length(device) <= 200),
    address text NOT NULL CHECK (length(address) <= 100),
    amr text[] NOT NULL,
    has_second_factor boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text CHECK (ended_because IN ('signed_out', 'revoked', 'password_changed', 'token_reused', 'erased')),
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX person_session_live ON person_session (person_id) WHERE ended_at IS NULL;

CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    person_session_id uuid NOT NULL REFERENCES person_session ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_token_by_session ON refresh_token (person_session_id);

CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    secret_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- ── messages: written with their cause, sent by a job, wiped when sent ────────────────────────

CREATE TABLE message (
    message_id uuid PRIMARY KEY,
    person_id bigint REFERENCES person,
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    template text NOT NULL CHECK (template ~ '^[a-z][a-z_]{0,39}$'),
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    address_hint text NOT NULL,
    content_sealed bytea,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'nobody')),
    tries integer NOT NULL DEFAULT 0,
    problem text,
    created_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state = 'queued') = (ended_at IS NULL)),
    CHECK (state = 'queued' OR content_sealed IS NULL)
);
CREATE INDEX message_due ON message (next_at) WHERE state = 'queued';

GRANT SELECT, INSERT, UPDATE, DELETE ON identifier, password, second_factor, backup_code, passkey, one_time_code, challenge,
    sign_in_failure TO mita_app;
GRANT SELECT, INSERT ON person_session, refresh_token, signing_key, message TO mita_app;
GRANT UPDATE (amr, has_second_factor, last_used_at, ended_at, ended_because, device, address), DELETE ON person_session TO mita_app;
GRANT UPDATE (used_at), DELETE ON refresh_token TO mita_app;
GRANT DELETE ON signing_key, message TO mita_app;
GRANT UPDATE (content_sealed, state, tries, problem, next_at, ended_at) ON message TO mita_app;

-- ── joining an estate ─────────────────────────────────────────────────────────────────────────

CREATE TABLE join_code (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    code text NOT NULL CHECK (code ~ '^[A-Z2-7]{8}$'),
    is_on boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);

CREATE TABLE join_request (
    estate_id bigint NOT NULL REFERENCES estate,
    join_request_id uuid NOT NULL,
    person_id bigint NOT NULL,
    unit_name text CHECK (length(unit_name) BETWEEN 1 AND 200),
    state text NOT NULL CHECK (state IN ('waiting', 'approved', 'refused')),
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    PRIMARY KEY (estate_id, join_request_id),
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);
CREATE UNIQUE INDEX join_request_waiting ON join_request (estate_id, person_id) WHERE state = 'waiting';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['join_code', 'join_request']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
GRANT UPDATE (code, is_on, updated_at, updated_by) ON join_code TO mita_app;
GRANT UPDATE (state, decided_at, decided_by) ON join_request TO mita_app;
