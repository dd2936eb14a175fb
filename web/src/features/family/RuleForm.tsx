import { Button, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, asShown, beganWith, carriedOut, problemOf, refreshEstate, type Estate, type Schemas } from "@api";
import { Card, Notice, writeAmount, readAmount, sentence, useFormats, Wrong } from "@ui";
import type { GroupPath } from "./GroupPage";
import classes from "./Family.module.css";

const ONE = "/api/v1/estates/{estate_id}/wallet-groups/{group_id}/distribution-rule";

interface RuleFormProps {
  rule: Schemas["DistributionRuleOut"] | null;
  path: GroupPath;
  estate: Estate;
}

/** The rule by which the group fills its homes by itself; what it does is said before it is saved. */
export function RuleForm({ rule, path, estate }: RuleFormProps): ReactNode {
  const save = useMutation({
    mutationFn: async (body: Schemas["DistributionRuleIn"]) => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), rule);
      return carriedOut(await api.PUT(ONE, { params: { path, header }, body }));
    },
    // also where somebody else was faster: what they wrote is shown
    onSettled: () => refreshEstate(path.estate_id),
  });
  return <Fields key={beganWith(save.error, rule)} rule={rule} estate={estate} saving={save} save={save.mutate} />;
}

interface FieldsProps {
  rule: RuleFormProps["rule"];
  estate: Estate;
  saving: { isPending: boolean; isSuccess: boolean; error: unknown };
  save: (body: Schemas["DistributionRuleIn"]) => void;
}

function Fields({ rule, estate, saving, save }: FieldsProps): ReactNode {
  const { t } = useTranslation(["family", "common", "topup"]);
  const formats = useFormats(estate);
  const [isOn, setIsOn] = useState(rule?.is_on ?? false);
  const [threshold, setThreshold] = useState(typed(rule?.threshold) || "50");
  const [target, setTarget] = useState(typed(rule?.target) || "150");
  const [wrong, setWrong] = useState(false);
  const [below, upTo] = [readAmount(threshold), readAmount(target)];
  const { error } = saving;
  const atTarget = error === null ? undefined : problemOf(error).problems?.find((each) => each.path === "body.target")?.message;
  return (
    <Card title={t("rule")}>
      <form
        className={classes.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (below === null || upTo === null) return setWrong(true);
          save({ is_on: isOn, threshold: below, target: upTo });
        }}
      >
        {atTarget === undefined ? <Wrong error={error} /> : null}
        {saving.isSuccess ? (
          <Notice tone="good" role="status">
            {t("common:saved")}
          </Notice>
        ) : null}
        <Switch size="md" label={t("ruleOn")} checked={isOn} onChange={(event) => setIsOn(event.currentTarget.checked)} />
        <div className={classes.pair}>
          <TextInput
            label={t("threshold", { currency: estate.currency })}
            inputMode="decimal"
            value={threshold}
            error={wrong && below === null ? t("topup:amountWrong") : null}
            onChange={(event) => setThreshold(event.currentTarget.value)}
          />
          <TextInput
            label={t("target", { currency: estate.currency })}
            inputMode="decimal"
            value={target}
            error={wrong && upTo === null ? t("topup:amountWrong") : atTarget === undefined ? null : sentence(atTarget)}
            onChange={(event) => setTarget(event.currentTarget.value)}
          />
        </div>
        <p className="quiet small">
          {isOn && below !== null && upTo !== null ? t("ruleDoes", { threshold: formats.money(below), target: formats.money(upTo) }) : t("ruleOff")}
        </p>
        <Button type="submit" variant="default" loading={saving.isPending}>
          {t("common:save")}
        </Button>
      </form>
    </Card>
  );
}

function typed(money: Schemas["Money"] | undefined): string {
  return money === undefined ? "" : writeAmount(money.amount);
}
