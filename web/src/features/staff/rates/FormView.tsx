import { Button, NativeSelect, Switch, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card, Notice } from "@ui";
import { ChargeForm } from "./ChargeForm";
import { keptKeys, seasonsOf, setWeek, weekOf, withTimes, type Charge, type RateDocument, type Week } from "./document";
import { WeekGrid } from "./WeekGrid";
import classes from "./Rates.module.css";

const UTILITIES = ["electricity", "water", "hot_water", "gas", "solar"] as const;
const NIGHT = "OOOOOOOOOOOOOOOOOPPPPOOO";
const FIRST: Week = { weekday: NIGHT, saturday: "O".repeat(24), sunday: "O".repeat(24) };

export interface FormProps {
  document: RateDocument;
  onChange: (document: RateDocument) => void;
  /** What the server says of a place of the document. */
  wrong: (path: string) => string | undefined;
}

/** The document in fields. What has none is kept as it is, and said so. */
export function FormView({ document, onChange, wrong }: FormProps): ReactNode {
  const { t } = useTranslation(["rates", "common"]);
  const set = (part: Partial<RateDocument>): void => onChange({ ...document, ...part });
  const kept = keptKeys(document);
  const charge = (at: number, changed: Charge | null): void =>
    set({ charges: changed === null ? document.charges.filter((_, place) => place !== at) : document.charges.map((each, place) => (place === at ? changed : each)) });
  const add = (kind: "usage" | "fixed"): void => {
    const name = t(`newCharge.${kind}`);
    const taken = document.charges.filter((each) => each.name.startsWith(name)).length;
    const more = kind === "fixed" ? { per: "month" } : {};
    set({ charges: [...document.charges, { name: taken === 0 ? name : `${name} ${taken + 1}`, kind, ...more, price: "" }] });
  };
  return (
    <div className={classes.form}>
      <Card title={t("head")}>
        <div className={classes.fields}>
          <TextInput label={t("name")} value={document.name} error={wrong("name")} onChange={(event) => set({ name: event.currentTarget.value })} />
          <NativeSelect
            label={t("utility")}
            value={document.utility}
            error={wrong("utility")}
            onChange={(event) => set({ utility: event.currentTarget.value })}
            data={UTILITIES.map((value) => ({ value, label: t(`common:utility.${value}`) }))}
          />
          <TextInput type="date" label={t("effectiveFrom")} value={document.effective_from} error={wrong("effective_from")} onChange={(event) => set({ effective_from: event.currentTarget.value })} />
        </div>
        <Tax document={document} onChange={onChange} wrong={wrong} />
        {kept.length === 0 ? null : <p className="quiet small">{t("kept", { keys: kept.join(", ") })}</p>}
      </Card>
      <Times document={document} onChange={onChange} wrong={wrong} />
      <Card title={t("charges")}>
        {document.charges.map((each, at) => (
          <ChargeForm key={at} document={document} charge={each} at={at} wrong={wrong} onChange={(changed) => charge(at, changed)} />
        ))}
        <div className={classes.buttons}>
          {(["usage", "fixed"] as const).map((kind) => (
            <Button key={kind} variant="default" leftSection={<IconPlus aria-hidden size={18} />} onClick={() => add(kind)}>
              {t(`addCharge.${kind}`)}
            </Button>
          ))}
        </div>
      </Card>
    </div>
  );
}

function Tax({ document, onChange, wrong }: FormProps): ReactNode {
  const { t } = useTranslation("rates");
  const { tax, ...rest } = document;
  return (
    <>
      <Switch
        size="md"
        my="sm"
        label={t("hasTax")}
        checked={tax !== undefined}
        onChange={(event) => onChange((event.currentTarget.checked ? { ...document, tax: { name: "VAT", percent: "15", prices: "exclusive" } } : rest) as RateDocument)}
      />
      {tax === undefined ? null : (
        <div className={classes.fields}>
          <TextInput label={t("taxName")} value={tax.name} error={wrong("tax.name")} onChange={(event) => onChange({ ...document, tax: { ...tax, name: event.currentTarget.value } })} />
          <TextInput label={t("taxPercent")} inputMode="decimal" value={tax.percent} error={wrong("tax.percent")} onChange={(event) => onChange({ ...document, tax: { ...tax, percent: event.currentTarget.value } })} />
          <NativeSelect
            label={t("taxPrices")}
            value={tax.prices}
            onChange={(event) => onChange({ ...document, tax: { ...tax, prices: event.currentTarget.value } })}
            data={[
              { value: "exclusive", label: t("exclusive") },
              { value: "inclusive", label: t("inclusive") },
            ]}
          />
        </div>
      )}
    </>
  );
}

/** Seasons and hours: prices follow them. */
function Times({ document, onChange, wrong }: FormProps): ReactNode {
  const { t } = useTranslation("rates");
  const seasons = seasonsOf(document);
  const isSeasonal = document.seasons !== undefined;
  const isTimed = document.clocks !== undefined;
  const change = (with_: (draft: RateDocument) => void): void => onChange(withTimes(document, with_));
  const toggleSeasons = (isOn: boolean): void =>
    change((draft) => {
      const week = weekOf(document, seasons[0]!);
      if (isOn) draft.seasons = { summer: { from: "10-01", to: "03-31" }, winter: { from: "04-01", to: "09-30" } };
      else delete draft.seasons;
      if (week !== null) draft.clocks = isOn ? { summer: week, winter: week } : week;
    });
  const toggleTimes = (isOn: boolean): void =>
    change((draft) => {
      delete draft.clocks;
      if (isOn) seasons.forEach((season) => setWeek(draft, season, FIRST));
    });
  return (
    <Card title={t("times")}>
      <Switch size="md" label={t("byHour")} checked={isTimed} onChange={(event) => toggleTimes(event.currentTarget.checked)} />
      <Switch size="md" mt="sm" label={t("bySeason")} checked={isSeasonal} onChange={(event) => toggleSeasons(event.currentTarget.checked)} />
      {wrong("seasons") === undefined ? null : <Notice tone="out">{wrong("seasons")}</Notice>}
      {!isSeasonal && !isTimed
        ? null
        : seasons.map((season) => {
            const span = document.seasons?.[season];
            const week = weekOf(document, season);
            return (
              <div key={season} className={classes.season}>
                {span === undefined ? null : (
                  <fieldset className={classes.fields}>
                    <legend>{season}</legend>
                    {(["from", "to"] as const).map((end) => (
                      <TextInput
                        key={end}
                        label={t(`season.${end}`)}
                        placeholder="06-01"
                        value={span[end]}
                        error={wrong(`seasons.${season}.${end}`)}
                        onChange={(event) => onChange({ ...document, seasons: { ...document.seasons, [season]: { ...span, [end]: event.currentTarget.value } } })}
                      />
                    ))}
                  </fieldset>
                )}
                {week === null ? null : <WeekGrid week={week} season={season} onPaint={(painted) => change((draft) => setWeek(draft, season, painted))} />}
              </div>
            );
          })}
    </Card>
  );
}
