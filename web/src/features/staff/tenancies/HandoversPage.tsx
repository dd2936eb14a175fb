import { Button, Textarea } from "@mantine/core";
import { IconDoorEnter, IconDoorExit } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, newKey, refreshEstate, useEstate, usePages, type Schemas } from "@api";
import { Card, Page, Tag, useFormats } from "@ui";
import { Confirm, DataTable, type Column } from "@ui/staff";
import classes from "./Tenancies.module.css";

type Handover = Schemas["HandoverRow"];

/** Who moved in and out, and the ways to let somebody do either; the newest of a unit can be undone for a while. */
export default function HandoversPage(): ReactNode {
  const { t } = useTranslation("tenancies");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const handovers = usePages("/api/v1/estates/{estate_id}/handovers", { params: { path } });
  const newest = new Map<number, Handover["handover_id"]>();
  for (const each of handovers.data ?? []) {
    if (each.undone_at === null && !newest.has(each.unit_id)) newest.set(each.unit_id, each.handover_id);
  }
  const columns: Column<Handover>[] = [
    { key: "unit", title: t("unit"), cell: (each) => each.unit_name ?? `#${each.unit_id}` },
    {
      key: "kind",
      title: t("what"),
      cell: (each) => <Tag tone={each.undone_at !== null ? "plain" : each.kind === "onboard" ? "good" : "low"}>{t(each.undone_at !== null ? "undone" : `kind.${each.kind}`)}</Tag>,
      phone: "value",
    },
    { key: "who", title: t("person"), cell: (each) => each.person_name, phone: "bare" },
    { key: "day", title: t("day"), cell: (each) => formats.date((each.kind === "onboard" ? each.from_on : each.until_on) ?? each.from_on), phone: "bare" },
    { key: "total", title: t("leftOrOwed"), cell: (each) => formats.money(each.total.amount), isNumber: true },
    { key: "when", title: t("booked"), cell: (each) => formats.moment(each.created_at), phone: "bare" },
    {
      key: "undo",
      title: t("undo"),
      cell: (each) => (may("tenancies.write") && newest.get(each.unit_id) === each.handover_id ? <Undo handover={each} /> : null),
      phone: "bare",
    },
  ];
  return (
    <Page
      title={t("title")}
      aside={
        may("tenancies.write") ? (
          <div className={classes.buttons}>
            <Button component={Link} to="in" leftSection={<IconDoorEnter aria-hidden size={18} />}>
              {t("moveIn")}
            </Button>
            <Button component={Link} to="out" variant="default" leftSection={<IconDoorExit aria-hidden size={18} />}>
              {t("moveOut")}
            </Button>
          </div>
        ) : null
      }
    >
      <Card>
        <DataTable
          label={t("title")}
          columns={columns}
          pages={handovers}
          keyOf={(each) => each.handover_id!}
          to={(each) => `../units/${each.unit_id}`}
          empty={{ title: t("none"), hint: t("noneHint") }}
        />
      </Card>
    </Page>
  );
}

function Undo({ handover }: { handover: Handover }): ReactNode {
  const { t } = useTranslation("tenancies");
  const { path } = useEstate();
  const [reason, setReason] = useState("");
  const [key, setKey] = useState(newKey);
  const undo = $api.useMutation("post", "/api/v1/estates/{estate_id}/handovers/{handover_id}/undo", { onSuccess: () => refreshEstate(path.estate_id) });
  return (
    <Confirm
      label={t("undo")}
      title={t("undoTitle", { unit: handover.unit_name ?? `#${handover.unit_id}` })}
      consequence={<p>{handover.kind === "onboard" ? t("undoInHint") : t("undoOutHint")}</p>}
      action={t("undo")}
      isDangerous
      isReady={reason.trim() !== ""}
      isPending={undo.isPending}
      error={undo.error}
      onOpen={() => {
        undo.reset();
        setReason("");
        setKey(newKey());
      }}
      onConfirm={(close) =>
        undo.mutate(
          { params: { path: { ...path, handover_id: handover.handover_id! }, header: { "Idempotency-Key": key } }, body: { reason: reason.trim() } },
          { onSuccess: close },
        )
      }
    >
      <Textarea label={t("reason")} required data-autofocus value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Confirm>
  );
}
