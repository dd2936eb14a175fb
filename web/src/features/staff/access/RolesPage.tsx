import { NativeSelect } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, useEstate, usePages, useUnits, type Schemas } from "@api";
import { Card, Page, Row, Rows, useFormats } from "@ui";
import { Confirm, DataTable, SearchPick, type Column, type Found } from "@ui/staff";
import classes from "./Access.module.css";

const LIST = "/api/v1/estates/{estate_id}/role-grants";
type Grant = Schemas["RoleRow"];
const OF_ESTATE = ["operator", "managing_agent", "trustee", "auditor", "installer"] as const;
const ALL = [...OF_ESTATE, "owner", "resident"] as const;

/** Who has which role in the estate, and what each role means. */
export default function RolesPage(): ReactNode {
  const { t } = useTranslation("access");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const grants = usePages(LIST, { params: { path, query: { is_live: true, limit: 100 } } });
  const columns: Column<Grant>[] = [
    { key: "who", title: t("role.who"), cell: (each) => each.person_name ?? `#${each.person_id}` },
    { key: "role", title: t("role.role"), phone: "value", cell: (each) => roleWord(each.role) },
    { key: "where", title: t("role.where"), cell: (each) => (each.unit_id === null ? t("role.estate") : nameOf(each.unit_id)) },
    { key: "by", title: t("role.by"), cell: (each) => `${each.granted_by} · ${formats.day(each.granted_at)}` },
    { key: "until", title: t("key.ends"), isNumber: true, cell: (each) => (each.until === null ? t("never") : formats.day(each.until)) },
    { key: "actions", title: t("actions"), phone: "bare", cell: (each) => <Take grant={each} /> },
  ];
  const roleWord = (role: string): string => t(`roles.${role as (typeof ALL)[number]}`);
  return (
    <Page title={t("rolesTitle")} aside={<Give />}>
      <Card>
        <DataTable label={t("rolesTitle")} columns={columns} pages={grants} keyOf={(each) => each.role_grant_id} empty={{ title: t("noRoles"), hint: t("noRolesHint") }} />
      </Card>
      <Card title={t("role.means")}>
        <Rows label={t("role.means")}>
          {ALL.map((role) => (
            <Row key={role} title={t(`roles.${role}`)} hint={t(`roleMeans.${role}`)} />
          ))}
        </Rows>
      </Card>
    </Page>
  );
}

function Give(): ReactNode {
  const { t } = useTranslation("access");
  const { estate, path } = useEstate();
  const client = useQueryClient();
  const [person, setPerson] = useState<Found | null>(null);
  const [role, setRole] = useState<(typeof OF_ESTATE)[number]>("managing_agent");
  const [idempotency, setIdempotency] = useState(newKey);
  const give = $api.useMutation("post", LIST, { onSuccess: () => client.invalidateQueries({ queryKey: ["get", LIST] }) });
  return (
    <Confirm
      label={t("giveRole")}
      variant="filled"
      title={t("giveRole")}
      consequence={t("giveRoleHint", { estate: estate.name })}
      action={t("giveRole")}
      isReady={person !== null}
      isPending={give.isPending}
      error={give.error}
      onOpen={() => {
        give.reset();
        setPerson(null);
        setIdempotency(newKey());
      }}
      onConfirm={(close) => person !== null && give.mutate({ params: { path, header: { "Idempotency-Key": idempotency } }, body: { person_id: person.id, role } }, { onSuccess: close })}
    >
      <div className={classes.form}>
        <SearchPick label={t("role.who")} type="person" chosen={person?.title ?? null} onChoose={setPerson} isRequired />
        <NativeSelect label={t("role.role")} description={t(`roleMeans.${role}`)} value={role} onChange={(event) => setRole(event.currentTarget.value as typeof role)} data={OF_ESTATE.map((value) => ({ value, label: t(`roles.${value}`) }))} />
      </div>
    </Confirm>
  );
}

function Take({ grant }: { grant: Grant }): ReactNode {
  const { t } = useTranslation("access");
  const { path } = useEstate();
  const client = useQueryClient();
  const take = $api.useMutation("delete", `${LIST}/{role_grant_id}`, { onSuccess: () => client.invalidateQueries({ queryKey: ["get", LIST] }) });
  return (
    <Confirm
      label={t("takeRole")}
      title={t("takeRole")}
      consequence={t("takeRoleHint")}
      action={t("takeRole")}
      isDangerous
      isPending={take.isPending}
      error={take.error}
      onOpen={() => take.reset()}
      onConfirm={(close) => take.mutate({ params: { path: { ...path, role_grant_id: grant.role_grant_id } } }, { onSuccess: close })}
    />
  );
}
