import { Button } from "@mantine/core";
import { IconFileImport, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEstate } from "@api";
import { Card, Empty, localDate, Page, Row, Rows, Show, UtilityIcon } from "@ui";
import { STATES, stateOf, useRates, type Assignment, type State, type Table } from "./rates";
import { useDates } from "./parts";
import classes from "./Rates.module.css";

/** An estate's prices: what holds, what is coming, what is being written, what was. */
export default function RatesPage(): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, may } = useEstate();
  const rates = useRates(estate.estate_id);
  const actions = may("rates.write") ? (
    <div className={classes.buttons}>
      <Button component={Link} to="new" leftSection={<IconPlus aria-hidden size={18} />}>
        {t("new")}
      </Button>
      <Button component={Link} to="import" variant="default" leftSection={<IconFileImport aria-hidden size={18} />}>
        {t("import")}
      </Button>
    </div>
  ) : null;
  return (
    <Page title={t("title")} aside={actions}>
      <Show asked={rates} lines={8}>
        {({ tables, assignments }) =>
          tables.length === 0 ? (
            <Card>
              <Empty title={t("none")}>{t("noneHint")}</Empty>
            </Card>
          ) : (
            <Groups tables={tables} assignments={assignments} />
          )
        }
      </Show>
    </Page>
  );
}

function Groups({ tables, assignments }: { tables: Table[]; assignments: Assignment[] }): ReactNode {
  const { t } = useTranslation(["rates", "common"]);
  const { estate } = useEstate();
  const { date } = useDates();
  const today = localDate(new Date(), estate.time_zone);
  const groups = new Map<State, Table[]>(STATES.map((state) => [state, []]));
  for (const table of tables) groups.get(stateOf(table, assignments, today))!.push(table);
  return STATES.filter((state) => groups.get(state)!.length > 0).map((state) => (
    <Card key={state} title={t(`state.${state}`)}>
      <p className="quiet small">{t(`stateHint.${state}`)}</p>
      <Rows label={t(`state.${state}`)}>
        {groups.get(state)!.map((table) => (
          <Row
            key={table.rate_table_id}
            to={`${table.rate_table_id}`}
            icon={<UtilityIcon utility={table.utility} />}
            title={table.name}
            hint={[t(`common:utility.${table.utility}`), ...rolesOf(table, assignments).map((role) => t(`role.${role}`))].join(" · ")}
            value={date(table.effective_from)}
            valueHint={t("from")}
          />
        ))}
      </Rows>
    </Card>
  ));
}

function rolesOf(table: Table, assignments: Assignment[]): ("supply" | "network" | "levy")[] {
  const own = assignments.filter((each) => each.rate_table_id === table.rate_table_id);
  return [...new Set(own.map(({ role }) => role as "supply" | "network" | "levy"))];
}
