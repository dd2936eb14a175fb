import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconPlug } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Card, Notice, Page, Row, Rows, Show, Wrong } from "@ui";
import { faultAt, unplaced, useTagged } from "@ui/staff";
import { JoinCode } from "./JoinCode";
import { RuleCard } from "./RuleCard";
import { RULES, type Values } from "./rules";
import classes from "./Settings.module.css";

const KINDS = ["sectional_title", "building", "energy_community", "shared_household"] as const;
const TEXTS = ["name", "address", "contact_name", "contact_email", "contact_phone"] as const;

/** What an estate is called, and the rules that it runs by. */
export default function SettingsPage(): ReactNode {
  const { t } = useTranslation("settings");
  const { path, may } = useEstate();
  const { asked, change } = useTagged("/api/v1/estates/{estate_id}", path.estate_id);
  // outlives the form, which begins anew with what is there then
  const saving = useMutation({ mutationFn: ({ body, etag }: { body: Values; etag: string }) => change("PATCH", body, etag) });
  return (
    <Page title={t("title")}>
      <Card title={t("estate")}>
        <Show asked={asked} lines={6}>
          {({ answer, etag }) => <EstateForm key={etag} answer={answer} saving={saving} save={(body) => saving.mutate({ body, etag })} />}
        </Show>
      </Card>
      <Card>
        <Rows label={t("credit.title")}>
          <Row to="../supply/rules" icon={<IconPlug aria-hidden />} title={t("credit.title")} hint={t("credit.hint")} />
        </Rows>
      </Card>
      <div className={classes.columns}>
        {RULES.map((rule) => (
          <RuleCard key={rule.path} rule={rule} />
        ))}
        {may("people.write") ? <JoinCode /> : null}
      </div>
    </Page>
  );
}

interface EstateFormProps {
  answer: Values;
  saving: { isSuccess: boolean; isPending: boolean; error: unknown };
  save: (body: Values) => void;
}

function EstateForm({ answer, saving, save }: EstateFormProps): ReactNode {
  const { t } = useTranslation(["settings", "estates", "common"]);
  const { may } = useEstate();
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries([...TEXTS, "kind"].map((name) => [name, String(answer[name] ?? "")])));
  const set = (name: string, value: string): void => setValues({ ...values, [name]: value });
  // only what was changed is sent; an emptied contact is none
  const changed = (): Values =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([name, value]) => value !== String(answer[name] ?? ""))
        .map(([name, value]) => [name, value.trim() === "" && name.startsWith("contact") ? null : value.trim()]),
    );
  const wrong = (name: string): string | null => faultAt(saving.error, `body.${name}`);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save(changed());
      }}
    >
      <div className={classes.columns}>
        {TEXTS.map((name) => (
          <TextInput key={name} label={t(`field.${name}`)} value={values[name]} error={wrong(name)} onChange={(event) => set(name, event.currentTarget.value)} />
        ))}
        <NativeSelect label={t("field.estate_kind")} value={values.kind} error={wrong("kind")} onChange={(event) => set("kind", event.currentTarget.value)} data={KINDS.map((value) => ({ value, label: t(`estates:kind.${value}`) }))} />
      </div>
      <p className="quiet small">{t("fixed", { currency: String(answer.currency), zone: String(answer.time_zone) })}</p>
      <Wrong error={unplaced(saving.error, [...TEXTS, "kind"])} />
      {saving.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
      <div>
        <Button type="submit" loading={saving.isPending} disabled={!may("estates.write") || Object.keys(changed()).length === 0}>
          {t("common:save")}
        </Button>
        {may("estates.write") ? null : <p className="quiet small">{t("mayNot")}</p>}
      </div>
    </form>
  );
}
