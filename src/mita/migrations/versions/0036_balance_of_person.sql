-- A wallet with its accounts for a person, by a live grant of the person's own: with the person as an argument it is one
-- statement, and none before it says who asks. Whoever may run it could say so as well.
DROP FUNCTION seen_balance(bigint, bigint);
CREATE FUNCTION seen_balance(in_estate bigint, of_wallet bigint, of_person bigint) RETURNS TABLE (
    unit_id bigint, created_us bigint, currency text, account_id bigint, utility text, balance_micro bigint, standing smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.unit_id, (extract(epoch FROM w.created_at) * 1000000)::bigint, e.currency::text,
           a.account_id, a.utility,
           -- by its key, whatever the planner knows of the sizes of tables
           (SELECT live.posted_micro - live.accrued_micro FROM account live
            WHERE live.estate_id = a.estate_id AND live.account_id = a.account_id),
           a.standing
    FROM access_grant g
    JOIN wallet w ON w.estate_id = g.estate_id AND w.wallet_id = g.wallet_id
    JOIN estate e ON e.estate_id = g.estate_id AND e.archived_at IS NULL
    JOIN wallet_account a ON a.estate_id = g.estate_id AND a.wallet_id = g.wallet_id
    WHERE g.estate_id = in_estate AND g.wallet_id = of_wallet AND g.person_id = of_person AND g.revoked_at IS NULL
    ORDER BY a.account_id;
END $$;
REVOKE EXECUTE ON FUNCTION seen_balance(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seen_balance(bigint, bigint, bigint) TO mita_app;
