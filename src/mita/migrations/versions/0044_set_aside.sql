-- Held readings of which somebody said that they are wrong. The reading stays as it is; a row never changes.
CREATE TABLE set_aside_reading (
    estate_id bigint NOT NULL,
    register_id bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    set_aside_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, register_id, taken_at),
    FOREIGN KEY (estate_id, register_id) REFERENCES register
);
ALTER TABLE set_aside_reading ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON set_aside_reading
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON set_aside_reading TO mita_app;
SELECT show_own_since('set_aside_reading', 'register', 'taken_at >= $register');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON set_aside_reading
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON set_aside_reading EXECUTE FUNCTION refuse_change();
