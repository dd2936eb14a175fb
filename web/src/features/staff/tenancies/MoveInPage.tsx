import { SegmentedControl, Switch, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate } from "@api";
import { Card, localDate, Notice, Page } from "@ui";
import { faultAt, SearchPick, type Found } from "@ui/staff";
import { LookButton, MeterValues, useLooked, useUnit } from "./Parts";
import { Preview } from "./Preview";
import { valuesOf, type Typed } from "./values";
import classes from "./Tenancies.module.css";

const NOBODY = { name: "", email: "", phone: "" };

/** Let somebody move in: looked at first, then done, all at once. */
export default function MoveInPage(): ReactNode {
  const { t } = useTranslation("tenancies");
  const { estate, path } = useEstate();
  const { unitId, unit, field } = useUnit();
  const [isNew, setIsNew] = useState(true);
  const [known, setKnown] = useState<Found | null>(null);
  const [person, setPerson] = useState(NOBODY);
  const [from, setFrom] = useState(() => localDate(new Date(), estate.time_zone));
  const [isTold, setIsTold] = useState(true);
  const [typed, setTyped] = useState<Typed>({});
  const look = $api.useMutation("post", "/api/v1/estates/{estate_id}/units/{unit_id}/onboard-tenant");
  const act = $api.useMutation("post", "/api/v1/estates/{estate_id}/units/{unit_id}/onboard-tenant", { onSuccess: () => refreshEstate(path.estate_id) });
  const { key, changed } = useLooked(look, act);
  const readings = valuesOf(unit?.meters ?? [], typed);
  const name = isNew ? person.name.trim() : (known?.title ?? "");
  const isReady = unitId !== null && name !== "" && readings !== null && from !== "";
  const asked = (isTried: boolean) => ({
    params: { path: { ...path, unit_id: unitId! }, header: { "Idempotency-Key": key } },
    body: {
      person_id: isNew ? null : known!.id,
      person: isNew ? { name, email: person.email.trim() || null, phone: person.phone.trim() || null } : null,
      from_on: from,
      readings: readings!.map((each) => ({ ...each, register: "import" })),
      is_told: isTold,
      dry_run: isTried,
    },
  });
  const text = (part: keyof typeof NOBODY) => ({
    label: t(part),
    value: person[part],
    error: faultAt(look.error, `body.person.${part}`),
    onChange: (event: { currentTarget: HTMLInputElement }) => changed(setPerson)({ ...person, [part]: event.currentTarget.value }),
  });
  const shown = act.data ?? look.data;
  return (
    <Page title={t("moveIn")}>
      <div className={classes.two}>
        <Card>
          <form
            className={classes.form}
            onSubmit={(event) => {
              event.preventDefault();
              look.mutate(asked(true));
            }}
          >
            {field}
            {unit?.occupancy != null ? <Notice tone="low">{t("isOccupied", { name: unit.occupancy.person_name ?? "" })}</Notice> : null}
            <SegmentedControl
              aria-label={t("who")}
              value={isNew ? "new" : "known"}
              onChange={(each) => changed(setIsNew)(each === "new")}
              data={[
                { value: "new", label: t("newPerson") },
                { value: "known", label: t("knownPerson") },
              ]}
            />
            {isNew ? (
              <>
                <TextInput {...text("name")} required maxLength={200} />
                <TextInput {...text("email")} type="email" />
                <TextInput {...text("phone")} type="tel" />
              </>
            ) : (
              <SearchPick label={t("person")} type="person" isRequired chosen={known?.title ?? null} onChoose={changed(setKnown)} />
            )}
            <TextInput type="date" label={t("from")} required value={from} error={faultAt(look.error, "body.from_on")} onChange={(event) => changed(setFrom)(event.currentTarget.value)} />
            {unit === undefined ? null : <MeterValues unit={unit} typed={typed} onType={changed(setTyped)} error={look.error} />}
            <Switch size="md" label={t("tell")} checked={isTold} onChange={(event) => changed(setIsTold)(event.currentTarget.checked)} />
            <LookButton look={look} isReady={isReady} isDone={act.isSuccess} />
          </form>
        </Card>
        {shown === undefined ? null : (
          <Preview handover={shown} name={name} isDone={act.isSuccess} isPending={act.isPending} error={act.error} onDo={() => act.mutate(asked(false))} />
        )}
      </div>
    </Page>
  );
}
