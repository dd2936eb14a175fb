-- Rate tables for an estate, a unit, a meter or a register, several at once; past consumption charged again.

ALTER TABLE rate_assignment
    ADD COLUMN role text NOT NULL DEFAULT 'supply',
    ADD COLUMN scope smallint NOT NULL DEFAULT 0 CHECK (scope BETWEEN 0 AND 3),
    ADD COLUMN target_id bigint NOT NULL DEFAULT 0,
    ADD COLUMN effective_until date CHECK (effective_until > effective_from),
    ADD COLUMN actor text NOT NULL DEFAULT 'system:migration',
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD CHECK ((scope = 0) = (target_id = 0)),
    -- a correction is a newer row of the same date: who assigned what, and when, stays readable
    DROP CONSTRAINT rate_assignment_estate_id_utility_effective_from_key;
ALTER TABLE rate_assignment ALTER COLUMN actor DROP DEFAULT;
CREATE INDEX rate_assignment_by_date ON rate_assignment
    (estate_id, utility, role, scope, target_id, effective_from, rate_assignment_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rate_assignment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rate_assignment EXECUTE FUNCTION refuse_change();

-- A register whose past is to be charged again. Until then it is charged as if nothing after
-- `through_assignment_id` had been assigned, so what was charged is always known.
CREATE TABLE rerating_due (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    through_assignment_id bigint NOT NULL,
    since timestamptz NOT NULL,
    cause text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, register_id),
    FOREIGN KEY (estate_id, register_id) REFERENCES register
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rerating_due'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
GRANT UPDATE, DELETE ON rerating_due TO mita_app;
