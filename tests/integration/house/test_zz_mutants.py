import pytest
from tests.integration.house import test_catalogue as t
M = [
 ("GRANT UPDATE ON entry TO mita_app", lambda a: t.test_privileges_are_those_of_the_documentation(a)),
 ("GRANT SELECT ON entry_default TO mita_app", t.test_leaves_are_closed_to_the_application),
 ("ALTER TABLE meter DISABLE ROW LEVEL SECURITY", t.test_every_estate_table_is_behind_row_level_security),
 ("CREATE TABLE x (estate_id bigint, y bigint primary key)", t.test_every_key_leads_with_the_estate),
 ("CREATE TABLE x (y bigint primary key)", t.test_every_table_belongs_to_an_estate_or_is_listed),
 ("ALTER POLICY seen_estates ON meter USING (true)", t.test_a_policy_reads_and_writes_the_named_estates_only),
 ("ALTER ROLE mita_app CREATEDB", t.test_the_application_role_is_powerless),
 ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'select 1'", t.test_functions_that_act_as_the_owner_are_listed),
]
@pytest.mark.parametrize(("ddl","check"), M)
def test_mutant(admin, ddl, check):
    admin.execute("SELECT ensure_month_partition('reading', '2026-03-01')"); admin.execute("SELECT ensure_month_partition('entry', '2026-03-01')")
    admin.execute(ddl)
    with pytest.raises(AssertionError):
        check(admin)
    admin.execute("ALTER ROLE mita_app NOCREATEDB")
@pytest.mark.parametrize("ddl", ["ALTER TABLE meter ADD COLUMN x int", "ALTER TABLE meter ALTER unit_id TYPE int", "ALTER TABLE meter ALTER serial DROP NOT NULL", "DROP TABLE supply"])
def test_models(admin, postgres, database_name, ddl):
    if "unit_id" in ddl: admin.execute("ALTER TABLE meter DROP CONSTRAINT meter_estate_id_unit_id_fkey")
    admin.execute(ddl)
    with pytest.raises(AssertionError):
        t.test_the_models_are_the_tables(admin, postgres, database_name)
@pytest.mark.parametrize("ddl", ["DROP TRIGGER append_only ON entry", "DROP TRIGGER no_truncate ON entry_2026_03", "DROP TRIGGER no_delete ON account"])
async def test_owner(database, admin, ddl):
    two = await t.seed(database, name="Willow"), await t.seed(database, name="Oak")
    admin.execute(ddl)
    with pytest.raises(pytest.fail.Exception):
        await t.test_the_owner_cannot_change_the_ledger_by_accident(two, admin)
async def test_leak(database, admin, postgres, database_name):
    two = await t.seed(database, name="Willow"), await t.seed(database, name="Oak")
    admin.execute("ALTER POLICY seen_estates ON meter USING (true)")
    with pytest.raises(AssertionError):
        await t.test_without_any_filter_nothing_leaks(two, admin, postgres, database_name)
