-- From which loss on an estate's bulk meters need attention, in millionths of what they say; null is never.
CREATE TABLE loss_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    limit_micro bigint CHECK (limit_micro BETWEEN 0 AND 1000000),
    updated_at timestamptz NOT NULL
);

-- What bulk meters lost in the last whole local month, as far as all of it is known; made anew each day.
CREATE TABLE month_loss (
    estate_id bigint NOT NULL,
    bulk_meter_id bigint NOT NULL,
    month date NOT NULL CHECK (date_trunc('month', month) = month),
    bulk_micro bigint NOT NULL CHECK (bulk_micro > 0),
    difference_micro bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, bulk_meter_id),
    FOREIGN KEY (estate_id, bulk_meter_id) REFERENCES bulk_meter
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['loss_rule', 'month_loss'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
GRANT UPDATE (limit_micro, updated_at) ON loss_rule TO mita_app;
GRANT DELETE ON month_loss TO mita_app;
SELECT audit_table('loss_rule');
