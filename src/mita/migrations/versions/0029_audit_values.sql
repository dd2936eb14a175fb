-- What a change did: the values before and after of every row of the tables that are settings and records of things,
-- written by triggers, so that no operation can forget it. And the chain over the audit log.

-- ── changes: which columns of which row, from what to what ────────────────────────────────────

CREATE TABLE audit_change (
    estate_id bigint NOT NULL CHECK (estate_id >= 0),
    audit_change_id uuid NOT NULL,
    at timestamptz NOT NULL,
    act_id uuid,
    actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 300),
    impersonator text,
    action text,
    correlation_id text,
    subject text NOT NULL,
    subject_id text NOT NULL,
    verb text NOT NULL CHECK (verb IN ('created', 'changed', 'removed')),
    old jsonb,
    new jsonb,
    PRIMARY KEY (estate_id, audit_change_id),
    CHECK ((old IS NULL) = (verb = 'created')),
    CHECK ((new IS NULL) = (verb = 'removed'))
);
CREATE INDEX audit_change_by_act ON audit_change (estate_id, act_id) WHERE act_id IS NOT NULL;
CREATE INDEX audit_change_by_subject ON audit_change (estate_id, subject, subject_id, audit_change_id);

-- the act is what one request did in one transaction: its entries and its changes have the same
ALTER TABLE audit_entry ADD COLUMN act_id uuid;

-- ── the chain: each entry and each change once, in the order in which they were sealed ────────

CREATE TABLE audit_link (
    estate_id bigint NOT NULL CHECK (estate_id >= 0),
    seq bigint NOT NULL CHECK (seq > 0),
    kind text NOT NULL CHECK (kind IN ('entry', 'change')),
    row_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    hash_v smallint NOT NULL,
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, seq),
    UNIQUE (estate_id, row_id)
);
CREATE INDEX audit_link_by_row ON audit_link (row_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_change', 'audit_link']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
-- changes are written by the triggers alone
GRANT SELECT ON audit_change TO mita_app;
GRANT SELECT, INSERT ON audit_link TO mita_app;

-- a UUIDv7 with the microseconds in it, so that the changes of one transaction keep their order
CREATE FUNCTION time_uuid() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    RETURN (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4), 3, '0')
        || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid;
END $$;

-- ── the trigger: who and why stand in mita.cause, which every unit of work sets ───────────────
-- As the owner, so that what belongs to no estate can be written down under 0, and nobody else can write here.

CREATE FUNCTION record_row_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cause jsonb := nullif(current_setting('mita.cause', true), '')::jsonb;
    key_columns CONSTANT text[] := TG_ARGV[0]::text[];
    -- nothing of the log can be taken out, so a secret, and what only names a person, never comes in
    hidden CONSTANT text[] := TG_ARGV[1]::text[];
    unrecorded CONSTANT text[] := TG_ARGV[2]::text[];
    before jsonb;
    after jsonb;
    kept jsonb;
    named text;
    name text;
BEGIN
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - unrecorded; END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - unrecorded; END IF;
    kept := coalesce(after, before);
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, CASE
                WHEN value = 'null' THEN value
                WHEN key = ANY (hidden) THEN '"(hidden)"'
                WHEN length(value::text) > 1000 THEN '"(left out: too long)"'
                ELSE value END),
            jsonb_object_agg(key, CASE
                WHEN after -> key = 'null' THEN 'null'
                WHEN key = ANY (hidden) THEN '"(hidden)"'
                WHEN length(after ->> key) > 1000 THEN '"(left out: too long)"'
                ELSE after -> key END)
            INTO before, after FROM jsonb_each(before) WHERE after -> key IS DISTINCT FROM value;
        IF before IS NULL THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT coalesce(jsonb_object_agg(key, CASE
                WHEN key = ANY (hidden) THEN '"(hidden)"'
                WHEN length(value::text) > 1000 THEN '"(left out: too long)"'
                ELSE value END), '{}')
            INTO after FROM jsonb_each(kept) WHERE value <> 'null';
        IF TG_OP = 'DELETE' THEN
            before := after;
            after := NULL;
        END IF;
    END IF;
    FOREACH name IN ARRAY key_columns LOOP
        named := concat_ws(',', named, CASE WHEN name = ANY (hidden) THEN '(hidden)' ELSE kept ->> name END);
    END LOOP;
    INSERT INTO audit_change (estate_id, audit_change_id, at, act_id, actor, impersonator, action, correlation_id, subject,
        subject_id, verb, old, new)
    VALUES (
        coalesce((kept ->> 'estate_id')::bigint, 0),
        time_uuid(),
        clock_timestamp(),
        (cause ->> 'act')::uuid,
        -- past the application there is no cause: then it is the role that is connected
        coalesce(cause ->> 'actor', 'database:' || session_user),
        cause ->> 'impersonator',
        cause ->> 'action',
        cause ->> 'correlation',
        TG_TABLE_NAME,
        coalesce(named, ''),
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END,
        before,
        after
    );
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION record_row_change() FROM PUBLIC;

