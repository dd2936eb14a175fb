import { Button, Switch, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, plain, Show, UtilityIcon, Wrong } from "@ui";
import classes from "./Settings.module.css";

type Rule = Schemas["RuleOut"];
const LINES = ["low_line", "cut_line", "restore_line"] as const;

/** When to warn, cut and restore, utility by utility. */
export function CreditRules(): ReactNode {
  const { t } = useTranslation("settings");
  const { path } = useEstate();
  const rules = $api.useQuery("get", "/api/v1/estates/{estate_id}/credit-rules", { params: { path } });
  return (
    <Card title={t("credit.title")}>
      <p className="quiet small">{t("credit.hint")}</p>
      <Show asked={rules} lines={4}>
        {({ items }) => (
          <div className={classes.columns}>
            {items.map((rule) => (
              <One key={rule.utility} rule={rule} />
            ))}
          </div>
        )}
      </Show>
    </Card>
  );
}

function One({ rule }: { rule: Rule }): ReactNode {
  const { t } = useTranslation(["settings", "common"]);
  const { estate, path, may } = useEstate();
  const [isCutting, setIsCutting] = useState(rule.is_cutting);
  const [lines, setLines] = useState(() => Object.fromEntries(LINES.map((name) => [name, plain(rule[name].amount)])) as Record<(typeof LINES)[number], string>);
  const [watts, setWatts] = useState(rule.lifeline_w === null ? "" : `${rule.lifeline_w}`);
  const save = $api.useMutation("put", "/api/v1/estates/{estate_id}/credit-rules/{utility}", { onSuccess: () => refreshEstate(path.estate_id) });
  const problems = save.isError ? (problemOf(save.error).problems ?? []) : [];
  const wrong = (name: string): string | undefined => problems.find(({ path: at }) => at === `body.${name}`)?.message;
  const submit = (): void =>
    save.mutate({ params: { path: { ...path, utility: rule.utility } }, body: { is_cutting: isCutting, ...lines, lifeline_w: /^\d{1,8}$/.test(watts) ? Number(watts) : null } });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <strong>
        <UtilityIcon utility={rule.utility} /> {t(`common:utility.${rule.utility}`)}
        {rule.is_default ? <span className="quiet small"> · {t("byDefault")}</span> : null}
      </strong>
      <Switch size="md" label={t("credit.cutting")} checked={isCutting} onChange={(event) => setIsCutting(event.currentTarget.checked)} />
      {LINES.map((name) => (
        <TextInput key={name} label={t(`credit.${name}`, { currency: estate.currency })} inputMode="decimal" value={lines[name]} error={wrong(name)} onChange={(event) => setLines({ ...lines, [name]: event.currentTarget.value.trim() })} />
      ))}
      {rule.utility === "electricity" ? <TextInput label={t("credit.lifeline")} inputMode="numeric" value={watts} placeholder={t("never")} error={wrong("lifeline_w")} onChange={(event) => setWatts(event.currentTarget.value.trim())} /> : null}
      {problems.length > 0 && LINES.some(wrong) ? null : <Wrong error={save.error} />}
      {save.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
      <Button type="submit" variant="default" loading={save.isPending} disabled={!may("estates.write")}>
        {t("common:save")}
      </Button>
      {may("estates.write") ? null : <p className="quiet small">{t("mayNot")}</p>}
    </form>
  );
}
