-- Periods, holds, reversals, adjustments, and the one function that books a small journal.

-- ── heads know when they were last booked: booked_at and period never go back along a chain ────

ALTER TABLE account
    ADD COLUMN head_booked_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    ADD COLUMN head_period date NOT NULL DEFAULT '1970-01-01',
    -- what was used and not yet posted (an estate may post hourly or daily); part of what is held
    ADD COLUMN accrued_micro bigint NOT NULL DEFAULT 0,
    -- export credits accrue below zero; what is held beyond them never does
    DROP CONSTRAINT account_held_micro_check,
    ADD CONSTRAINT account_holds_check CHECK (held_micro >= accrued_micro);

UPDATE account AS a SET (head_booked_at, head_period) = (
    SELECT j.booked_at, e.period
    FROM entry AS e JOIN journal AS j ON j.estate_id = e.estate_id AND j.journal_id = e.journal_id
    WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND e.seq = a.head_seq
)
WHERE a.head_seq > 0;

-- what is authorised may not take a wallet below nothing; what was used may
UPDATE account SET floor_micro = 0 WHERE code LIKE 'wallet:%' AND floor_micro IS NULL;

ALTER TABLE journal ADD CONSTRAINT journal_kind_is_known CHECK (kind BETWEEN 1 AND 14) NOT VALID;
ALTER TABLE journal VALIDATE CONSTRAINT journal_kind_is_known;
CREATE INDEX journal_by_time ON journal (estate_id, booked_at, journal_id);

-- ── an estate's rules for its books ───────────────────────────────────────────────────────────

CREATE TABLE ledger_rule (
    estate_id bigint PRIMARY KEY REFERENCES estate,
    adjustment_limit_micro bigint NOT NULL CHECK (adjustment_limit_micro >= 0),
    clearing_due_hours integer NOT NULL CHECK (clearing_due_hours BETWEEN 1 AND 8760),
    updated_at timestamptz NOT NULL
);

-- ── periods: a month without a row is open; 1 closing, 2 locked. Closing one closes all before it ─

CREATE TABLE period (
    estate_id bigint NOT NULL REFERENCES estate,
    period date NOT NULL CHECK (extract(day FROM period) = 1),
    state smallint NOT NULL CHECK (state IN (1, 2)),
    closed_by text NOT NULL,
    closing_at timestamptz NOT NULL,
    locked_at timestamptz,
    entries bigint,
    turnover_micro bigint,
    PRIMARY KEY (estate_id, period),
    CHECK ((state = 2) = (locked_at IS NOT NULL AND entries IS NOT NULL AND turnover_micro IS NOT NULL))
);

-- the state of every account at the start of a period: each later month verifies alone
CREATE TABLE account_opening (
    estate_id bigint NOT NULL,
    period date NOT NULL,
    account_id bigint NOT NULL,
    opening_micro bigint NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (estate_id, period, account_id),
    FOREIGN KEY (estate_id, account_id) REFERENCES account
);

CREATE FUNCTION period_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 1 OR EXISTS (
            SELECT FROM period AS p WHERE p.estate_id = NEW.estate_id AND p.period >= NEW.period
        ) THEN
            RAISE EXCEPTION 'month % of estate % cannot begin to close: it or a later one is closed already',
                NEW.period, NEW.estate_id USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.state <> 1 OR NEW.state <> 2 OR (NEW.estate_id, NEW.period, NEW.closed_by, NEW.closing_at)
            IS DISTINCT FROM (OLD.estate_id, OLD.period, OLD.closed_by, OLD.closing_at) THEN
        RAISE EXCEPTION 'month % of estate % only goes from closing to locked', OLD.period, OLD.estate_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER goes_forward BEFORE INSERT OR UPDATE ON period FOR EACH ROW EXECUTE FUNCTION period_goes_forward();
CREATE TRIGGER no_delete BEFORE DELETE ON period FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON period EXECUTE FUNCTION refuse_change();

