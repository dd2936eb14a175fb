-- ── web push (RFC 8030, 8291, 8292): the installation's key, and the browsers that asked to be told ───

-- browsers are bound to the key that they subscribed with: the oldest is the one, and it stays
CREATE TABLE push_key (
    push_key_id uuid PRIMARY KEY,
    public_key bytea NOT NULL CHECK (length(public_key) = 65),
    secret_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- a browser of a session, which ends with it; address and keys are sealed: whoever has them could write to the person
CREATE TABLE push_subscription (
    push_subscription_id uuid PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    person_session_id uuid NOT NULL UNIQUE REFERENCES person_session ON DELETE CASCADE,
    endpoint_hash bytea NOT NULL UNIQUE CHECK (length(endpoint_hash) = 32),
    subscription_sealed bytea NOT NULL,
    host text NOT NULL CHECK (length(host) <= 255),
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    created_at timestamptz NOT NULL,
    last_sent_at timestamptz
);
CREATE INDEX push_subscription_by_person ON push_subscription (person_id);

GRANT SELECT, INSERT ON push_key TO mita_app;
GRANT SELECT, INSERT, DELETE ON push_subscription TO mita_app;
GRANT UPDATE (last_sent_at) ON push_subscription TO mita_app;

ALTER TABLE message DROP CONSTRAINT message_channel_check;
ALTER TABLE message ADD CONSTRAINT message_channel_check CHECK (channel IN ('email', 'sms', 'push'));
