-- Issues of meters, found in their readings; of which kinds of issue staff is told; device tokens that follow each other.

-- something to look after: open as long as `until` is null; at most one of a kind is open for a meter
CREATE TABLE meter_issue (
    estate_id bigint NOT NULL,
    meter_issue_id uuid NOT NULL,
    meter_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
    detail text NOT NULL CHECK (length(detail) <= 500),
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- when staff was written to about it
    told_at timestamptz,
    until timestamptz,
    PRIMARY KEY (estate_id, meter_issue_id),
    FOREIGN KEY (estate_id, meter_id) REFERENCES meter (estate_id, meter_id)
);
CREATE UNIQUE INDEX meter_issue_open ON meter_issue (estate_id, meter_id, kind) WHERE until IS NULL;
CREATE INDEX meter_issue_by_meter ON meter_issue (estate_id, meter_id, meter_issue_id);

ALTER TABLE device_issue ADD COLUMN told_at timestamptz;
GRANT UPDATE (told_at) ON device_issue TO mita_app;

CREATE TABLE issue_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    kinds text[] NOT NULL CHECK (cardinality(kinds) <= 100),
    updated_at timestamptz NOT NULL
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['meter_issue', 'issue_rule']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
    PERFORM audit_table('issue_rule');
END $$;
GRANT UPDATE (detail, last_at, told_at, until) ON meter_issue TO mita_app;
GRANT UPDATE (kinds, updated_at) ON issue_rule TO mita_app;

-- the token that a device showed when it got this one
ALTER TABLE device_token ADD COLUMN renews_id uuid;
-- of one that was shortened, as its device has another: for how many seconds it was issued, 0 for ever
ALTER TABLE device_token ADD COLUMN lasts_s bigint CHECK (lasts_s >= 0);
GRANT UPDATE (lasts_s) ON device_token TO mita_app;
