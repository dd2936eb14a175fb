import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Failure, Loading, Notice, readAmount } from "@ui";
import { problemOf } from "@api";
import { BillTable } from "./BillTable";
import { nextMonth, type RateDocument } from "./document";
import { unitOf } from "./parts";
import type { Consumption, Preview } from "./usePreview";
import classes from "./Rates.module.css";

interface PreviewCardProps {
  preview: Preview;
  document: RateDocument;
  /** Whether another table is priced as well: the one in force, or the one it began with. */
  hasOther: boolean;
  onConsumption: (consumption: Consumption | null) => void;
}

/** What an example, or a unit's own last month, costs by the draft; beside it what it costs now. */
export function PreviewCard({ preview, document, hasOther, onConsumption }: PreviewCardProps): ReactNode {
  const { t } = useTranslation("rates");
  const { last, problems, error, isBlank } = preview;
  const calculation = problems.length > 0 ? null : last?.calculation;
  return (
    <Card title={t("preview")}>
      <div className={classes.form}>
        <Chooser document={document} onConsumption={onConsumption} />
        {error !== null && error !== undefined ? (
          <Failure problem={problemOf(error)} />
        ) : isBlank ? (
          <Notice>{t("noPreview")}</Notice>
        ) : problems.length > 0 ? (
          <Notice tone="low">{t("noPreview")}</Notice>
        ) : last === undefined ? (
          <Loading lines={4} />
        ) : last.not_calculated !== null ? (
          <Notice>{last.not_calculated}</Notice>
        ) : calculation == null ? null : (
          <BillTable mine={calculation} other={hasOther ? last.beside : null} whyNoOther={hasOther ? last.beside_not_calculated : null} />
        )}
      </div>
    </Card>
  );
}

function Chooser({ document, onConsumption }: Pick<PreviewCardProps, "document" | "onConsumption">): ReactNode {
  const { t } = useTranslation("rates");
  const [way, setWay] = useState<"quantity" | "unit">("quantity");
  const unit = unitOf(document);
  const [typed, setTyped] = useState(unit === "kWh" ? "300" : "15");
  const [unitId, setUnitId] = useState<number | null>(null);
  const quantity = readAmount(typed, 6);
  const from = /^\d{4}-\d{2}-\d{2}$/.test(document.effective_from) ? document.effective_from : null;
  const consumption: Consumption | null =
    way === "unit"
      ? unitId === null
        ? null
        : ({ unit_id: unitId, months: 1 } as Consumption)
      : quantity === null || from === null
        ? null
        : ({ quantity, from: `${from.slice(0, 7)}-01`, to: nextMonth(from) } as Consumption);
  const asked = JSON.stringify(consumption);
  useEffect(() => {
    onConsumption(JSON.parse(asked) as Consumption | null);
  }, [asked, onConsumption]);
  return (
    <div className={classes.fields}>
      <NativeSelect
        label={t("previewOf")}
        value={way}
        onChange={(event) => setWay(event.currentTarget.value as "quantity" | "unit")}
        data={[
          { value: "quantity", label: t("ofQuantity") },
          { value: "unit", label: t("ofUnit") },
        ]}
      />
      {way === "quantity" ? (
        <TextInput label={t("quantity", { unit })} inputMode="decimal" value={typed} error={quantity === null ? t("noAmount") : undefined} onChange={(event) => setTyped(event.currentTarget.value)} />
      ) : (
        <UnitChoice onChoose={setUnitId} />
      )}
    </div>
  );
}

/** A unit by its name: the first that the API finds by what was typed. */
export function UnitChoice({ onChoose }: { onChoose: (unitId: number | null) => void }): ReactNode {
  const { t } = useTranslation("rates");
  const { path } = useEstate();
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  const found = $api.useQuery("get", "/api/v1/estates/{estate_id}/units", { params: { path, query: { q: asked, limit: 8 } } }, { enabled: asked !== "" });
  const [chosen, setChosen] = useState<number | null>(null);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(typed.trim()), 300);
    return () => window.clearTimeout(timer);
  }, [typed]);
  return (
    <div className={classes.column}>
      <TextInput label={t("unitName")} type="search" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      {asked === "" ? null : (
        <div className={classes.buttons} role="group" aria-label={t("unitName")}>
          {found.isError ? <Failure problem={problemOf(found.error)} retry={() => void found.refetch()} /> : null}
          {found.data?.items.length === 0 ? <span className="quiet small">{t("noUnit")}</span> : null}
          {found.data?.items.map((each) => (
            <Button
              key={each.unit_id}
              variant={each.unit_id === chosen ? "filled" : "default"}
              aria-pressed={each.unit_id === chosen}
              onClick={() => {
                setChosen(each.unit_id);
                onChoose(each.unit_id);
              }}
            >
              {each.name}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}
