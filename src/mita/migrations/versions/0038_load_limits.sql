-- Load limits: supplies that are held to a power, by the same commands as those that are switched.

ALTER TABLE supply_command DROP CONSTRAINT supply_command_action_check;
ALTER TABLE supply_command
    ADD COLUMN limit_w bigint,
    ADD CONSTRAINT supply_command_action_check CHECK (action IN ('off', 'on', 'limit', 'lift')),
    ADD CONSTRAINT supply_command_limit_check CHECK ((action = 'limit') = (limit_w IS NOT NULL) AND limit_w > 0);

-- one row per cause; the lowest one is what the device is to hold the supply to
CREATE TABLE load_limit (
    estate_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    utility text NOT NULL,
    cause text NOT NULL CHECK (cause IN ('balance', 'staff', 'event')),
    limit_w bigint NOT NULL CHECK (limit_w > 0),
    reason text NOT NULL,
    set_by text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz CHECK (until > since),
    PRIMARY KEY (estate_id, unit_id, utility, cause),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit
);
CREATE INDEX load_limit_ending ON load_limit (estate_id, until) WHERE until IS NOT NULL;

-- what a device says that it holds its supply to; null is to nothing
CREATE TABLE supply_limit (
    estate_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    utility text NOT NULL,
    limit_w bigint CHECK (limit_w >= 0),
    since timestamptz NOT NULL,
    command_id uuid,
    PRIMARY KEY (estate_id, unit_id, utility),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit
);

-- who is out of money is held to this, where the device can, and not cut
ALTER TABLE credit_rule ADD COLUMN lifeline_w bigint CHECK (lifeline_w > 0);

-- a demand event sheds a supply as staff or an empty balance stops it
ALTER TABLE supply_stop DROP CONSTRAINT supply_stop_cause_check;
ALTER TABLE supply_stop ADD CONSTRAINT supply_stop_cause_check
    CHECK (cause IN ('balance', 'spend_limit', 'staff', 'event'));

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['load_limit', 'supply_limit']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
        PERFORM show_own(name::regclass, 'unit_id = ANY ((SELECT seen_unit_ids())::bigint[])');
    END LOOP;
END $$;
GRANT UPDATE (limit_w, reason, set_by, until), DELETE ON load_limit TO mita_app;
GRANT UPDATE (limit_w, since, command_id) ON supply_limit TO mita_app;
-- the balance and events limit supplies by themselves: only what people do is a change
CREATE TRIGGER audited_new AFTER INSERT ON load_limit FOR EACH ROW WHEN (NEW.cause = 'staff')
    EXECUTE FUNCTION record_row_change('{unit_id,utility,cause}', '{}', '{}');
CREATE TRIGGER audited AFTER UPDATE OR DELETE ON load_limit FOR EACH ROW WHEN (OLD.cause = 'staff')
    EXECUTE FUNCTION record_row_change('{unit_id,utility,cause}', '{}', '{}');
