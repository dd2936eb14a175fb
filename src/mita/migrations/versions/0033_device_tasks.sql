-- Tasks of devices: what a device is to be told beside switching, and what it says that it holds then.

-- `claim` is of whoever carries it out, until `claimed_until`; what another one brings is no longer taken
CREATE TABLE device_task (
    estate_id bigint NOT NULL,
    device_task_id uuid NOT NULL,
    device_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('clock', 'prices')),
    state text NOT NULL CHECK (state IN ('asked', 'sent', 'verified', 'failed', 'withdrawn')),
    asked_by text NOT NULL CHECK (length(asked_by) BETWEEN 1 AND 200),
    asked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    intended jsonb NOT NULL CHECK (jsonb_typeof(intended) = 'object'),
    active jsonb CHECK (jsonb_typeof(active) = 'object'),
    verified_at timestamptz CHECK ((verified_at IS NOT NULL) = (state = 'verified')),
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failure text NOT NULL DEFAULT '' CHECK (length(failure) <= 500),
    claim uuid,
    claimed_until timestamptz,
    PRIMARY KEY (estate_id, device_task_id),
    FOREIGN KEY (estate_id, device_id) REFERENCES device,
    CHECK ((claim IS NULL) = (claimed_until IS NULL))
);
CREATE UNIQUE INDEX device_task_open ON device_task (estate_id, device_id, kind) WHERE state IN ('asked', 'sent');
CREATE INDEX device_task_by_device ON device_task (estate_id, device_id, device_task_id);
CREATE INDEX device_task_due ON device_task (estate_id, due_at) WHERE state IN ('asked', 'sent');

ALTER TABLE device_task ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON device_task
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON device_task TO mita_app;
GRANT UPDATE (state, changed_at, active, verified_at, due_at, attempts, failure, claim, claimed_until) ON device_task TO mita_app;
-- who carries a task out right now, and how often it was tried, is nothing to remember
SELECT audit_table('device_task', unrecorded => '{claim,claimed_until,attempts,due_at,changed_at}');
