-- Flexibility: hours for which an estate asks units to use less, who takes part, and what became of it.

-- a unit without a row takes part in nothing; whoever is protected is never asked
CREATE TABLE flexibility_consent (
    estate_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    takes_part boolean NOT NULL,
    is_protected boolean NOT NULL,
    changed_by text NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 200),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, unit_id),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit
);

CREATE TABLE flexibility_event (
    estate_id bigint NOT NULL REFERENCES estate,
    flexibility_event_id uuid NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('limit', 'shed')),
    limit_w bigint CHECK (limit_w > 0),
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'running', 'over', 'cancelled')),
    created_by text NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, flexibility_event_id),
    CHECK (from_at < until_at),
    CHECK ((kind = 'limit') = (limit_w IS NOT NULL))
);
CREATE INDEX flexibility_event_live ON flexibility_event (estate_id, until_at) WHERE state IN ('planned', 'running');

CREATE TABLE flexibility_unit (
    estate_id bigint NOT NULL,
    flexibility_event_id uuid NOT NULL,
    unit_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'asked', 'confirmed', 'failed', 'cannot', 'protected', 'declined', 'left')),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 300),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, flexibility_event_id, unit_id),
    FOREIGN KEY (estate_id, flexibility_event_id) REFERENCES flexibility_event,
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit
);
CREATE INDEX flexibility_unit_by_unit ON flexibility_unit (estate_id, unit_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['flexibility_consent', 'flexibility_event', 'flexibility_unit']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
GRANT UPDATE (takes_part, is_protected, changed_by, changed_at) ON flexibility_consent TO mita_app;
GRANT UPDATE (state, changed_at) ON flexibility_event TO mita_app;
GRANT UPDATE (state, reason, changed_at) ON flexibility_unit TO mita_app;
SELECT show_own_since('flexibility_unit', 'unit', 'changed_at >= $unit');
SELECT show_own_since('flexibility_consent', 'unit', 'changed_at >= $unit');
SELECT show_own('flexibility_event', 'EXISTS (SELECT FROM flexibility_unit u
    WHERE u.estate_id = flexibility_event.estate_id AND u.flexibility_event_id = flexibility_event.flexibility_event_id)');
SELECT audit_table('flexibility_consent', unrecorded => '{changed_by,changed_at}');
SELECT audit_table('flexibility_event', unrecorded => '{changed_at}');
