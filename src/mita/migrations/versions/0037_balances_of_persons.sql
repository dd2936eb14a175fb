-- Wallets with their accounts for persons who ask at the same time, each by a live grant of the person's own: who asks for
-- what stands in the same place of the three arrays, and is told by that place, from 1.
CREATE FUNCTION seen_balances(in_estates bigint[], of_wallets bigint[], of_persons bigint[]) RETURNS TABLE (
    place bigint, unit_id bigint, created_us bigint, currency text, account_id bigint, utility text, balance_micro bigint,
    standing smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT asked.place, w.unit_id, (extract(epoch FROM w.created_at) * 1000000)::bigint, e.currency::text,
           a.account_id, a.utility,
           -- by its key, whatever the planner knows of the sizes of tables
           (SELECT live.posted_micro - live.accrued_micro FROM account live
            WHERE live.estate_id = a.estate_id AND live.account_id = a.account_id),
           a.standing
    FROM unnest(in_estates, of_wallets, of_persons) WITH ORDINALITY AS asked(estate_id, wallet_id, person_id, place)
    JOIN access_grant g ON g.estate_id = asked.estate_id AND g.wallet_id = asked.wallet_id
                       AND g.person_id = asked.person_id AND g.revoked_at IS NULL
    JOIN wallet w ON w.estate_id = g.estate_id AND w.wallet_id = g.wallet_id
    JOIN estate e ON e.estate_id = g.estate_id AND e.archived_at IS NULL
    JOIN wallet_account a ON a.estate_id = g.estate_id AND a.wallet_id = g.wallet_id
    ORDER BY a.account_id;
END $$;
REVOKE EXECUTE ON FUNCTION seen_balances(bigint[], bigint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seen_balances(bigint[], bigint[], bigint[]) TO mita_app;
-- what asked with one person at a time asks for all of them now
DROP FUNCTION seen_balance(bigint, bigint, bigint);
