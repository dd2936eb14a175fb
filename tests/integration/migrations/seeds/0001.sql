-- An estate as revision 0001 left it: two units, one of which has topped up and used energy.
-- Written by hand and never changed: later revisions must carry these rows as they are.

INSERT INTO api_token VALUES (sha256('a token'), 'installer', '2026-03-20 12:00:00+00');

INSERT INTO estate VALUES (1, 'Willow', 'ZAR', 'Africa/Johannesburg', '2026-02-20 08:00:00+00');
INSERT INTO unit VALUES (1, 1, 'U1', '2026-02-20 08:00:00+00'), (1, 2, 'U2', '2026-02-20 08:00:00+00');
INSERT INTO device_route VALUES ('gateway-1', 1);
INSERT INTO meter VALUES
    (1, 1, 1, 'M1', 'electricity', 'gateway-1', 20000000, 1000000, '2026-02-20 08:00:00+00'),
    (1, 2, 2, 'M2', 'water', NULL, NULL, 0, '2026-02-20 08:00:00+00');
INSERT INTO register VALUES
    (1, 1, 1, 'import', '2026-02-20 08:00:00+00'), (1, 2, 2, 'import', '2026-02-20 08:00:00+00');

INSERT INTO rate_table VALUES (
    1, 1, 'Flat', 'electricity', 'ZAR', '2026-01-01',
    '{"rate_table": 1, "name": "Flat", "utility": "electricity", "currency": "ZAR", "period": "month",
      "effective_from": "2026-01-01", "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
      "charges": [{"name": "Energy", "kind": "usage", "price": "2.00"}]}',
    sha256('the document'), '2026-02-20 08:00:00+00'
);
INSERT INTO rate_assignment VALUES (1, 1, 'electricity', '2026-01-01', 1, '2026-02-20 08:00:00+00');

INSERT INTO wallet VALUES (1, 1, 1, '2026-02-20 08:00:00+00');
INSERT INTO charging_lane VALUES (1, 2);
INSERT INTO credit_rule VALUES (1, 'electricity', true, 20000000, 0, 10000000, '2026-02-20 08:00:00+00');

SELECT ensure_month_partition('reading', '2026-03-01'), ensure_month_partition('entry', '2026-03-01');

-- 10 kWh at first; then 3.5 kWh at 2.00 and 15 % tax is 8.05; then a rise nobody believes, a smaller value
INSERT INTO reading VALUES
    (1, 1, '2026-03-01 00:00:00+00', '2026-03-01 00:00:05+00', 10000000, 0, 0, 0, 1, 0),
    (1, 1, '2026-03-01 01:00:00+00', '2026-03-01 01:00:05+00', 13500000, 3500000, 7000000, 0, 2, 0),
    (1, 1, '2026-03-01 02:00:00+00', '2026-03-01 02:00:05+00', 9000000, 3500000, 7000000, 0, 6, 4),
    (1, 1, '2026-03-01 03:00:00+00', '2026-03-01 03:00:05+00', 913500000, 3500000, 7000000, 0, 7, 1),
    (1, 2, '2026-03-01 00:00:00+00', '2026-03-01 00:00:05+00', 250000, 0, 0, 0, 1, 0);
INSERT INTO reading_repeat VALUES
    (1, 1, '2026-03-01 01:00:00+00', 13500000, 8, 2, '2026-03-01 01:01:00+00', '2026-03-01 01:02:00+00');
INSERT INTO rejected_reading VALUES
    (0, 1, '2026-03-01 01:00:00+00', 'mqtt:gateway-9', 'M9', 'import', '{}', 'unknown_device', 'nobody knows it'),
    (1, 2, '2026-03-01 01:00:00+00', 'mqtt:gateway-1', 'M1', 'x', '{}', 'unknown_register', 'no register x');

INSERT INTO journal
SELECT 1, id, kind, 'ZAR', actor, memo, key, booked_at, '2026-03-01',
       ledger_journal_digest(kind, actor, 'ZAR', memo, booked_at, key)
