-- How often an estate's charges are posted; what was used in between stays live in `account.accrued_micro`.

CREATE TABLE charging_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    cadence text NOT NULL CHECK (cadence IN ('each', 'hourly', 'daily')),
    booked_until timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- a register's charges since they were last posted
CREATE TABLE accrual (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    account_id bigint NOT NULL,
    quantity_micro bigint NOT NULL,
    net_micro bigint NOT NULL,
    tax_micro bigint NOT NULL,
    charges integer NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (estate_id, register_id),
    FOREIGN KEY (estate_id, register_id) REFERENCES register,
    FOREIGN KEY (estate_id, account_id) REFERENCES account
) WITH (fillfactor = 60);

-- what an entry of several charges was made of
CREATE TABLE accrual_entry (
    estate_id bigint NOT NULL,
    account_id bigint NOT NULL,
    seq bigint NOT NULL,
    register_id bigint NOT NULL,
    quantity_micro bigint NOT NULL,
    net_micro bigint NOT NULL,
    tax_micro bigint NOT NULL,
    charges integer NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (estate_id, account_id, seq)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['charging_rule', 'accrual', 'accrual_entry'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accrual_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accrual_entry EXECUTE FUNCTION refuse_change();
GRANT UPDATE, DELETE ON accrual TO mita_app;
GRANT UPDATE ON charging_rule TO mita_app;