-- Who books holds it shared, who closes a month holds it alone for a moment.
CREATE FUNCTION ledger_books_lock(of_estate bigint, is_alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF is_alone THEN
        PERFORM pg_advisory_xact_lock(hashtext('mita.books'), hashint8(of_estate));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(hashtext('mita.books'), hashint8(of_estate));
    END IF;
END $$;

-- A journal arrives whole, in one statement: its entries sum to zero, its row is there, its month is open.
CREATE OR REPLACE FUNCTION entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
    journal_period date;
    journal_booked_at timestamptz;
BEGIN
    FOR one IN
        SELECT estate_id, journal_id, sum(amount_micro) AS total, min(period) AS first, max(period) AS last
        FROM new_entries GROUP BY estate_id, journal_id
    LOOP
        -- a probe each, not a join: nobody knows how many there are, and the planner would read all journals
        SELECT j.period, j.booked_at INTO journal_period, journal_booked_at FROM journal AS j
        WHERE j.estate_id = one.estate_id AND j.journal_id = one.journal_id;
        IF one.total <> 0 OR journal_period IS NULL THEN
            RAISE EXCEPTION 'journal % of estate % does not balance: off by %, journal row %',
                one.journal_id, one.estate_id, one.total,
                CASE WHEN journal_period IS NULL THEN 'missing' ELSE 'present' END
                USING ERRCODE = 'check_violation';
        END IF;
        IF one.first <> one.last OR one.first <> journal_period THEN
            RAISE EXCEPTION 'journal % of estate % and its entries are not in the same month',
                one.journal_id, one.estate_id USING ERRCODE = 'check_violation';
        END IF;
        -- time never goes back along a chain, so one wrong clock would drag every account that it touches along
        IF journal_booked_at > clock_timestamp() + interval '1 day' THEN
            RAISE EXCEPTION 'journal % is booked at %, a day and more ahead of this database: mend the clock of its writer',
                one.journal_id, journal_booked_at USING ERRCODE = 'operator_intervention';
        END IF;
        PERFORM ledger_books_lock(one.estate_id, false);
        -- a fresh look: the month may have closed while this transaction waited for the lock
        IF EXISTS (SELECT FROM period AS p WHERE p.estate_id = one.estate_id AND p.period >= one.first) THEN
            RAISE EXCEPTION 'month % of estate % is closed', one.first, one.estate_id USING ERRCODE = 'MT003';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- ── holds: authorised, not yet posted; resolved at most once by a new row ──────────────────────

CREATE TABLE hold (
    estate_id bigint NOT NULL,
    hold_id uuid NOT NULL,
    account_id bigint NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro > 0),
    purpose text NOT NULL,
    actor text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    body_hash bytea NOT NULL,
    placed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, hold_id),
    UNIQUE (estate_id, key),
    FOREIGN KEY (estate_id, account_id) REFERENCES account,
    CHECK (expires_at > placed_at)
);
CREATE INDEX hold_by_account ON hold (estate_id, account_id);
CREATE INDEX hold_by_expiry ON hold (estate_id, expires_at);

CREATE TABLE hold_resolution (
    estate_id bigint NOT NULL,
    hold_id uuid NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'released', 'expired')),
    taken_micro bigint NOT NULL CHECK (taken_micro >= 0),
    journal_id uuid,
    actor text NOT NULL,
    resolved_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, hold_id),
    FOREIGN KEY (estate_id, hold_id) REFERENCES hold,
    CHECK ((outcome = 'taken') = (taken_micro > 0)),
    CHECK ((outcome = 'taken') = (journal_id IS NOT NULL))
);

-- ── reversals: at most one per entry ──────────────────────────────────────────────────────────

CREATE TABLE reversal (
    estate_id bigint NOT NULL,
    account_id bigint NOT NULL,
    seq bigint NOT NULL,
    journal_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) > 0),
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, account_id, seq),
    FOREIGN KEY (estate_id, account_id) REFERENCES account
);

-- ── adjustments by hand: above the estate's limit a second person decides ─────────────────────

CREATE TABLE adjustment (
    estate_id bigint NOT NULL,
    adjustment_id uuid NOT NULL,
    account_id bigint NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro <> 0),
    reason text NOT NULL CHECK (length(reason) > 0),
    limit_micro bigint NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    body_hash bytea NOT NULL,
    PRIMARY KEY (estate_id, adjustment_id),
    UNIQUE (estate_id, key),
    FOREIGN KEY (estate_id, account_id) REFERENCES account
);

CREATE TABLE adjustment_decision (
    estate_id bigint NOT NULL,
    adjustment_id uuid NOT NULL,
    is_approved boolean NOT NULL,
    journal_id uuid,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (estate_id, adjustment_id),
    FOREIGN KEY (estate_id, adjustment_id) REFERENCES adjustment,
    CHECK (is_approved = (journal_id IS NOT NULL))
);

