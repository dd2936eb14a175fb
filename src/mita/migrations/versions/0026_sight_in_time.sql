-- What a person sees of a unit and its wallet begins with their time there.

-- ── from when on ──────────────────────────────────────────────────────────────────────────────

-- where a handover tells more than the day
ALTER TABLE occupancy ADD COLUMN from_at timestamptz;
-- null: no limit
ALTER TABLE role_grant ADD COLUMN sees_from timestamptz;
-- sees_after: the last entry from before of each account, by its id; of what is not named, all is seen
ALTER TABLE access_grant
    ADD COLUMN sees_from timestamptz,
    ADD COLUMN sees_after jsonb NOT NULL DEFAULT '{}';
ALTER TABLE group_member ADD COLUMN sees_after jsonb NOT NULL DEFAULT '{}';
GRANT UPDATE (sees_from, sees_after) ON access_grant TO mita_app;

-- documents that residents may see; those about a person are that person's
ALTER TABLE document ADD COLUMN for_residents boolean NOT NULL DEFAULT false;

-- who has access already: from when they live there, and of the money from the last handover
DO $$
DECLARE
    one record;
    marks jsonb;
BEGIN
    UPDATE role_grant AS g SET sees_from = s.since FROM (
        SELECT estate_id, unit_id, person_id, 'resident' AS role, from_on, until_on, voided_at FROM occupancy
        UNION ALL
        SELECT estate_id, unit_id, person_id, 'owner', from_on, until_on, voided_at FROM ownership
    ) AS stay JOIN estate AS e USING (estate_id)
    CROSS JOIN LATERAL (SELECT stay.from_on::timestamp AT TIME ZONE e.time_zone AS since) AS s
    WHERE g.granted_by = 'system:estates' AND g.revoked_at IS NULL AND g.role = stay.role AND g.estate_id = stay.estate_id
        AND g.unit_id = stay.unit_id AND g.person_id = stay.person_id AND stay.voided_at IS NULL
        AND (now() AT TIME ZONE e.time_zone)::date >= stay.from_on
        AND (stay.until_on IS NULL OR (now() AT TIME ZONE e.time_zone)::date < stay.until_on);
    FOR one IN
        SELECT g.estate_id, g.grant_id, g.wallet_id, min(o.from_on::timestamp AT TIME ZONE e.time_zone) AS since
        FROM access_grant AS g JOIN wallet AS w USING (estate_id, wallet_id) JOIN estate AS e USING (estate_id)
        JOIN occupancy AS o ON o.estate_id = w.estate_id AND o.unit_id = w.unit_id AND o.person_id = g.person_id
        WHERE g.revoked_at IS NULL AND o.voided_at IS NULL
            AND (o.until_on IS NULL OR o.until_on > (now() AT TIME ZONE e.time_zone)::date)
            AND NOT EXISTS (
                SELECT FROM ownership AS p WHERE p.estate_id = w.estate_id AND p.unit_id = w.unit_id
                    AND p.person_id = g.person_id AND p.voided_at IS NULL
            )
        GROUP BY g.estate_id, g.grant_id, g.wallet_id
    LOOP
        SELECT coalesce(jsonb_object_agg(a.account_id, found.seq) FILTER (WHERE found.seq > 0), '{}') INTO marks
        FROM account AS a CROSS JOIN LATERAL (
            SELECT greatest(
                (SELECT max(e.seq) FROM entry AS e WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id
                    AND e.period < date_trunc('month', one.since - interval '1 day')::date),
                (SELECT max(e.seq) FROM entry AS e JOIN journal AS j USING (estate_id, journal_id)
                    WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND j.booked_at <= one.since
                        AND e.period BETWEEN date_trunc('month', one.since - interval '1 day')::date
                            AND one.since::date + 1),
                (SELECT max(e.seq) FROM entry AS e WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id
                    AND e.kind = 27 AND NOT EXISTS (
                        SELECT FROM reversal AS r
                        WHERE r.estate_id = e.estate_id AND r.account_id = e.account_id AND r.seq = e.seq
                    )),
                0
            ) AS seq
        ) AS found
        WHERE a.estate_id = one.estate_id AND (
            a.code IN ('emergency:' || one.wallet_id, 'debt:' || one.wallet_id)
            OR a.account_id IN (SELECT account_id FROM wallet_account
                WHERE estate_id = one.estate_id AND wallet_id = one.wallet_id)
        );
        UPDATE access_grant SET sees_from = one.since, sees_after = marks
        WHERE estate_id = one.estate_id AND grant_id = one.grant_id;
    END LOOP;
