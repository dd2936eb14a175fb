-- Numbers that a key takes once each, by the key's own mark: a meter that is registered anew, or under another address, goes
-- on above the highest. What was used before this table came stands at the devices, and is looked at beside.
CREATE TABLE key_counter (
    estate_id bigint NOT NULL REFERENCES estate,
    key_mark bytea NOT NULL CHECK (length(key_mark) = 32),
    next_counter bigint NOT NULL CHECK (next_counter >= 1),
    PRIMARY KEY (estate_id, key_mark)
);
ALTER TABLE key_counter ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON key_counter
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON key_counter TO mita_app;
GRANT UPDATE (next_counter) ON key_counter TO mita_app;

-- over which wire a device spoke last: supply commands go where it listens
ALTER TABLE device_state ADD COLUMN on_mqtt_at timestamptz, ADD COLUMN by_post_at timestamptz;
GRANT UPDATE (on_mqtt_at, by_post_at) ON device_state TO mita_app;
