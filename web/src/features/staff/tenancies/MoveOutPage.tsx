import { NativeSelect, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate } from "@api";
import { Card, localDate, Notice, Page } from "@ui";
import { faultAt, SearchPick, type Found } from "@ui/staff";
import { LookButton, MeterValues, useLooked, useUnit } from "./Parts";
import { Preview } from "./Preview";
import { valuesOf, type Typed } from "./values";
import classes from "./Tenancies.module.css";

type Way = "eft" | "cash" | "carry";
const WAYS: Way[] = ["eft", "cash", "carry"];

/** Let the main occupant move out: closing values, refund or debt, access withdrawn; looked at first, then done. */
export default function MoveOutPage(): ReactNode {
  const { t } = useTranslation("tenancies");
  const { estate, path } = useEstate();
  const { unitId, unit, field } = useUnit();
  const [until, setUntil] = useState(() => localDate(new Date(), estate.time_zone));
  const [way, setWay] = useState<Way>("eft");
  const [reference, setReference] = useState("");
  const [carriedTo, setCarriedTo] = useState<Found | null>(null);
  const [typed, setTyped] = useState<Typed>({});
  // the unit has nobody any more once it is done
  const [leaver, setLeaver] = useState("");
  const look = $api.useMutation("post", "/api/v1/estates/{estate_id}/units/{unit_id}/offboard-tenant");
  const act = $api.useMutation("post", "/api/v1/estates/{estate_id}/units/{unit_id}/offboard-tenant", { onSuccess: () => refreshEstate(path.estate_id) });
  const { key, changed } = useLooked(look, act);
  const readings = valuesOf(unit?.meters ?? [], typed);
  const isReady = unit?.occupancy != null && readings !== null && until !== "" && (way !== "carry" || carriedTo !== null);
  const asked = (isTried: boolean) => ({
    params: { path: { ...path, unit_id: unitId! }, header: { "Idempotency-Key": key } },
    body: {
      until_on: until,
      readings: readings!.map((each) => ({ ...each, register: "import" })),
      method: way === "carry" ? ("eft" as const) : way,
      reference,
      carry_to_person_id: way === "carry" ? carriedTo!.id : null,
      dry_run: isTried,
    },
  });
  const shown = act.data ?? look.data;
  return (
    <Page title={t("moveOut")}>
      <div className={classes.two}>
        <Card>
          <form
            className={classes.form}
            onSubmit={(event) => {
              event.preventDefault();
              setLeaver(unit?.occupancy?.person_name ?? "");
              look.mutate(asked(true));
            }}
          >
            {field}
            {unit === undefined || act.isSuccess ? null : unit.occupancy === null ? (
              <Notice tone="low">{t("isVacant")}</Notice>
            ) : (
              <p>{t("leaves", { name: unit.occupancy.person_name ?? "" })}</p>
            )}
            <TextInput type="date" label={t("until")} description={t("untilHint")} required value={until} error={faultAt(look.error, "body.until_on")} onChange={(event) => changed(setUntil)(event.currentTarget.value)} />
            {unit === undefined ? null : <MeterValues unit={unit} typed={typed} onType={changed(setTyped)} error={look.error} />}
            <NativeSelect
              label={t("goes")}
              value={way}
              onChange={(event) => changed(setWay)(event.currentTarget.value as Way)}
              data={WAYS.map((each) => ({ value: each, label: t(`ways.${each}`) }))}
            />
            {way === "carry" ? (
              <SearchPick label={t("carryTo")} type="person" isRequired chosen={carriedTo?.title ?? null} onChoose={changed(setCarriedTo)} />
            ) : (
              <TextInput label={t("reference")} maxLength={200} value={reference} onChange={(event) => changed(setReference)(event.currentTarget.value)} />
            )}
            <LookButton look={look} isReady={isReady} isDone={act.isSuccess} />
          </form>
        </Card>
        {shown === undefined ? null : (
          <Preview handover={shown} name={leaver} isDone={act.isSuccess} isPending={act.isPending} error={act.error} onDo={() => act.mutate(asked(false))} />
        )}
      </div>
    </Page>
  );
}
