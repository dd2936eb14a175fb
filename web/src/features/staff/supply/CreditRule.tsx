import { Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, asShown, carriedOut, problemOf, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, plain } from "@ui";
import { faultAt } from "@ui/staff";
import { Saving, type SavingState } from "./Saving";
import classes from "./Supply.module.css";

type Rule = Schemas["RuleOut"];
type Body = Schemas["RuleIn"];
const ONE = "/api/v1/estates/{estate_id}/credit-rules/{utility}";
const LINES = [
  ["low_line", "lowLine"],
  ["cut_line", "cutLine"],
  ["restore_line", "restoreLine"],
] as const;
const FIELDS = ["is_cutting", "low_line", "cut_line", "restore_line", "lifeline_w"];

/** When people are warned, cut and restored for a utility. */
export function CreditRule({ rule }: { rule: Rule }): ReactNode {
  const { t } = useTranslation("common");
  const { path: of } = useEstate();
  const path = { ...of, utility: rule.utility };
  // outlives the form, which begins anew with what is in force then
  const save = useMutation({
    mutationFn: async (body: Body) => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), rule);
      return carriedOut(await api.PUT(ONE, { params: { path, header }, body }));
    },
    // somebody else was faster: what they wrote is shown
    onSettled: (_, error) => (error === null || problemOf(error).status === 412 ? refreshEstate(of.estate_id) : undefined),
  });
  return (
    <Card title={t(`utility.${rule.utility}`)}>
      <RuleForm key={JSON.stringify(rule)} rule={rule} saving={save} save={save.mutate} />
    </Card>
  );
}

function RuleForm({ rule, saving, save }: { rule: Rule; saving: SavingState; save: (body: Body) => void }): ReactNode {
  const { t } = useTranslation("supplies");
  const [lines, setLines] = useState({ low_line: plain(rule.low_line.amount), cut_line: plain(rule.cut_line.amount), restore_line: plain(rule.restore_line.amount) });
  const [lifeline, setLifeline] = useState(`${rule.lifeline_w ?? ""}`);
  const [isCutting, setIsCutting] = useState(rule.is_cutting);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save({ is_cutting: isCutting, ...lines, lifeline_w: wattsOf(lifeline) });
      }}
    >
      {rule.is_default ? <p className="quiet small">{t("isDefault")}</p> : null}
      <Switch size="md" label={t("cuts")} checked={isCutting} onChange={(event) => setIsCutting(event.currentTarget.checked)} />
      {LINES.map(([name, word]) => (
        <TextInput
          key={name}
          label={t(word, { currency: rule.low_line.currency })}
          inputMode="decimal"
          autoComplete="off"
          value={lines[name]}
          error={faultAt(saving.error, `body.${name}`)}
          onChange={(event) => setLines({ ...lines, [name]: event.currentTarget.value.trim() })}
        />
      ))}
      {rule.utility === "electricity" ? (
        <TextInput
          label={t("lifeline")}
          description={t("lifelineHint")}
          inputMode="numeric"
          autoComplete="off"
          value={lifeline}
          error={faultAt(saving.error, "body.lifeline_w")}
          onChange={(event) => setLifeline(event.currentTarget.value.trim())}
        />
      ) : null}
      {isCutting && !rule.is_cutting ? <Notice tone="low">{t("cutsNow")}</Notice> : null}
      <Saving of={saving} fields={FIELDS} />
    </form>
  );
}

/** Nothing is no limit; what is no number goes as it was typed: the API says what is wrong with it. */
function wattsOf(typed: string): Body["lifeline_w"] {
  if (typed === "") return null;
  return /^\d{1,9}$/.test(typed) ? Number(typed) : (typed as unknown as number);
}
