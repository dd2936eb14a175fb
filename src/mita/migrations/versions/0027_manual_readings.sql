-- Readings by hand: when residents may read their meters, what was read by whom, who was reminded.

ALTER TABLE meter ADD COLUMN is_read_by_hand boolean NOT NULL DEFAULT false;
CREATE INDEX meter_by_hand ON meter (estate_id, unit_id) WHERE is_read_by_hand;
GRANT UPDATE (is_read_by_hand) ON meter TO mita_app;

-- whoever hears of a wallet's money hears that its meters are to be read
UPDATE access_grant SET hears = hears || ARRAY['reading_due']
    WHERE revoked_at IS NULL AND 'low_balance' = ANY (hears);

-- a new row is a new version, from a local date on; of two of one date the newer counts
CREATE TABLE reading_window (
    estate_id bigint NOT NULL REFERENCES estate,
    reading_window_id uuid NOT NULL,
    effective_from date NOT NULL,
    from_day smallint NOT NULL CHECK (from_day BETWEEN 1 AND 31),
    to_day smallint NOT NULL CHECK (to_day BETWEEN 1 AND 31),
    least_right text NOT NULL CHECK (least_right IN ('none', 'view', 'top_up', 'manage')),
    needs_photo boolean NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, reading_window_id)
);

-- what became of it is what was answered then; a held one may have been accepted since
CREATE TABLE manual_reading (
    estate_id bigint NOT NULL,
    manual_reading_id uuid NOT NULL,
    unit_id bigint NOT NULL,
    meter_id bigint NOT NULL,
    register_id bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    value_micro bigint NOT NULL CHECK (value_micro >= 0),
    class smallint NOT NULL CHECK (class BETWEEN 1 AND 9),
    reason text NOT NULL,
    net_micro bigint NOT NULL,
    tax_micro bigint NOT NULL,
    -- the entry that it booked, where it booked one
    account_id bigint,
    seq bigint CHECK (seq > 0),
    is_by_resident boolean NOT NULL,
    person_id bigint,
    read_by text NOT NULL,
    photo_id uuid,
    note text NOT NULL CHECK (length(note) <= 200),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, manual_reading_id),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit,
    FOREIGN KEY (estate_id, meter_id) REFERENCES meter,
    FOREIGN KEY (estate_id, register_id) REFERENCES register,
    FOREIGN KEY (estate_id, account_id) REFERENCES account,
    FOREIGN KEY (estate_id, photo_id) REFERENCES document,
    CHECK ((account_id IS NULL) = (seq IS NULL))
);
CREATE INDEX manual_reading_by_meter ON manual_reading (estate_id, meter_id, manual_reading_id);
CREATE INDEX manual_reading_by_register ON manual_reading (estate_id, register_id, taken_at);

-- who was reminded of a window: once early, once on its last day
CREATE TABLE reading_reminder (
    estate_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    window_on date NOT NULL,
    stage text NOT NULL CHECK (stage IN ('early', 'last')),
    persons integer NOT NULL CHECK (persons >= 0),
    reminded_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, unit_id, window_on, stage),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reading_window', 'manual_reading', 'reading_reminder']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    -- whoever sees the reading sees that it was made by hand: one rule for both
    PERFORM show_own('manual_reading', 'EXISTS (SELECT FROM reading AS r WHERE r.estate_id = manual_reading.estate_id'
        ' AND r.register_id = manual_reading.register_id AND r.taken_at = manual_reading.taken_at)');
END $$;
GRANT SELECT ON reading_window TO mita_person;