END $$;

-- ── what that comes to ────────────────────────────────────────────────────────────────────────
-- Each list of times or entries stands in the order of the ids beside it, so that a policy finds its place
-- by one look.

-- not for anybody to call: the lists below are made of it
CREATE FUNCTION seen_wallets() RETURNS TABLE (wallet_id bigint, since timestamptz, after jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT ON (wallet_id) wallet_id, since, after FROM (
        SELECT wallet_id, coalesce(sees_from, '-infinity') AS since, sees_after AS after FROM access_grant
        WHERE person_id = seen_person_id() AND revoked_at IS NULL
        UNION ALL
        SELECT m.wallet_id, m.joined_at, m.sees_after FROM wallet_group g JOIN group_member m USING (estate_id, group_id)
        WHERE g.owner_person_id = seen_person_id() AND m.left_at IS NULL
    ) mine ORDER BY wallet_id, since
$$;

CREATE FUNCTION seen_units() RETURNS TABLE (unit_id bigint, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT unit_id, min(since) FROM (
        SELECT w.unit_id, s.since FROM seen_wallets() s JOIN wallet w USING (wallet_id)
        UNION ALL
        SELECT unit_id, coalesce(sees_from, '-infinity') FROM role_grant
        WHERE person_id = seen_person_id() AND scope = 'unit' AND revoked_at IS NULL
            AND (until IS NULL OR until > now())
    ) mine GROUP BY unit_id
$$;

CREATE FUNCTION seen_accounts() RETURNS TABLE (account_id bigint, since timestamptz, after bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH mine AS MATERIALIZED (SELECT * FROM seen_wallets())
    SELECT account_id, since, coalesce((marks ->> account_id::text)::bigint, 0) FROM (
        SELECT a.account_id, m.since, m.after AS marks FROM mine m JOIN wallet_account a USING (wallet_id)
        UNION ALL
        SELECT a.account_id, m.since, m.after FROM mine m JOIN wallet w USING (wallet_id) JOIN account a USING (estate_id)
        WHERE a.code IN ('emergency:' || w.wallet_id, 'debt:' || w.wallet_id)
        UNION ALL
        SELECT account_id, '-infinity', '{}' FROM wallet_group WHERE owner_person_id = seen_person_id()
    ) owned
$$;

-- A register is seen from the reading on that its time in the unit began with, unless that is long ago; of a meter that came from another unit,
-- from when it came.
CREATE FUNCTION seen_registers() RETURNS TABLE (register_id bigint, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.register_id, coalesce((
        SELECT taken_at FROM reading
        WHERE estate_id = r.estate_id AND register_id = r.register_id AND class <= 4
            AND taken_at <= b.since AND taken_at >= b.since - interval '62 days'
        ORDER BY taken_at DESC LIMIT 1
    ), b.since)
    FROM seen_units() u JOIN meter m USING (unit_id) JOIN register r USING (estate_id, meter_id)
    CROSS JOIN LATERAL (
        SELECT greatest(u.since, (
            SELECT max(here.from_at) FROM meter_placement here
            WHERE here.estate_id = m.estate_id AND here.meter_id = m.meter_id AND here.unit_id = m.unit_id
                AND EXISTS (
                    SELECT FROM meter_placement before WHERE before.estate_id = m.estate_id
                        AND before.meter_id = m.meter_id AND before.from_at < here.from_at
                )
        )) AS since
    ) b
    WHERE m.removed_at IS NULL OR m.removed_at > u.since
$$;

CREATE OR REPLACE FUNCTION seen_register_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(r.register_id ORDER BY r.register_id), '{}')
    FROM seen_units() u JOIN meter m USING (unit_id) JOIN register r USING (estate_id, meter_id)
    WHERE m.removed_at IS NULL OR m.removed_at > u.since
$$;

CREATE FUNCTION seen_wallet_since() RETURNS timestamptz[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(since ORDER BY wallet_id), '{}') FROM seen_wallets() $$;

CREATE FUNCTION seen_unit_since() RETURNS timestamptz[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(since ORDER BY unit_id), '{}') FROM seen_units() $$;

CREATE FUNCTION seen_account_since() RETURNS timestamptz[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(since ORDER BY account_id), '{}') FROM seen_accounts() $$;

CREATE FUNCTION seen_account_after() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(after ORDER BY account_id), '{}') FROM seen_accounts() $$;

CREATE FUNCTION seen_register_since() RETURNS timestamptz[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(since ORDER BY register_id), '{}') FROM seen_registers() $$;

REVOKE EXECUTE ON FUNCTION seen_wallets(), seen_units(), seen_accounts(), seen_registers(), seen_wallet_since(),
    seen_unit_since(), seen_account_since(), seen_account_after(), seen_register_since() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seen_wallet_since(), seen_unit_since(), seen_account_since(), seen_account_after(),
    seen_register_since() TO mita_person, mita_app;

-- ── what each row must say of itself ──────────────────────────────────────────────────────────

-- In a predicate, $wallet, $unit and $register are from when on the row's own one is seen, $account from when on its
-- account is, and $after the last entry of it that is not.
CREATE FUNCTION show_own_since(name regclass, what text, predicate text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place text := 'array_position((SELECT seen_%1$s_ids())::bigint[], %1$s_id)';
    word text;
BEGIN
    predicate := replace(predicate, '$after',
        '((SELECT seen_account_after())::bigint[])[' || format(place, 'account') || ']');
    FOREACH word IN ARRAY ARRAY['wallet', 'unit', 'account', 'register'] LOOP
        predicate := replace(predicate, '$' || word,
            format('((SELECT seen_%1$s_since())::timestamptz[])[' || place || ']', word));
    END LOOP;
    predicate := replace(predicate, '$zone', format('(SELECT e.time_zone FROM estate e WHERE e.estate_id = %s.estate_id)', name));
    EXECUTE format('DROP POLICY IF EXISTS own ON %s', name);
    PERFORM show_own(name, format('%1$s_id = ANY ((SELECT seen_%1$s_ids())::bigint[]) AND (%2$s)', what, predicate));
END $$;
REVOKE EXECUTE ON FUNCTION show_own_since(regclass, text, text) FROM PUBLIC;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reading', 'reading_run', 'reading_temperature', 'reading_repeat'] LOOP
        PERFORM show_own_since(name::regclass, 'register', 'taken_at >= $register');
    END LOOP;
    FOREACH name IN ARRAY ARRAY['entry', 'entry_role', 'accrual_entry', 'reversal'] LOOP
        PERFORM show_own_since(name::regclass, 'account', 'seq > $after');
    END LOOP;
    -- what moved no money has no entry
    FOREACH name IN ARRAY ARRAY['rerating', 'timed_charge'] LOOP
        PERFORM show_own_since(name::regclass, 'account', 'coalesce(seq > $after, created_at >= $account)');
    END LOOP;
    PERFORM show_own_since('promotion', 'account', 'granted_seq > $after');
    PERFORM show_own_since('account_opening', 'account', 'seq >= $after');
    PERFORM show_own_since('hold', 'account', 'placed_at >= $account');
    PERFORM show_own_since('spend_day', 'wallet', 'day >= ($wallet AT TIME ZONE $zone)::date');
    -- a handover turns it off
    PERFORM show_own_since('balance_target', 'wallet', 'is_on OR updated_at > $wallet');
    PERFORM show_own_since('top_up_request', 'wallet', 'asked_at >= $wallet');
    PERFORM show_own_since('debt_plan', 'wallet', 'ended_at IS NULL OR set_at >= $wallet');
    PERFORM show_own_since('access_event', 'wallet', 'created_at >= $wallet');
    PERFORM show_own_since('invitation', 'wallet', 'created_at >= $wallet');
    PERFORM show_own_since('access_grant', 'wallet', 'revoked_at IS NULL OR granted_at >= $wallet');
    PERFORM show_own_since('group_member', 'wallet', 'left_at IS NULL OR left_at > $wallet');
    PERFORM show_own_since('meter', 'unit', 'removed_at IS NULL OR removed_at > $unit');
    PERFORM show_own_since('meter_placement', 'unit', 'until_at IS NULL OR until_at > $unit');
    PERFORM show_own_since('meter_swap', 'unit', 'swapped_at >= $unit');
    PERFORM show_own_since('supply_command', 'unit', 'asked_at >= $unit');
    PERFORM show_own_since('sharing_member', 'unit', 'until_on IS NULL OR until_on >= ($unit AT TIME ZONE $zone)::date');
    PERFORM show_own_since('sharing_key', 'unit', 'starts_at >= $unit');
    -- a month in which somebody moved in is theirs as far as they were paid for it
    FOREACH name IN ARRAY ARRAY['shared_month', 'solar_credit'] LOOP
        PERFORM show_own_since(name::regclass, 'unit', 'coalesce(seq > $after, month >= ($unit AT TIME ZONE $zone)::date)');
    END LOOP;
    -- an estate's papers are everybody's in it
    PERFORM show_own('document', 'for_residents AND archived_at IS NULL AND (subject = ''estate'''
        ' OR subject = ''person'' AND subject_id = (SELECT seen_person_id())'
        ' OR unit_id = ANY ((SELECT seen_unit_ids())::bigint[]) AND created_at >= ((SELECT seen_unit_since())::timestamptz[])'
        '[array_position((SELECT seen_unit_ids())::bigint[], unit_id)])');
    PERFORM show_own('document_file', 'sha256 IN (SELECT sha256 FROM document)');
END $$;

-- the names on the other side of an entry are for who sees the entry
CREATE OR REPLACE FUNCTION entry_names(of_estate bigint, of_account bigint, of_seq bigint, most integer)
RETURNS TABLE (side text, code text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this entry%ROWTYPE;
BEGIN
    IF NOT coalesce(of_estate = ANY (string_to_array(current_setting('mita.estates', true), ',')::bigint[]), false) THEN
        RETURN;
    END IF;
    IF coalesce(current_setting('mita.person', true), '') <> '' AND NOT EXISTS (
        SELECT FROM seen_accounts() s WHERE s.account_id = of_account AND s.after < of_seq
    ) THEN
        RETURN;
    END IF;
    SELECT * INTO this FROM entry e WHERE e.estate_id = of_estate AND e.account_id = of_account AND e.seq = of_seq;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT 'mover', j.actor, p.name FROM journal j
        LEFT JOIN person p ON p.person_id = substring(j.actor FROM '^person:([0-9]{1,18})(?: by |$)')::bigint
        WHERE j.estate_id = of_estate AND j.journal_id = this.journal_id;
    RETURN QUERY
        WITH others AS MATERIALIZED (
            SELECT DISTINCT a.code FROM entry e JOIN account a USING (estate_id, account_id)
            WHERE e.estate_id = of_estate AND e.period = this.period AND e.journal_id = this.journal_id
                AND sign(e.amount_micro) = -sign(this.amount_micro)
            ORDER BY a.code LIMIT most
        ), numbered AS (
            SELECT o.code, split_part(o.code, ':', 1) AS kind, substring(o.code FROM '^[a-z]+:([0-9]{1,18})(?::|$)')::bigint AS id
            FROM others o
        )
        SELECT 'other', n.code, coalesce(u.name, g.name) FROM numbered n
        LEFT JOIN wallet w ON n.kind IN ('wallet', 'emergency', 'debt') AND w.estate_id = of_estate AND w.wallet_id = n.id
        LEFT JOIN unit u ON u.estate_id = w.estate_id AND u.unit_id = w.unit_id
        LEFT JOIN wallet_group g ON n.kind = 'group' AND g.estate_id = of_estate AND g.group_id = n.id
        ORDER BY n.code;
END $$;
