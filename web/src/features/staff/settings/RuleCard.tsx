import { Button, NativeSelect, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Card, Notice, Show, Wrong } from "@ui";
import { faultAt, unplaced, useTagged } from "@ui/staff";
import { bodyOf, shownOf, type Field, type Rule, type Values } from "./rules";
import classes from "./Settings.module.css";

/** One rule of the estate: what it does, its values, and saving them if nobody else was faster. */
export function RuleCard({ rule }: { rule: Rule }): ReactNode {
  const { t } = useTranslation("settings");
  const { path } = useEstate();
  const { asked, change } = useTagged(`/api/v1/estates/{estate_id}/${rule.path}`, path.estate_id);
  // outlives the form, which begins anew with what is in force then
  const saving = useMutation({ mutationFn: ({ body, etag }: Change) => change("PUT", body, etag) });
  return (
    <Card title={t(`ruleTitle.${rule.path}`)}>
      <p className="quiet small">{t(`ruleHint.${rule.path}`)}</p>
      <Show asked={asked} lines={3}>
        {({ answer, etag }) => <RuleForm key={etag} rule={rule} answer={answer} saving={saving} save={(body) => saving.mutate({ body, etag })} />}
      </Show>
    </Card>
  );
}

interface Change {
  body: Values;
  etag: string;
}

interface RuleFormProps {
  rule: Rule;
  answer: Values;
  saving: { isSuccess: boolean; isPending: boolean; error: unknown };
  save: (body: Values) => void;
}

function RuleForm({ rule, answer, saving, save }: RuleFormProps): ReactNode {
  const { t } = useTranslation(["settings", "common"]);
  const { may } = useEstate();
  const [values, setValues] = useState(() => shownOf(rule, answer));
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save(bodyOf(rule, values, answer));
      }}
    >
      {rule.fields.map((field) => (
        <FieldInput key={field.name} field={field} value={values[field.name]} error={faultAt(saving.error, `body.${field.name}`)} onChange={(value) => setValues({ ...values, [field.name]: value })} />
      ))}
      <Wrong error={unplaced(saving.error, rule.fields.map(({ name }) => name))} />
      {saving.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
      <Button type="submit" variant="default" loading={saving.isPending} disabled={!may(rule.needs)}>
        {t("common:save")}
      </Button>
      {may(rule.needs) ? null : <p className="quiet small">{t("mayNot")}</p>}
    </form>
  );
}

interface FieldInputProps {
  field: Field;
  value: unknown;
  error: string | null;
  onChange: (value: unknown) => void;
}

function FieldInput({ field, value, error, onChange }: FieldInputProps): ReactNode {
  const { t } = useTranslation("settings");
  const { estate } = useEstate();
  const word = t as unknown as (key: string, options?: object) => string;
  const label = word(`field.${field.name}`, { currency: estate.currency });
  if (field.kind === "switch") return <Switch size="md" label={label} checked={value === true} error={error} onChange={(event) => onChange(event.currentTarget.checked)} />;
  if (field.kind === "choice") {
    return <NativeSelect label={label} value={String(value)} error={error} onChange={(event) => onChange(event.currentTarget.value)} data={field.options.map((each) => ({ value: each, label: word(`option.${each}`) }))} />;
  }
  return (
    <TextInput
      label={label}
      inputMode={field.kind === "number" ? "numeric" : field.kind === "money" || field.kind === "percent" ? "decimal" : undefined}
      placeholder={field.kind === "percent" || (field.kind === "number" && field.isOptional) ? t("never") : undefined}
      value={String(value)}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
