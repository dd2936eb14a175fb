import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Page } from "@ui";
import { DataTable, Filters, useFilters, type Column } from "@ui/staff";
import { AddPerson } from "./AddPerson";
import { JoinRequests } from "./JoinRequests";

type Person = Schemas["EstatePersonOut"];
const LIMIT = 100;

/** Whom the estate knows, and who asks to join it. */
export default function PeoplePage(): ReactNode {
  const { t } = useTranslation("people");
  const { path, may } = useEstate();
  const filtering = useFilters("q");
  const people = usePages(
    "/api/v1/estates/{estate_id}/people",
    { params: { path, query: { limit: LIMIT, order: "name", q: filtering.values.q } } },
    { by: "after_id" },
  );
  const columns: Column<Person>[] = [
    { key: "name", title: t("name"), cell: (person) => person.name },
    { key: "email", title: t("email"), cell: (person) => person.email, phone: "bare" },
    { key: "phone", title: t("phone"), cell: (person) => person.phone, phone: "bare" },
  ];
  return (
    <Page title={t("title")} aside={may("people.write") ? <AddPerson /> : null}>
      {may("people.write") ? <JoinRequests /> : null}
      <Card>
        <Filters filtering={filtering} search={{ name: "q", label: t("search") }} />
        <DataTable
          label={t("title")}
          columns={columns}
          pages={people}
          keyOf={(person) => person.person_id}
          to={(person) => `${person.person_id}`}
          empty={filtering.isFiltered ? { title: t("noneFound") } : { title: t("none"), hint: t("noneHint") }}
        />
      </Card>
    </Page>
  );
}