CREATE FUNCTION second_person_decides() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked adjustment;
BEGIN
    SELECT * INTO asked FROM adjustment AS a
    WHERE a.estate_id = NEW.estate_id AND a.adjustment_id = NEW.adjustment_id;
    IF NEW.is_approved AND asked.asked_by = NEW.decided_by AND abs(asked.amount_micro) > asked.limit_micro THEN
        RAISE EXCEPTION 'adjustment % is above the limit: a second person approves it', NEW.adjustment_id
            USING ERRCODE = 'MT006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_person BEFORE INSERT ON adjustment_decision
    FOR EACH ROW EXECUTE FUNCTION second_person_decides();

-- ── one small journal, in one round trip ──────────────────────────────────────────────────────
-- Idempotency first, then the month, then the accounts in key order, floors, hashes, rows. Errors:
-- MT001 the key belongs to another request, MT002 a floor binds (detail: account, lacking), MT004 an account
-- does not exist, MT005 the accounts' currencies differ.

CREATE FUNCTION ledger_book(
    of_estate bigint, new_journal uuid, journal_kind smallint, who text, why text,
    asked_at timestamptz, asked_period date, request_scope text, request_key text, request_hash bytea,
    is_bound boolean, happened_at timestamptz, line_account bigint[], line_amount bigint[], line_kind smallint[],
    line_quantity bigint[], line_source_kind smallint[], line_source bigint[]
) RETURNS TABLE (booked_journal uuid, is_repeat boolean, moved_account bigint, balance_micro bigint, last_seq bigint)
LANGUAGE plpgsql
-- otherwise each statement is planned again at each call, which takes longer than to carry it out
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    one record;
    known record;
    ids bigint[] := '{}';
    opened bigint[] := '{}';
    posted bigint[] := '{}';
    held bigint[] := '{}';
    accrued bigint[] := '{}';
    floors bigint[] := '{}';
    seqs bigint[] := '{}';
    hashes bytea[] := '{}';
    money char(3);
    booked timestamptz := asked_at;
    month date := asked_period;
    newest date := '1970-01-01';
    place integer;
    digest bytea;
    happened timestamptz;
    begins bytea;
    ends bytea;
    entry_seq bigint[] := '{}';
    entry_after bigint[] := '{}';
    entry_hash bytea[] := '{}';
