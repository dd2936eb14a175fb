-- Why a supply is off, hours in which none is cut, and limits on what a wallet spends.

-- one row per cause; a supply is off while one of them is asked
CREATE TABLE supply_stop (
    estate_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    utility text NOT NULL,
    cause text NOT NULL CHECK (cause IN ('balance', 'spend_limit', 'staff')),
    reason text NOT NULL,
    set_by text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    until timestamptz,
    is_asked boolean NOT NULL,
    PRIMARY KEY (estate_id, unit_id, utility, cause),
    FOREIGN KEY (estate_id, unit_id) REFERENCES unit,
    CHECK (until > due_at)
);
CREATE INDEX supply_stop_deferred ON supply_stop (estate_id, due_at) WHERE NOT is_asked;
CREATE INDEX supply_stop_ending ON supply_stop (estate_id, until) WHERE until IS NOT NULL;

-- who is out where the rule cuts was asked off before there were stops; without theirs nothing would come back
INSERT INTO supply_stop
SELECT w.estate_id, w.unit_id, wa.utility, 'balance', 'the balance is used up', 'system:credit',
    off.asked_at, off.asked_at, NULL, true
FROM wallet_account AS wa
JOIN wallet AS w ON w.estate_id = wa.estate_id AND w.wallet_id = wa.wallet_id
JOIN credit_rule AS r ON r.estate_id = wa.estate_id AND r.utility = wa.utility AND r.is_cutting
CROSS JOIN LATERAL (
    SELECT coalesce(max(c.asked_at), r.updated_at) AS asked_at FROM supply_command AS c
    WHERE c.estate_id = w.estate_id AND c.unit_id = w.unit_id AND c.utility = wa.utility AND c.action = 'off'
) AS off
WHERE wa.standing = 2;

CREATE TABLE friendly_hours (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    is_on boolean NOT NULL,
    night_from time,
    night_until time,
    weekends boolean NOT NULL,
    holidays_country char(2),
    holidays_subdivision text,
    updated_at timestamptz NOT NULL,
    CHECK ((night_from IS NULL) = (night_until IS NULL)),
    CHECK (night_from <> night_until),
    CHECK (holidays_subdivision IS NULL OR holidays_country IS NOT NULL)
);

CREATE TABLE spend_limit (
    estate_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    daily_micro bigint CHECK (daily_micro > 0),
    monthly_micro bigint CHECK (monthly_micro > 0),
    is_cutting boolean NOT NULL,
    set_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, wallet_id),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet,
    CHECK (daily_micro IS NOT NULL OR monthly_micro IS NOT NULL)
);

-- what a wallet with a limit spent on a local day, corrections included; what was told of a month stands at its first day
CREATE TABLE spend_day (
    estate_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    day date NOT NULL,
    spent_micro bigint NOT NULL,
    told text[] NOT NULL,
    PRIMARY KEY (estate_id, wallet_id, day),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['supply_stop', 'friendly_hours', 'spend_limit', 'spend_day']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;

GRANT UPDATE (due_at, until, is_asked), DELETE ON supply_stop TO mita_app;
GRANT UPDATE (is_on, night_from, night_until, weekends, holidays_country, holidays_subdivision, updated_at)
    ON friendly_hours TO mita_app;
GRANT UPDATE (daily_micro, monthly_micro, is_cutting, set_by, updated_at), DELETE ON spend_limit TO mita_app;
GRANT UPDATE (spent_micro, told), DELETE ON spend_day TO mita_app;
