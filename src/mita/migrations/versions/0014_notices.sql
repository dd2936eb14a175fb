-- When residents hear of changed prices, the published prices shown beside ours, how warm the water was.

CREATE TABLE rate_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    -- null: nobody is told
    notice_days integer CHECK (notice_days BETWEEN 0 AND 366),
    updated_at timestamptz NOT NULL
);

CREATE TABLE benchmark_table (
    estate_id bigint NOT NULL,
    utility text NOT NULL,
    rate_table_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, utility, rate_table_id),
    FOREIGN KEY (estate_id, rate_table_id) REFERENCES rate_table
);

-- How far the residents were told of a date on which an assignment begins or ends.
CREATE TABLE rate_notice (
    estate_id bigint NOT NULL,
    rate_assignment_id bigint NOT NULL,
    day date NOT NULL,
    through_wallet_id bigint NOT NULL,
    told integer NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (estate_id, rate_assignment_id, day),
    FOREIGN KEY (estate_id, rate_assignment_id) REFERENCES rate_assignment
);
-- what has begun before there were notices is no news
INSERT INTO rate_notice
    SELECT estate_id, rate_assignment_id, day, 0, 0, now()
    FROM rate_assignment CROSS JOIN LATERAL (VALUES (effective_from), (effective_until)) AS known (day)
    WHERE day <= current_date;
-- whoever hears of a wallet's money hears of its prices
UPDATE access_grant SET hears = hears || ARRAY['rate_change']
    WHERE revoked_at IS NULL AND 'low_balance' = ANY (hears);

-- degrees Celsius in hundredths, of the readings that carry one
CREATE TABLE reading_temperature (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    temperature_centi smallint NOT NULL CHECK (temperature_centi BETWEEN -5000 AND 15000),
    PRIMARY KEY (estate_id, register_id, taken_at),
    FOREIGN KEY (estate_id, register_id) REFERENCES register
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rate_rule', 'benchmark_table', 'rate_notice', 'reading_temperature'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reading_temperature
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON reading_temperature EXECUTE FUNCTION refuse_change();
GRANT UPDATE (notice_days, updated_at) ON rate_rule TO mita_app;
GRANT DELETE ON benchmark_table TO mita_app;
GRANT UPDATE (through_wallet_id, told, finished_at) ON rate_notice TO mita_app;
