-- What an entry's reader may know of the other side of its journal: names of accounts, and who moved the money.

-- Whoever sees only what is their own sees no account of anybody else; this tells its name, and nothing more, of entries
-- that are theirs. One row for each of at most ``most`` other accounts (side 'other'), and one for the mover.
CREATE FUNCTION entry_names(of_estate bigint, of_account bigint, of_seq bigint, most integer)
RETURNS TABLE (side text, code text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this entry%ROWTYPE;
BEGIN
    IF NOT coalesce(of_estate = ANY (string_to_array(current_setting('mita.estates', true), ',')::bigint[]), false) THEN
        RETURN;
    END IF;
    IF coalesce(current_setting('mita.person', true), '') <> '' AND NOT of_account = ANY (seen_account_ids()) THEN
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