-- Later migrations call this for tables of their own, and again after they add a column that is to be hidden. What is hidden
-- by its name is found here, once; the rest is named: hidden is shown as (hidden), unrecorded is no change at all.
CREATE FUNCTION audit_table(name regclass, hidden text[] DEFAULT '{}', unrecorded text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    hidden_words CONSTANT text := '(^|_)(hash|sealed|secret|token|code|mark|password|email|phone|address|identifier|content'
        '|credential|public_key|sha256|notes|prefix)($|_)';
    key_columns text[];
    generated text[];
    by_name text[];
BEGIN
    SELECT coalesce(array_agg(a.attname::text ORDER BY k.place) FILTER (WHERE a.attname <> 'estate_id'), '{}') INTO key_columns
    FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = name AND i.indisprimary;
    SELECT coalesce(array_agg(attname::text), '{}') INTO generated
    FROM pg_attribute WHERE attrelid = name AND attnum > 0 AND attgenerated <> '';
    SELECT coalesce(array_agg(attname::text), '{}') INTO by_name
    FROM pg_attribute WHERE attrelid = name AND attnum > 0 AND NOT attisdropped AND attname::text ~ hidden_words;
    EXECUTE format('DROP TRIGGER IF EXISTS audited ON %s', name);
    EXECUTE format('CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION record_row_change(%L, %L, %L)',
        name, key_columns, hidden || by_name, unrecorded || generated || '{version,updated_at,last_used_at}');
END $$;
REVOKE EXECUTE ON FUNCTION audit_table(regclass, text[], text[]) FROM PUBLIC;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['access_grant', 'allocation_rule', 'api_key', 'balance_target', 'benchmark_table', 'bulk_meter', 'credit_rule',
        'debt_plan', 'device_token', 'distribution_rule', 'emergency_rule', 'estate_person', 'friendly_hours', 'group_member',
        'invitation', 'join_code', 'ledger_rule', 'meter', 'meter_placement', 'occupancy', 'organisation', 'ownership',
        'password', 'period', 'rate_assignment', 'rate_rule', 'rate_table', 'retention_rule', 'role_grant',
        'sharing_member', 'sharing_price', 'sharing_source', 'silence_rule', 'solar_installation', 'solar_share', 'spend_limit',
        'unit', 'wallet_allocation']
    LOOP
        PERFORM audit_table(name::regclass);
    END LOOP;
    PERFORM audit_table('api_token', hidden => '{name}');
    PERFORM audit_table('charging_rule', unrecorded => '{booked_until}');
    PERFORM audit_table('document', hidden => '{name}');
    PERFORM audit_table('erasure', hidden => '{reason}');
    PERFORM audit_table('estate', hidden => '{contact_name}');
    PERFORM audit_table('identifier', hidden => '{value}');
    PERFORM audit_table('impersonation', hidden => '{reason}');
    PERFORM audit_table('join_request', hidden => '{unit_name}');
    PERFORM audit_table('passkey', hidden => '{name}', unrecorded => '{sign_count}');
    PERFORM audit_table('person', hidden => '{name}');
    PERFORM audit_table('second_factor', unrecorded => '{last_step}');
    PERFORM audit_table('sharing_group', unrecorded => '{settle_from,settled_until,settled_mark}');
    PERFORM audit_table('wallet_group', hidden => '{name}');
    PERFORM audit_table('webhook_endpoint', unrecorded => '{failing_since}');
END $$;

-- the balance stops and starts supplies by itself, at the pace of readings: only what people do is a change
CREATE TRIGGER audited_new AFTER INSERT ON supply_stop FOR EACH ROW WHEN (NEW.cause = 'staff')
    EXECUTE FUNCTION record_row_change('{unit_id,utility,cause}', '{}', '{}');
CREATE TRIGGER audited AFTER UPDATE OR DELETE ON supply_stop FOR EACH ROW WHEN (OLD.cause = 'staff')
    EXECUTE FUNCTION record_row_change('{unit_id,utility,cause}', '{}', '{}');

-- ── a person is forgotten: what names them goes from wherever somebody may have written it ─────
-- E-mail addresses and phone numbers are nobody else's, so they go everywhere; a name may be somebody else's as well, so it
-- goes from what is tied to the person. As the owner, as the person may be known in estates that nobody here sees. Books,
-- handovers and the audit log are never changed: no name is written there by us.

CREATE FUNCTION forget_words_of(asked bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said CONSTANT text := 'Erased person ' || asked;
    special CONSTANT text := '([\\^$.|?*+()\[\]{}])';
    addresses text;
    full_name text;
    units bigint[];
    estates bigint[];
    place record;
BEGIN
    SELECT string_agg(CASE
            -- a number is the same however it is spaced
            WHEN word ~ '^\+?[0-9 ().-]{7,}$' THEN '\+?' || regexp_replace(regexp_replace(word, '\D', '', 'g'), '(\d)(?=.)', '\1[ ().-]*', 'g')
            ELSE regexp_replace(word, special, '\\\1', 'g') END, '|') INTO addresses
    FROM (
        SELECT email AS word FROM person WHERE person_id = asked
        UNION SELECT phone FROM person WHERE person_id = asked
        UNION SELECT value FROM identifier WHERE person_id = asked
    ) AS known WHERE length(word) > 4;
    SELECT '\m' || regexp_replace(trim(name), special, '\\\1', 'g') || '\M' INTO full_name
    FROM person WHERE person_id = asked AND length(trim(name)) > 2;
    SELECT coalesce(array_agg(DISTINCT unit_id), '{}') INTO units FROM (
        SELECT unit_id FROM occupancy WHERE person_id = asked
        UNION ALL SELECT unit_id FROM ownership WHERE person_id = asked
        UNION ALL SELECT unit_id FROM access_grant JOIN wallet USING (estate_id, wallet_id) WHERE person_id = asked
    ) AS tied;
    SELECT coalesce(array_agg(DISTINCT estate_id), '{}') INTO estates FROM (
        SELECT estate_id FROM estate_person WHERE person_id = asked
        UNION ALL SELECT estate_id FROM unit WHERE unit_id = ANY (units)
        UNION ALL SELECT estate_id FROM role_grant WHERE person_id = asked
    ) AS tied;
    UPDATE invitation SET withdrawn_at = greatest(now(), created_at)
    WHERE accepted_at IS NULL AND withdrawn_at IS NULL AND email ~* ('^(' || addresses || ')$');
    FOR place IN
        SELECT t.name, t.column_name, t.tied, format_type(a.atttypid, NULL) AS kind
        FROM (VALUES
            ('alert', 'detail', 'person_id = $3'),
            ('document', 'name', 'unit_id = ANY ($4) OR subject = ''person'' AND subject_id = $3'),
            ('erasure', 'reason', 'person_id = $3'),
            ('estate', 'contact_email', 'false'),
            ('estate', 'contact_name', 'estate_id = ANY ($5)'),
            ('estate', 'contact_phone', 'false'),
            ('impersonation', 'reason', 'person_id = $3'),
            ('import_file', 'file_name', 'estate_id = ANY ($5)'),
            ('import_row', 'cells', 'estate_id = ANY ($5)'),
            ('import_row', 'faults', 'estate_id = ANY ($5)'),
            ('invitation', 'email', 'false'),
            ('join_request', 'unit_name', 'person_id = $3'),
            ('meter', 'notes', 'unit_id = ANY ($4)'),
            ('supply_stop', 'reason', 'unit_id = ANY ($4)'),
            ('unit', 'notes', 'unit_id = ANY ($4)'),
            ('wallet_group', 'name', 'owner_person_id = $3'),
            ('webhook_delivery', 'body', 'estate_id = ANY ($5)')
        ) AS t (name, column_name, tied)
        JOIN pg_attribute AS a ON a.attrelid = t.name::regclass AND a.attname = t.column_name
    LOOP
        EXECUTE format('UPDATE %1$I SET %2$I = regexp_replace(%2$I::text, $1, $2, ''gi'')::%3$s WHERE %2$I::text ~* $1',
            place.name, place.column_name, place.kind) USING addresses, said;
        EXECUTE format('UPDATE %1$I SET %2$I = regexp_replace(%2$I::text, $1, $2, ''gi'')::%3$s WHERE %2$I::text ~* $1 AND (%4$s)',
            place.name, place.column_name, place.kind, place.tied) USING full_name, said, asked, units, estates;
    END LOOP;
    -- sealed: what was written to them, and what they were answered
    DELETE FROM message WHERE person_id = asked;
    DELETE FROM kept_answer WHERE actor = 'person:' || asked;
END $$;
REVOKE EXECUTE ON FUNCTION forget_words_of(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_words_of(bigint) TO mita_app;
