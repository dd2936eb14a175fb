import { Button, SegmentedControl, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Estate } from "@api";
import { Notice, useFormats, Wrong } from "@ui";
import type { Summary } from "./GroupPage";
import type { Fault, Read, Typed, Way } from "./share";
import classes from "./Family.module.css";

const WAYS: Way[] = ["need", "equal", "percent", "amounts"];

interface ShareFormProps {
  typed: Typed;
  read: Read;
  /** What is wrong is said once somebody asked. */
  isAsked: boolean;
  summary: Summary;
  estate: Estate;
  isPlanning: boolean;
  error: unknown;
  onType: (next: Typed) => void;
  onAsk: () => void;
}

/** How the money is shared: by a way, or by hand with a running sum. */
export function ShareForm({ typed, read, isAsked, summary, estate, isPlanning, error, onType, onAsk }: ShareFormProps): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(estate);
  const available = summary.available.amount;
  const faults = isAsked ? read.faults : {};
  const change = (more: Partial<Typed>): void => onType({ ...typed, ...more });
  return (
    <form
      className={classes.wideForm}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onAsk();
      }}
    >
      <Wrong error={error} />
      <SegmentedControl
        fullWidth
        className={classes.ways}
        aria-label={t("way")}
        value={typed.way}
        onChange={(way) => change({ way })}
        data={WAYS.map((each) => ({ value: each, label: t(`ways.${each}`) }))}
      />
      <p className="quiet small">{t(`wayHints.${typed.way}`)}</p>
      {typed.way === "need" ? (
        <Field label={t("target", { currency: estate.currency })} value={typed.target} fault={faults.target} onChange={(next) => change({ target: next })} />
      ) : null}
      {typed.way === "amounts" ? null : (
        <Field
          label={t("total", { currency: estate.currency })}
          hint={t("totalHint", { amount: formats.money(available) })}
          value={typed.total}
          fault={faults.total}
          onChange={(next) => change({ total: next })}
        />
      )}
      {typed.way === "amounts" || typed.way === "percent" ? (
        <>
          {summary.wallets.map(({ wallet_id, name, balance }) => (
            <Field
              key={wallet_id}
              label={typed.way === "percent" ? t("percentOf", { home: name }) : t("amountOf", { home: name, currency: estate.currency })}
              hint={t("hasNow", { amount: formats.money(balance.amount) })}
              value={typed.parts[wallet_id] ?? ""}
              fault={faults[wallet_id]}
              onChange={(next) => change({ parts: { ...typed.parts, [wallet_id]: next } })}
            />
          ))}
          <p role="status" className="num">
            {typed.way === "percent"
              ? t("percentGiven", { percent: formats.number(Number(read.given)) })
              : t("amountGiven", { amount: formats.money(read.given), available: formats.money(available) })}
          </p>
        </>
      ) : null}
      {faults.parts === undefined ? null : (
        <Notice tone="low" role="alert">
          {t(`faults.${faults.parts}`)}
        </Notice>
      )}
      <Button type="submit" size="lg" loading={isPlanning}>
        {t("seeFirst")}
      </Button>
    </form>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  value: string;
  fault: Fault | undefined;
  onChange: (next: string) => void;
}

function Field({ label, hint, value, fault, onChange }: FieldProps): ReactNode {
  const { t } = useTranslation("family");
  return (
    <TextInput
      label={label}
      description={hint}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      error={fault === undefined ? null : t(`faults.${fault}`)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