FROM (VALUES
    ('019ca6c0-0000-7000-8000-000000000001'::uuid, 2::smallint, 'staff:office', 'cash: March', 'receipt-1',
     '2026-03-01 00:30:00+00'::timestamptz),
    ('019ca6c0-0000-7000-8000-000000000002'::uuid, 1::smallint, 'system:charging', 'mqtt', '',
     '2026-03-01 01:00:05+00'::timestamptz)
) AS n (id, kind, actor, memo, key, booked_at);
INSERT INTO request VALUES (
    1, 'top_up', 'receipt-1', sha256('the body'), '019ca6c0-0000-7000-8000-000000000001', '2026-03-01 00:30:00+00'
);

-- account 1: the wallet's, 100.00 in and 8.05 out; 2: cash; 3: income; 4: tax
WITH RECURSIVE line (account_id, seq, amount, balance, quantity, source_id, event_at, journal, number, kind, source_kind)
AS (VALUES
    (1, 1, 100000000, 100000000, 0, 0, '2026-03-01 00:30:00+00', 1, 0, 5, 0),
    (2, 1, -100000000, -100000000, 0, 0, '2026-03-01 00:30:00+00', 1, 1, 6, 0),
    (1, 2, -8050000, 91950000, 3500000, 1, '2026-03-01 01:00:00+00', 2, 0, 1, 1),
    (3, 1, 7000000, 7000000, 3500000, 0, '2026-03-01 01:00:05+00', 2, 1, 3, 0),
    (4, 1, 1050000, 1050000, 0, 0, '2026-03-01 01:00:05+00', 2, 2, 4, 0)
),
chain AS (
    SELECT account_id, 0 AS seq, ledger_genesis_hash(1, account_id) AS hash FROM generate_series(1, 4) AS account_id
    UNION ALL
    SELECT l.account_id, l.seq, ledger_entry_hash(
        c.hash, 1::smallint, 1, l.account_id, l.seq, '2026-03-01', j.journal_id, l.number, l.amount, l.balance,
        l.event_at::timestamptz, l.kind::smallint, l.source_kind::smallint, l.source_id, l.quantity, j.digest)
    FROM chain AS c JOIN line AS l ON l.account_id = c.account_id AND l.seq = c.seq + 1
    JOIN journal AS j ON right(j.journal_id::text, 1) = l.journal::text
)
INSERT INTO entry
SELECT 1, l.account_id, l.seq, l.amount, l.balance, l.quantity, l.source_id, l.event_at::timestamptz, j.journal_id,
       '2026-03-01', l.number, l.kind, l.source_kind, 1, c.hash
FROM line AS l JOIN chain AS c USING (account_id, seq)
JOIN journal AS j ON right(j.journal_id::text, 1) = l.journal::text;

INSERT INTO account
SELECT 1, n.account_id, n.code, 'ZAR', e.balance_after_micro, 0, n.floor, e.seq, e.hash
FROM (VALUES (1, 'wallet:1:electricity', 0), (2, 'clearing:cash', NULL), (3, 'income:electricity', NULL), (4, 'tax', NULL))
    AS n (account_id, code, floor)
JOIN entry AS e ON e.account_id = n.account_id AND e.seq = CASE n.account_id WHEN 1 THEN 2 ELSE 1 END;
INSERT INTO wallet_account VALUES (1, 1, 1, 'electricity', 20000000, 0, 10000000, 0);
INSERT INTO rerating VALUES
    (1, 1, 1, 1, NULL, '2026-03-01 01:00:00+00', 'late reading', 3500000, 7000000, 1050000, 3500000, 7000000, 1050000,
     '2026-03-01 04:00:00+00');

INSERT INTO supply_command VALUES
    (1, '019ca6c0-0000-7000-8000-000000000003', 1, 'electricity', 'on', 'confirmed', 'credit restored', 1, 100000000,
     '2026-03-01 00:30:00+00', '2026-03-01 00:30:02+00', '2026-03-02 00:30:00+00');
INSERT INTO supply VALUES
    (1, 1, 'electricity', true, '2026-03-01 00:30:02+00', '019ca6c0-0000-7000-8000-000000000003');

SELECT setval(pg_get_serial_sequence(name, name || '_id'), 100)
FROM unnest(ARRAY['estate', 'unit', 'meter', 'register', 'rate_table', 'rate_assignment', 'wallet', 'account',
    'rejected_reading', 'rerating']) AS name;
