import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconBolt, IconPlug, IconPlugOff } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, newKey, refreshEstate, tagIfAsShown, useEstate, type Schemas } from "@api";
import { Confirm } from "@ui/staff";
import classes from "./Supply.module.css";

const STOPS = "/api/v1/estates/{estate_id}/units/{unit_id}/supply-stops/{utility}";
const LIMITS = "/api/v1/estates/{estate_id}/units/{unit_id}/supply-limits/{utility}";
/** Money comes and goes by itself; what staff said is what staff takes back. */
const byStaff = ({ cause }: { cause: string }): boolean => cause === "staff";

interface ActionsProps {
  unitId: number;
  unitName: string;
  utility: Schemas["StopIn"]["utility"];
  /** Staff's own stop. */
  stop: Schemas["StopOut"] | undefined;
  limit: Schemas["SupplyLimits"] | undefined;
}

/** Stop and restore a supply, hold it to a power; each says what it does before. */
export function Actions({ unitId, unitName, utility, stop: shown, limit }: ActionsProps): ReactNode {
  const { t } = useTranslation("supplies");
  const { path: of, may } = useEstate();
  const [key, setKey] = useState(newKey);
  const [reason, setReason] = useState("");
  const done = { onSuccess: () => refreshEstate(of.estate_id) };
  const stop = $api.useMutation("post", "/api/v1/estates/{estate_id}/units/{unit_id}/supply-stops", done);
  const whyNot = may("supply.control") ? undefined : t("mayNot");
  const path = { ...of, unit_id: unitId, utility };
  const restore = useMutation({
    mutationFn: async () => {
      const read = () => api.GET(STOPS, { params: { path } });
      // another stop than the one that was seen has another reason: somebody may be at work there
      const header = await asShown(read, { items: shown === undefined ? [] : [shown] }, ({ items }) => items.filter(byStaff).map(({ reason, since }) => [reason, since]));
      return carriedOut(await api.DELETE(STOPS, { params: { path, header } }));
    },
    onSettled: () => refreshEstate(of.estate_id),
  });
  return (
    <>
      {shown !== undefined ? (
        <Confirm
          label={t("restore")}
          icon={<IconPlug aria-hidden size={18} />}
          variant="filled"
          title={t("restoreTitle", { unit: unitName })}
          action={t("restore")}
          consequence={t("restoreHint")}
          whyNot={whyNot}
          isPending={restore.isPending}
          error={restore.error}
          onOpen={() => restore.reset()}
          onConfirm={(close) => restore.mutate(undefined, { onSuccess: close })}
        />
      ) : (
        <Confirm
          label={t("stop")}
          icon={<IconPlugOff aria-hidden size={18} />}
          title={t("stopTitle", { unit: unitName })}
          action={t("stop")}
          consequence={t("stopHint")}
          isDangerous
          whyNot={whyNot}
          isReady={reason.trim() !== ""}
          isPending={stop.isPending}
          error={stop.error}
          onOpen={() => {
            stop.reset();
            setKey(newKey());
          }}
          onConfirm={(close) => stop.mutate({ params: { path, header: { "Idempotency-Key": key } }, body: { utility, reason: reason.trim() } }, { onSuccess: close })}
        >
          <TextInput label={t("reason")} description={t("reasonHint")} data-autofocus autoComplete="off" maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        </Confirm>
      )}
      {utility === "electricity" ? <Limit path={path} whyNot={whyNot} limit={limit} /> : null}
    </>
  );
}

interface LimitProps {
  path: { estate_id: number; unit_id: number; utility: ActionsProps["utility"] };
  whyNot: string | undefined;
  limit: ActionsProps["limit"];
}

function Limit({ path, whyNot, limit }: LimitProps): ReactNode {
  const { t } = useTranslation("supplies");
  const [watts, setWatts] = useState("");
  const seen = limit?.limits.filter(byStaff) ?? [];
  const read = () => api.GET(LIMITS, { params: { path } });
  const condition = async () => tagIfAsShown(read, (now) => JSON.stringify(now.limits.filter(byStaff)) === JSON.stringify(seen));
  const onSettled = () => refreshEstate(path.estate_id);
  const hold = useMutation({ mutationFn: async (body: Schemas["LimitIn"]) => carriedOut(await api.PUT(LIMITS, { params: { path, header: await condition() }, body })), onSettled });
  const lift = useMutation({ mutationFn: async () => carriedOut(await api.DELETE(LIMITS, { params: { path, header: await condition() } })), onSettled });
  if (seen.length > 0) {
    return (
      <Confirm
        label={t("lift")}
        icon={<IconBolt aria-hidden size={18} />}
        title={t("lift")}
        action={t("lift")}
        consequence={t("liftHint")}
        whyNot={whyNot}
        isPending={lift.isPending}
        error={lift.error}
        onOpen={() => lift.reset()}
        onConfirm={(close) => lift.mutate(undefined, { onSuccess: close })}
      />
    );
  }
  return (
    <Confirm
      label={t("limit")}
      icon={<IconBolt aria-hidden size={18} />}
      title={t("limit")}
      action={t("limit")}
      consequence={t("limitHint")}
      whyNot={whyNot}
      isReady={/^[1-9]\d{0,6}$/.test(watts)}
      isPending={hold.isPending}
      error={hold.error}
      onOpen={() => hold.reset()}
      onConfirm={(close) => hold.mutate({ limit_w: Number(watts) }, { onSuccess: close })}
    >
      <div className={classes.form}>
        <TextInput label={t("limitW")} data-autofocus inputMode="numeric" autoComplete="off" value={watts} onChange={(event) => setWatts(event.currentTarget.value.trim())} />
      </div>
    </Confirm>
  );
}
