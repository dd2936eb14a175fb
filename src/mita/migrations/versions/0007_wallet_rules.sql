-- General accounts; rules of wallets: allocation and cover, promotions, emergency credit, debt, targets.

-- ── every wallet has a general account, which has no lines ─────────────────────────────────────

INSERT INTO account (estate_id, account_id, code, currency, floor_micro, head_hash)
SELECT n.estate_id, n.account_id, 'wallet:' || n.wallet_id || ':general', n.currency, 0,
    ledger_genesis_hash(n.estate_id, n.account_id)
FROM (
    SELECT w.estate_id, w.wallet_id, w.currency, nextval(pg_get_serial_sequence('account', 'account_id')) AS account_id
    FROM (
        SELECT w.estate_id, w.wallet_id, e.currency FROM wallet AS w JOIN estate AS e USING (estate_id)
        ORDER BY w.estate_id, w.wallet_id
    ) AS w
) AS n;

INSERT INTO wallet_account (estate_id, account_id, wallet_id, utility, standing)
SELECT w.estate_id, a.account_id, w.wallet_id, 'general', 0
FROM wallet AS w
JOIN account AS a ON a.estate_id = w.estate_id AND a.code = 'wallet:' || w.wallet_id || ':general';

ALTER TABLE wallet_account ADD CONSTRAINT general_has_no_lines CHECK (
    utility <> 'general'
    OR (low_line_micro IS NULL AND cut_line_micro IS NULL AND restore_line_micro IS NULL AND standing = 0)
);

-- ── allocation and cover ──────────────────────────────────────────────────────────────────────
-- shares: hundredths of a percent by utility; what they leave goes to the general account.

CREATE TABLE allocation_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    kind text NOT NULL CHECK (kind IN ('general', 'percentages', 'arrears_first')),
    shares jsonb NOT NULL,
    residents_may_choose boolean NOT NULL,
    cover_micro bigint NOT NULL CHECK (cover_micro >= 0),
    updated_at timestamptz NOT NULL
);

CREATE TABLE wallet_allocation (
    estate_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('general', 'percentages', 'arrears_first')),
    shares jsonb NOT NULL,
    chosen_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, wallet_id),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet
);

-- ── promotional credit: granted, and later ended once ─────────────────────────────────────────

CREATE TABLE promotion (
    estate_id bigint NOT NULL,
    promotion_id uuid NOT NULL,
    account_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro > 0),
    granted_seq bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (length(reason) > 0),
    actor text NOT NULL,
    granted_at timestamptz NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    PRIMARY KEY (estate_id, promotion_id),
    UNIQUE (estate_id, key),
    FOREIGN KEY (estate_id, account_id) REFERENCES account,
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet,
    CHECK (expires_at > granted_at)
);
CREATE INDEX promotion_by_account ON promotion (estate_id, account_id, granted_seq);
CREATE INDEX promotion_by_expiry ON promotion (estate_id, expires_at);

-- ended_seq: the account's newest entry that could still spend it
CREATE TABLE promotion_end (
    estate_id bigint NOT NULL,
    promotion_id uuid NOT NULL,
    spent_micro bigint NOT NULL CHECK (spent_micro >= 0),
    expired_micro bigint NOT NULL CHECK (expired_micro >= 0),
    ended_seq bigint NOT NULL,
    journal_id uuid,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, promotion_id),
    FOREIGN KEY (estate_id, promotion_id) REFERENCES promotion,
    CHECK ((expired_micro > 0) = (journal_id IS NOT NULL))
);

-- ── emergency credit, debt, targets ───────────────────────────────────────────────────────────

CREATE TABLE emergency_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    is_on boolean NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro > 0),
    who text NOT NULL CHECK (who IN ('staff', 'manage', 'top_up')),
    updated_at timestamptz NOT NULL
);

CREATE TABLE debt_plan (
    estate_id bigint NOT NULL,
    plan_id uuid NOT NULL,
    wallet_id bigint NOT NULL,
    percent_of_top_ups integer NOT NULL CHECK (percent_of_top_ups BETWEEN 1 AND 100),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (estate_id, plan_id),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet
);
CREATE UNIQUE INDEX debt_plan_live ON debt_plan (estate_id, wallet_id) WHERE ended_at IS NULL;
CREATE INDEX debt_plan_by_wallet ON debt_plan (estate_id, wallet_id, set_at);

CREATE TABLE balance_target (
    estate_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    minimum_micro bigint NOT NULL,
    target_micro bigint NOT NULL,
    is_on boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, wallet_id),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet,
    CHECK (target_micro >= minimum_micro)
);

CREATE TABLE top_up_request (
    estate_id bigint NOT NULL,
    request_id uuid NOT NULL,
    wallet_id bigint NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro > 0),
    state text NOT NULL CHECK (state IN ('open', 'met', 'withdrawn')),
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (estate_id, request_id),
    FOREIGN KEY (estate_id, wallet_id) REFERENCES wallet,
    CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX top_up_request_open ON top_up_request (estate_id, wallet_id) WHERE state = 'open';
CREATE INDEX top_up_request_by_wallet ON top_up_request (estate_id, wallet_id, asked_at);

-- ── who may do what ───────────────────────────────────────────────────────────────────────────

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['allocation_rule', 'wallet_allocation', 'promotion', 'promotion_end', 'emergency_rule',
        'debt_plan', 'balance_target', 'top_up_request']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['promotion', 'promotion_end']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;

GRANT UPDATE (kind, shares, residents_may_choose, cover_micro, updated_at) ON allocation_rule TO mita_app;
GRANT UPDATE (kind, shares, chosen_by, updated_at) ON wallet_allocation TO mita_app;
GRANT UPDATE (is_on, amount_micro, who, updated_at) ON emergency_rule TO mita_app;
GRANT UPDATE (ended_at) ON debt_plan TO mita_app;
GRANT UPDATE (minimum_micro, target_micro, is_on, updated_at) ON balance_target TO mita_app;
GRANT UPDATE (state, ended_at) ON top_up_request TO mita_app;
