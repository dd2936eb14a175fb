import { IconClock } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Confirm } from "@ui/staff";

/** Ask a device to take our time; only shown where its clock is known to be off. */
export function SetClock({ device }: { device: Schemas["DeviceWithState"] }): ReactNode {
  const { t } = useTranslation("devices");
  const { path, may } = useEstate();
  const [key, setKey] = useState(newKey);
  const ask = $api.useMutation("post", "/api/v1/estates/{estate_id}/devices/{device_id}/clock", { onSuccess: () => refreshEstate(path.estate_id) });
  if (!device.issues.some((each) => each.kind.startsWith("clock"))) return null;
  return (
    <Confirm
      label={t("setClock")}
      icon={<IconClock aria-hidden size={18} />}
      title={t("setClock")}
      action={t("setClock")}
      consequence={t("setClockHint")}
      whyNot={may("meters.write") ? undefined : t("mayNot")}
      isPending={ask.isPending}
      error={ask.error}
      onOpen={() => {
        ask.reset();
        setKey(newKey());
      }}
      onConfirm={(close) =>
        ask.mutate({ params: { path: { ...path, device_id: device.device_id }, header: { "Idempotency-Key": key } }, body: { may_cross: false } }, { onSuccess: close })
      }
    />
  );
}
