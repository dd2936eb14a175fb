import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { $api, newKey, useEstate, type Schemas } from "@api";
import { Loading, readAmount, useFormats, Wrong } from "@ui";
import { faultAt, SearchPick } from "@ui/staff";
import type { Typed } from "./values";
import classes from "./Tenancies.module.css";

export type Unit = Schemas["UnitDetail"];
const PLACES = 6;

/** The unit that the address names, and a way to choose another one. */
export function useUnit(): { unitId: number | null; unit: Unit | undefined; field: ReactNode } {
  const { t } = useTranslation("tenancies");
  const { path } = useEstate();
  const [asked, setAsked] = useSearchParams();
  const unitId = Number(asked.get("unit")) || null;
  const unit = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/units/{unit_id}",
    { params: { path: { ...path, unit_id: unitId ?? 0 } } },
    { enabled: unitId !== null },
  );
  const choose = (id: number | null): void => setAsked(id === null ? {} : { unit: `${id}` }, { replace: true });
  const field =
    unitId !== null && unit.isPending ? (
      <Loading lines={1} />
    ) : (
      <>
        <Wrong error={unitId === null ? null : unit.error} />
        <SearchPick label={t("unit")} type="unit" isRequired chosen={unitId === null ? null : (unit.data?.name ?? null)} onChoose={(found) => choose(found?.id ?? null)} />
      </>
    );
  return { unitId, unit: unitId === null ? undefined : unit.data, field };
}

/** The key of what is looked at and then done; whatever is `changed` makes the look at it an old one. */
export function useLooked(look: { reset: () => void }, act: { reset: () => void }): { key: string; changed: <Value>(set: (value: Value) => void) => (value: Value) => void } {
  const [key, setKey] = useState(newKey);
  const changed =
    <Value,>(set: (value: Value) => void) =>
    (value: Value): void => {
      look.reset();
      act.reset();
      setKey(newKey());
      set(value);
    };
  return { key, changed };
}

interface LookButtonProps {
  look: { isSuccess: boolean; isPending: boolean; error: unknown };
  isReady: boolean;
  isDone: boolean;
}

/** Looks at what would become of it; gone once it is done. */
export function LookButton({ look, isReady, isDone }: LookButtonProps): ReactNode {
  const { t } = useTranslation("tenancies");
  return (
    <>
      <Wrong error={look.error} />
      {isDone ? null : (
        <Button type="submit" variant={look.isSuccess ? "default" : "filled"} loading={look.isPending} disabled={!isReady}>
          {t("look")}
        </Button>
      )}
    </>
  );
}

interface MeterValuesProps {
  unit: Unit;
  typed: Typed;
  onType: (typed: Typed) => void;
  error: unknown;
}

/** What the meters show, each with what they showed last; left empty, the newest reading counts. */
export function MeterValues({ unit, typed, onType, error }: MeterValuesProps): ReactNode {
  const { t } = useTranslation(["tenancies", "common"]);
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (unit.meters.length === 0) return null;
  const filled = unit.meters.filter(({ serial }) => (typed[serial] ?? "").trim() !== "").map(({ serial }) => serial);
  return (
    <fieldset className={classes.values}>
      <legend>{t("values")}</legend>
      <p className="quiet small">{t("valuesHint")}</p>
      {unit.meters.map(({ serial, utility, meter_id }) => {
        const latest = unit.utilities.find((each) => each.utility === utility)?.latest_reading;
        const text = typed[serial] ?? "";
        const isWrong = text.trim() !== "" && readAmount(text, PLACES) === null;
        return (
          <TextInput
            key={meter_id}
            label={`${t(`common:utility.${utility}`)}, ${serial}`}
            description={latest == null ? t("noLast") : t("last", { value: formats.quantity(latest.value.amount, latest.value.unit), moment: formats.moment(latest.taken_at) })}
            inputMode="decimal"
            autoComplete="off"
            value={text}
            error={isWrong ? t("numberWrong") : faultAt(error, `body.readings.${filled.indexOf(serial)}`)}
            onChange={(event) => onType({ ...typed, [serial]: event.currentTarget.value })}
          />
        );
      })}
    </fieldset>
  );
}