BEGIN
    IF request_key <> '' THEN
        INSERT INTO request (estate_id, scope, key, body_hash, journal_id, created_at)
        VALUES (of_estate, request_scope, request_key, request_hash, new_journal, asked_at)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            SELECT r.body_hash, r.journal_id INTO STRICT known FROM request AS r
            WHERE r.estate_id = of_estate AND r.scope = request_scope AND r.key = request_key;
            IF known.body_hash <> request_hash THEN
                RAISE EXCEPTION 'key % was used for a request with other contents', quote_literal(request_key)
                    USING ERRCODE = 'MT001';
            END IF;
            RETURN QUERY SELECT known.journal_id, true, a.account_id, a.posted_micro - a.accrued_micro, a.head_seq
            FROM account AS a WHERE a.estate_id = of_estate AND a.account_id = ANY (line_account);
            RETURN;
        END IF;
    END IF;
    PERFORM ledger_books_lock(of_estate, false);
    FOR one IN
        SELECT a.* FROM account AS a WHERE a.estate_id = of_estate AND a.account_id = ANY (line_account)
        ORDER BY a.account_id FOR NO KEY UPDATE
    LOOP
        ids := ids || one.account_id;
        opened := opened || one.posted_micro;
        posted := posted || one.posted_micro;
        held := held || one.held_micro;
        accrued := accrued || one.accrued_micro;
        floors := floors || one.floor_micro;
        seqs := seqs || one.head_seq;
        hashes := hashes || one.head_hash;
        booked := greatest(booked, one.head_booked_at);
        newest := greatest(newest, one.head_period);
        IF money IS DISTINCT FROM one.currency THEN
            IF money IS NOT NULL THEN
                RAISE EXCEPTION 'accounts of % and % in one journal', money, one.currency USING ERRCODE = 'MT005';
            END IF;
            money := one.currency;
        END IF;
    END LOOP;
    month := greatest(
        month, newest,
        (SELECT (max(p.period) + interval '1 month')::date FROM period AS p WHERE p.estate_id = of_estate)
    );
    digest := ledger_journal_digest(journal_kind, who, money::text, why, booked, request_key);
    happened := coalesce(happened_at, booked);
    -- the bytes of ledger_entry_hash, those that all lines share made once; a test compares the two
    begins := int2send(1::smallint) || int8send(of_estate);
    ends := int8send((extract(epoch FROM happened) * 1000000)::bigint);
    FOR line IN 1 .. cardinality(line_account) LOOP
        place := array_position(ids, line_account[line]);
        IF place IS NULL THEN
            RAISE EXCEPTION 'account % does not exist in estate %', line_account[line], of_estate
                USING ERRCODE = 'MT004';
        END IF;
        posted[place] := posted[place] + line_amount[line];
        seqs[place] := seqs[place] + 1;
        hashes[place] := sha256(
            hashes[place] || begins || int8send(ids[place]) || int8send(seqs[place])
            || int4send(month - DATE '1970-01-01') || uuid_send(new_journal) || int4send(line - 1)
            || int8send(line_amount[line]) || int8send(posted[place]) || ends
            || int2send(line_kind[line]) || int2send(line_source_kind[line]) || int8send(line_source[line])
            || int8send(line_quantity[line]) || digest
        );
        entry_seq := entry_seq || seqs[place];
        entry_after := entry_after || posted[place];
        entry_hash := entry_hash || hashes[place];
    END LOOP;
    IF is_bound THEN
        FOR place IN 1 .. cardinality(ids) LOOP
            IF posted[place] < opened[place] AND posted[place] - held[place] < floors[place] THEN
                RAISE EXCEPTION 'account % would lack %', ids[place], floors[place] - posted[place] + held[place]
                    USING ERRCODE = 'MT002', DETAIL = ids[place] || ' ' || (floors[place] - posted[place] + held[place]);
            END IF;
        END LOOP;
    END IF;
    -- an account that was booked in this month already shows that the month has its partition
    IF month <> newest THEN
        PERFORM ensure_month_partition('entry', month);
    END IF;
    INSERT INTO journal (estate_id, journal_id, kind, currency, actor, memo, idempotency_key, booked_at, period, digest)
    VALUES (of_estate, new_journal, journal_kind, money, who, why, request_key, booked, month, digest);
    FOR place IN 1 .. cardinality(ids) LOOP
        UPDATE account AS a
        SET posted_micro = posted[place], head_seq = seqs[place], head_hash = hashes[place],
            head_booked_at = booked, head_period = month
        WHERE a.estate_id = of_estate AND a.account_id = ids[place];
    END LOOP;
    INSERT INTO entry (
        estate_id, account_id, seq, amount_micro, balance_after_micro, quantity_micro, source_id, event_at,
        journal_id, period, line, kind, source_kind, hash_v, hash
    )
    SELECT of_estate, n.account_id, n.seq, n.amount, n.after, n.quantity, n.source, happened,
        new_journal, month, n.line - 1, n.kind, n.source_kind, 1, n.hash
    FROM unnest(
        line_account, entry_seq, line_amount, entry_after, line_quantity, line_source, line_kind, line_source_kind,
        entry_hash
    ) WITH ORDINALITY AS n (account_id, seq, amount, after, quantity, source, kind, source_kind, hash, line);
    RETURN QUERY SELECT new_journal, false, n.id, n.posted - n.accrued, n.seq
    FROM unnest(ids, posted, accrued, seqs) AS n (id, posted, accrued, seq);
END $$;

-- ── who may do what ───────────────────────────────────────────────────────────────────────────

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_rule', 'period', 'account_opening', 'hold', 'hold_resolution', 'reversal',
        'adjustment', 'adjustment_decision']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['account_opening', 'hold', 'hold_resolution', 'reversal', 'adjustment',
        'adjustment_decision']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;

GRANT UPDATE (accrued_micro, head_booked_at, head_period) ON account TO mita_app;
GRANT UPDATE (adjustment_limit_micro, clearing_due_hours, updated_at) ON ledger_rule TO mita_app;
GRANT UPDATE (state, locked_at, entries, turnover_micro) ON period TO mita_app;
