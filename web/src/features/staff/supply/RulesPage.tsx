import { Button, Checkbox, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, problemOf, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, Page, Show, useFormats, Wrong } from "@ui";
import { Areas } from "./Areas";
import classes from "./Supply.module.css";

type Rule = Schemas["RuleOut"];
type Hours = Schemas["FriendlyHoursOut"];
/** Hours with the tag of what was read: a change is refused if somebody else was faster. */
interface Tagged {
  hours: Hours;
  etag: string;
}
const RULE = "/api/v1/estates/{estate_id}/credit-rules/{utility}";
const HOURS = "/api/v1/estates/{estate_id}/friendly-hours";

/** When a supply goes off for money, when it is on again, and when nobody is cut. */
export default function RulesPage(): ReactNode {
  const { t } = useTranslation("supplies");
  const { path } = useEstate();
  const rules = $api.useQuery("get", "/api/v1/estates/{estate_id}/credit-rules", { params: { path } });
  const hours = useQuery<Tagged>({
    queryKey: ["supply-rules", HOURS, { params: { path } }],
    queryFn: async () => {
      const { data, error, response } = await api.GET(HOURS, { params: { path } });
      if (data === undefined) throw error;
      return { hours: data, etag: response.headers.get("etag") ?? "*" };
    },
  });
  // outlives the form, which begins anew with what is in force then
  const save = useMutation({
    mutationFn: async ({ body, etag }: Change) => {
      const { error } = await api.PUT(HOURS, { params: { path, header: { "If-Match": etag } }, body });
      if (error === undefined) return;
      // somebody else was faster: what they wrote is shown
      if (problemOf(error).status === 412) await hours.refetch();
      throw error;
    },
    onSuccess: () => refreshEstate(path.estate_id),
  });
  return (
    <Page title={t("rules")}>
      <Areas />
      <Show asked={rules} lines={6}>
        {({ items }) => (
          <div className={classes.two}>
            {items.map((each) => (
              <OneRule key={each.utility} rule={each} />
            ))}
          </div>
        )}
      </Show>
      <Show asked={hours} lines={4}>{({ hours: found, etag }) => <HoursForm key={etag} hours={found} saving={save} save={(body) => save.mutate({ body, etag })} />}</Show>
    </Page>
  );
}

/** An amount as people type it: cents always, and what is smaller only where it is there. */
function plain(amount: string): string {
  return amount.replace(/(\.\d{2}\d*?)0+$/, "$1");
}

function OneRule({ rule }: { rule: Rule }): ReactNode {
  const { path: of } = useEstate();
  const path = { ...of, utility: rule.utility };
  // outlives the form, as below
  const save = useMutation({
    mutationFn: async (body: Schemas["RuleIn"]) => {
      const header = await asShown(() => api.GET(RULE, { params: { path } }), rule);
      return carriedOut(await api.PUT(RULE, { params: { path, header }, body }));
    },
    onSettled: (_, error) => (error === null || problemOf(error).status === 412 ? refreshEstate(of.estate_id) : undefined),
  });
  return <RuleForm key={JSON.stringify(rule)} rule={rule} saving={save} save={save.mutate} />;
}

interface RuleFormProps {
  rule: Rule;
  saving: HoursFormProps["saving"];
  save: (body: Schemas["RuleIn"]) => void;
}

function RuleForm({ rule, saving, save }: RuleFormProps): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const { may } = useEstate();
  const [low, setLow] = useState(plain(rule.low_line.amount));
  const [cut, setCut] = useState(plain(rule.cut_line.amount));
  const [restore, setRestore] = useState(plain(rule.restore_line.amount));
  const [lifeline, setLifeline] = useState(`${rule.lifeline_w ?? ""}`);
  const [isCutting, setIsCutting] = useState(rule.is_cutting);
  const lines: [string, string, (text: string) => void][] = [
    [t("lowLine"), low, setLow],
    [t("cutLine"), cut, setCut],
    [t("restoreLine"), restore, setRestore],
  ];
  return (
    <Card title={t(`common:utility.${rule.utility}`)}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save({ low_line: low.trim(), cut_line: cut.trim(), restore_line: restore.trim(), is_cutting: isCutting, lifeline_w: lifeline.trim() === "" ? null : Number(lifeline) });
        }}
      >
        {rule.is_default ? <p className="quiet small">{t("isDefault")}</p> : null}
        <Switch size="md" label={t("cuts")} checked={isCutting} onChange={(event) => setIsCutting(event.currentTarget.checked)} />
        {lines.map(([label, value, set]) => (
          <TextInput key={label} label={`${label} (${rule.low_line.currency})`} inputMode="decimal" autoComplete="off" value={value} onChange={(event) => set(event.currentTarget.value)} />
        ))}
        {rule.utility === "electricity" ? (
          <TextInput label={t("lifeline")} description={t("lifelineHint")} inputMode="numeric" autoComplete="off" value={lifeline} onChange={(event) => setLifeline(event.currentTarget.value)} />
        ) : null}
        {isCutting && !rule.is_cutting ? <Notice tone="low">{t("cutsNow")}</Notice> : null}
        <Wrong error={saving.error} />
        <Saving isPending={saving.isPending} isSaved={saving.isSuccess} isAllowed={may("estates.write")} />
      </form>
    </Card>
  );
}

function Saving({ isPending, isSaved, isAllowed }: { isPending: boolean; isSaved: boolean; isAllowed: boolean }): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  return (
    <div className={classes.buttons}>
      <Button type="submit" variant="default" loading={isPending} disabled={!isAllowed}>
        {t("common:save")}
      </Button>
      {isSaved ? <span role="status">{t("common:saved")}</span> : null}
      {isAllowed ? null : <span className="quiet small">{t("mayNot")}</span>}
    </div>
  );
}

interface Change {
  body: Schemas["FriendlyHoursIn"];
  etag: string;
}

interface HoursFormProps {
  hours: Hours;
  saving: { isPending: boolean; isSuccess: boolean; error: unknown };
  save: (body: Change["body"]) => void;
}

function HoursForm({ hours, saving, save }: HoursFormProps): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  const [isOn, setIsOn] = useState(hours.is_on);
  const [from, setFrom] = useState(hours.night_from ?? "");
  const [until, setUntil] = useState(hours.night_until ?? "");
  const [weekends, setWeekends] = useState(hours.weekends);
  const [country, setCountry] = useState(hours.holidays_country ?? "");
  return (
    <Card title={t("friendly")}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save({ is_on: isOn, night_from: from || null, night_until: until || null, weekends, holidays_country: country.trim() || null, holidays_subdivision: hours.holidays_subdivision });
        }}
      >
        <p className="quiet">{t("friendlyHint", { time: formats.moment(hours.next_cut_at) })}</p>
        <Switch size="md" label={t("friendlyOn")} checked={isOn} onChange={(event) => setIsOn(event.currentTarget.checked)} />
        <div className={classes.two}>
          <TextInput type="time" label={t("nightFrom")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="time" label={t("nightUntil")} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
        </div>
        <Checkbox label={t("weekends")} checked={weekends} onChange={(event) => setWeekends(event.currentTarget.checked)} />
        <TextInput label={t("holidays")} description={t("holidaysHint")} autoComplete="off" maxLength={2} value={country} onChange={(event) => setCountry(event.currentTarget.value.toUpperCase())} />
        <Wrong error={saving.error} />
        <Saving isPending={saving.isPending} isSaved={saving.isSuccess} isAllowed={may("estates.write")} />
      </form>
    </Card>
  );
}
