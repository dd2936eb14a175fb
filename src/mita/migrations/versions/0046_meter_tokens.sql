-- Tokens that somebody bought elsewhere and that a prepayment meter is to take: each given to its meter once at most.

-- `token_mark` is the keyed hash of the digits; what was given is worth nothing any more, and its digits go
CREATE TABLE meter_token (
    estate_id bigint NOT NULL,
    meter_token_id uuid NOT NULL,
    unit_id bigint NOT NULL,
    meter_id bigint NOT NULL,
    token_mark bytea NOT NULL CHECK (length(token_mark) = 32),
    token_sealed bytea,
    last_four text NOT NULL CHECK (last_four ~ '^[0-9]{4}$'),
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'given', 'failed')),
    reason text CHECK (reason IN ('refused', 'no_rise', 'unanswered', 'not_reached')),
    failure text NOT NULL DEFAULT '' CHECK (length(failure) <= 500),
    typed_by text NOT NULL CHECK (length(typed_by) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    sent_at timestamptz,
    balance_before_micro bigint,
    balance_after_micro bigint,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    claim uuid,
    claimed_until timestamptz,
    PRIMARY KEY (estate_id, meter_token_id),
    UNIQUE (estate_id, meter_id, token_mark),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit,
    FOREIGN KEY (estate_id, meter_id) REFERENCES meter,
    CHECK ((claim IS NULL) = (claimed_until IS NULL)),
    CHECK ((reason IS NOT NULL) = (state = 'failed')),
    CHECK ((token_sealed IS NULL) = (state = 'given')),
    CHECK ((sent_at IS NULL) = (balance_before_micro IS NULL)),
    CHECK (state NOT IN ('sent', 'given') OR sent_at IS NOT NULL),
    CHECK (state <> 'given' OR balance_after_micro IS NOT NULL)
);
-- a meter has one of them in hand at a time
CREATE UNIQUE INDEX meter_token_sent ON meter_token (estate_id, meter_id) WHERE state = 'sent';
CREATE INDEX meter_token_by_meter ON meter_token (estate_id, meter_id, meter_token_id);
CREATE INDEX meter_token_due ON meter_token (estate_id, due_at) WHERE state IN ('waiting', 'sent');

ALTER TABLE meter_token ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON meter_token
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON meter_token TO mita_app;
GRANT UPDATE (token_sealed, state, reason, failure, changed_at, sent_at, balance_before_micro, balance_after_micro, due_at,
    expires_at, attempts, claim, claimed_until) ON meter_token TO mita_app;
SELECT show_own_since('meter_token', 'unit', 'created_at >= $unit');
-- who carries it out right now, and how often it was tried, is nothing to remember
SELECT audit_table('meter_token', hidden => '{last_four}', unrecorded => '{claim,claimed_until,attempts,due_at,changed_at}');

-- a reading that was made in the window and had no connection comes later
ALTER TABLE reading_window ADD COLUMN late_days smallint NOT NULL DEFAULT 3 CHECK (late_days BETWEEN 0 AND 14);
