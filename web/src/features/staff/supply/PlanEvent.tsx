import { Checkbox, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, newKey, refreshEstate, useEstate, usePages, useUnits } from "@api";
import { Confirm, faultAt, instantOf, InstantInput } from "@ui/staff";
import classes from "./Supply.module.css";

/** Ask units that agreed to use less for some hours. */
export function PlanEvent(): ReactNode {
  const { t } = useTranslation("supplies");
  const { estate, path, may } = useEstate();
  const navigate = useNavigate();
  const { nameOf } = useUnits(path);
  const [key, setKey] = useState(newKey);
  const [title, setTitle] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [watts, setWatts] = useState("");
  const [left, setLeft] = useState<number[]>([]);
  const consents = usePages("/api/v1/estates/{estate_id}/flexibility-consents", { params: { path, query: { limit: 1000 } } }, { by: "after_id" });
  const agreed = consents.data?.filter((each) => each.takes_part && !each.is_protected) ?? [];
  const plan = $api.useMutation("post", "/api/v1/estates/{estate_id}/flexibility-events", { onSuccess: () => refreshEstate(path.estate_id) });
  const fromAt = instantOf(from, estate.time_zone);
  const untilAt = instantOf(until, estate.time_zone);
  const chosen = agreed.filter((each) => !left.includes(each.unit_id)).map((each) => each.unit_id);
  return (
    <Confirm
      label={t("plan")}
      icon={<IconPlus aria-hidden size={18} />}
      variant="filled"
      title={t("plan")}
      action={t("plan")}
      consequence={t("planHint", { count: chosen.length })}
      whyNot={may("supply.control") ? undefined : t("mayNot")}
      isReady={title.trim() !== "" && fromAt !== null && untilAt !== null && chosen.length > 0 && /^(|[1-9]\d{0,6})$/.test(watts)}
      isPending={plan.isPending}
      error={plan.error}
      onOpen={() => {
        plan.reset();
        setKey(newKey());
      }}
      onConfirm={(close) => {
        if (fromAt === null || untilAt === null) return;
        plan.mutate(
          {
            params: { path, header: { "Idempotency-Key": key } },
            body: { title: title.trim(), from_at: fromAt, until_at: untilAt, limit_w: watts === "" ? null : Number(watts), unit_ids: left.length === 0 ? null : chosen },
          },
          {
            onSuccess: (made) => {
              close();
              void navigate(made.flexibility_event_id);
            },
          },
        );
      }}
    >
      <div className={classes.form}>
        <TextInput label={t("event")} data-autofocus autoComplete="off" maxLength={200} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        <InstantInput label={t("fromAt")} value={from} onChange={setFrom} error={faultAt(plan.error, "body.from_at")} />
        <InstantInput label={t("untilAt")} value={until} onChange={setUntil} error={faultAt(plan.error, "body.until_at")} />
        <TextInput label={t("limitW")} description={t("shedHint")} inputMode="numeric" autoComplete="off" value={watts} onChange={(event) => setWatts(event.currentTarget.value.trim())} />
        <div className={classes.units} role="group" aria-label={t("whoAgreed")}>
          {agreed.length === 0 ? <p className="quiet small">{t("nobodyAgreed")}</p> : null}
          {agreed.map((each) => (
            <Checkbox
              key={each.unit_id}
              label={nameOf(each.unit_id)}
              checked={!left.includes(each.unit_id)}
              onChange={(event) => setLeft(event.currentTarget.checked ? left.filter((other) => other !== each.unit_id) : [...left, each.unit_id])}
            />
          ))}
        </div>
      </div>
    </Confirm>
  );
}
