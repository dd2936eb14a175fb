import { Button, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, problemOf, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, plain, Show, UtilityIcon, Wrong } from "@ui";
import classes from "./Settings.module.css";

type Rule = Schemas["RuleOut"];
const ONE = "/api/v1/estates/{estate_id}/credit-rules/{utility}";
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

type RuleIn = Schemas["RuleIn"];

function One({ rule }: { rule: Rule }): ReactNode {
  const { path: of } = useEstate();
  const path = { ...of, utility: rule.utility };
  // outlives the form, which begins anew with what is in force then
  const save = useMutation({
    mutationFn: async (body: RuleIn) => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), rule);
      return carriedOut(await api.PUT(ONE, { params: { path, header }, body }));
    },
    // somebody else was faster: what they wrote is shown
    onSettled: (_, error) => (error === null || problemOf(error).status === 412 ? refreshEstate(of.estate_id) : undefined),
  });
  return <Lines key={JSON.stringify(rule)} rule={rule} saving={save} save={save.mutate} />;
}

interface LinesProps {
  rule: Rule;
  saving: { isPending: boolean; isSuccess: boolean; error: unknown };
  save: (body: RuleIn) => void;
}

function Lines({ rule, saving, save }: LinesProps): ReactNode {
  const { t } = useTranslation(["settings", "common"]);
  const { estate, may } = useEstate();
  const [isCutting, setIsCutting] = useState(rule.is_cutting);
  const [lines, setLines] = useState(() => Object.fromEntries(LINES.map((name) => [name, plain(rule[name].amount)])) as Record<(typeof LINES)[number], string>);
  const [watts, setWatts] = useState(rule.lifeline_w === null ? "" : `${rule.lifeline_w}`);
  const problems = saving.error === null ? [] : (problemOf(saving.error).problems ?? []);
  const wrong = (name: string): string | undefined => problems.find(({ path: at }) => at === `body.${name}`)?.message;
  const submit = (): void =>
    save({ is_cutting: isCutting, ...lines, lifeline_w: /^\d{1,8}$/.test(watts) ? Number(watts) : null });
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
      {problems.length > 0 && LINES.some(wrong) ? null : <Wrong error={saving.error} />}
      {saving.isSuccess ? (
        <Notice tone="good" role="status">
          {t("common:saved")}
        </Notice>
      ) : null}
      <Button type="submit" variant="default" loading={saving.isPending} disabled={!may("estates.write")}>
        {t("common:save")}
      </Button>
      {may("estates.write") ? null : <p className="quiet small">{t("mayNot")}</p>}
    </form>
  );
}
