import { Checkbox, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { Card, Show, useFormats } from "@ui";
import { faultAt, useTagged } from "@ui/staff";
import { Saving, type SavingState } from "./Saving";
import classes from "./Supply.module.css";

type Hours = Schemas["FriendlyHoursOut"];
type Body = Schemas["FriendlyHoursIn"];
const FIELDS = ["is_on", "night_from", "night_until", "weekends", "holidays_country", "holidays_subdivision"];

/** The hours in which nobody is cut for money. */
export function FriendlyHours(): ReactNode {
  const { t } = useTranslation("supplies");
  const { path } = useEstate();
  const { asked, change } = useTagged<Hours>("/api/v1/estates/{estate_id}/friendly-hours", path.estate_id);
  // outlives the form, which begins anew with what is in force then
  const saving = useMutation({ mutationFn: ({ body, etag }: { body: Body; etag: string }) => change("PUT", body, etag) });
  return (
    <Card title={t("friendly")}>
      <Show asked={asked} lines={4}>
        {({ answer, etag }) => <HoursForm key={etag} hours={answer} saving={saving} save={(body) => saving.mutate({ body, etag })} />}
      </Show>
    </Card>
  );
}

function HoursForm({ hours, saving, save }: { hours: Hours; saving: SavingState; save: (body: Body) => void }): ReactNode {
  const { t } = useTranslation("supplies");
  const formats = useFormats(useEstate().estate);
  const [isOn, setIsOn] = useState(hours.is_on);
  const [from, setFrom] = useState(hours.night_from ?? "");
  const [until, setUntil] = useState(hours.night_until ?? "");
  const [weekends, setWeekends] = useState(hours.weekends);
  const [country, setCountry] = useState(hours.holidays_country ?? "");
  const [part, setPart] = useState(hours.holidays_subdivision ?? "");
  const wrong = (name: string): string | null => faultAt(saving.error, `body.${name}`);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save({ is_on: isOn, night_from: from || null, night_until: until || null, weekends, holidays_country: country.trim() || null, holidays_subdivision: part.trim() || null });
      }}
    >
      <p className="quiet">{t("friendlyHint", { time: formats.moment(hours.next_cut_at) })}</p>
      <Switch size="md" label={t("friendlyOn")} checked={isOn} onChange={(event) => setIsOn(event.currentTarget.checked)} />
      <div className={classes.two}>
        <TextInput type="time" label={t("nightFrom")} value={from} error={wrong("night_from")} onChange={(event) => setFrom(event.currentTarget.value)} />
        <TextInput type="time" label={t("nightUntil")} value={until} error={wrong("night_until")} onChange={(event) => setUntil(event.currentTarget.value)} />
      </div>
      <Checkbox label={t("weekends")} checked={weekends} onChange={(event) => setWeekends(event.currentTarget.checked)} />
      <TextInput label={t("holidays")} description={t("holidaysHint")} autoComplete="off" maxLength={2} value={country} error={wrong("holidays_country")} onChange={(event) => setCountry(event.currentTarget.value.toUpperCase())} />
      <TextInput label={t("holidaysPart")} autoComplete="off" value={part} error={wrong("holidays_subdivision")} onChange={(event) => setPart(event.currentTarget.value)} />
      <Saving of={saving} fields={FIELDS} />
    </form>
  );
}
