-- Several rate tables at once on a register, each with its own running state, and prices that need tallies.

ALTER TABLE rate_assignment ADD CHECK (role IN ('supply', 'network', 'levy'));

-- A running state after a timeline reading: of a role other than supply, or of prices that need tallies. No row is zero.
CREATE TABLE reading_run (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    role text NOT NULL,
    numbers bigint[] NOT NULL,
    PRIMARY KEY (estate_id, register_id, taken_at, role),
    FOREIGN KEY (estate_id, register_id) REFERENCES register
);

-- what of the net of `accrual` is for the income of another role than supply
CREATE TABLE accrual_role (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    role text NOT NULL,
    net_micro bigint NOT NULL,
    PRIMARY KEY (estate_id, register_id, role),
    FOREIGN KEY (estate_id, register_id) REFERENCES register
) WITH (fillfactor = 60);

-- the same of an entry of several charges, and of a correction
CREATE TABLE entry_role (
    estate_id bigint NOT NULL,
    account_id bigint NOT NULL,
    seq bigint NOT NULL,
    role text NOT NULL,
    net_micro bigint NOT NULL,
    PRIMARY KEY (estate_id, account_id, seq, role),
    FOREIGN KEY (estate_id, account_id) REFERENCES account
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reading_run', 'accrual_role', 'entry_role'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entry_role FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON entry_role EXECUTE FUNCTION refuse_change();
GRANT DELETE ON reading_run TO mita_app;
GRANT UPDATE (net_micro), DELETE ON accrual_role TO mita_app;
