import { NativeSelect, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, useEstate, type Schemas } from "@api";
import { localDate, Notice, plusDays } from "@ui";
import { Confirm, faultAt } from "@ui/staff";
import type { State } from "./rates";
import { ChargedAgain } from "./ChargedAgain";
import { useDates } from "./parts";
import { TargetPick } from "./TargetPick";

type Scope = "estate" | "unit" | "meter" | "register";
type Role = "supply" | "network" | "levy";

interface AssignProps {
  table: Schemas["RateTableOut"];
  state: State;
  whyNot: string | undefined;
}

/** Put a table in force: where, from when; and what that means for what was charged already. */
export function Assign({ table, state, whyNot }: AssignProps): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, path } = useEstate();
  const { date } = useDates();
  const client = useQueryClient();
  const [from, setFrom] = useState(table.effective_from);
  const [until, setUntil] = useState("");
  const [scope, setScope] = useState<Scope>("estate");
  const [role, setRole] = useState<Role>("supply");
  const [target, setTarget] = useState<number | null>(null);
  const [reason, setReason] = useState("");
  const [isCorrection, setIsCorrection] = useState(false);
  const [key, setKey] = useState(newKey);
  const assign = $api.useMutation("post", "/api/v1/estates/{estate_id}/rate-assignments", {
    onSuccess: () => client.invalidateQueries({ queryKey: ["staff-rates"] }),
  });
  const isPast = from < localDate(new Date(), estate.time_zone);
  const isReady = from !== "" && (scope === "estate" || target !== null) && (!isCorrection || reason.trim() !== "");
  const body: Schemas["RateAssignmentIn"] = {
    rate_table_id: table.rate_table_id,
    role,
    effective_from: from,
    reason: reason.trim(),
    is_correction: isCorrection,
    ...(until === "" ? {} : { effective_until: until }),
    ...(scope === "estate" || target === null ? {} : { [`${scope}_id`]: target }),
  };
  const submit = (close: () => void): void => {
    assign.mutate({ params: { path, header: { "Idempotency-Key": key } }, body }, { onSuccess: close });
  };
  return (
    <Confirm
      label={t("assign")}
      variant={state === "draft" ? "filled" : "default"}
      title={t("assignTitle", { name: table.name })}
      consequence={
        <>
          <p>{t(scope === "estate" ? "assignEstate" : "assignOne", { date: date(from || table.effective_from) })}</p>
          <Notice tone={isPast ? "low" : "info"}>{t(isPast ? "assignPast" : "assignFuture")}</Notice>
        </>
      }
      action={t("assign")}
      whyNot={whyNot}
      isReady={isReady}
      isPending={assign.isPending}
      error={assign.error}
      onConfirm={submit}
      onOpen={() => {
        assign.reset();
        setKey(newKey());
      }}
    >
      <TextInput type="date" label={t("assignFrom")} description={t("assignFromHint", { zone: estate.time_zone })} value={from} error={faultAt(assign.error, "effective_from")} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput type="date" label={t("assignUntil")} description={until === "" ? t("assignUntilHint") : t("assignLast", { date: date(plusDays(until, -1)) })} value={until} error={faultAt(assign.error, "effective_until")} onChange={(event) => setUntil(event.currentTarget.value)} />
      <NativeSelect
        label={t("where")}
        value={scope}
        onChange={(event) => {
          setScope(event.currentTarget.value as Scope);
          setTarget(null);
        }}
        data={(["estate", "unit", "meter", "register"] as const).map((value) => ({ value, label: t(`scope.${value}`) }))}
      />
      {scope === "estate" ? null : <TargetPick key={scope} scope={scope} utility={table.utility} onChoose={setTarget} />}
      <NativeSelect label={t("asRole")} value={role} onChange={(event) => setRole(event.currentTarget.value as Role)} data={(["supply", "network", "levy"] as const).map((value) => ({ value, label: t(`role.${value}`) }))} />
      <TextInput label={t("reason")} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Switch size="md" label={t("correction")} checked={isCorrection} onChange={(event) => setIsCorrection(event.currentTarget.checked)} />
      {isReady ? <ChargedAgain body={{ ...body, reason: isCorrection ? "-" : "" }} /> : null}
    </Confirm>
  );
}
