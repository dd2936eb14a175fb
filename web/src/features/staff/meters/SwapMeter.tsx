import { TextInput } from "@mantine/core";
import { IconReplace } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, serverNow, useEstate, type Schemas } from "@api";
import { readAmount } from "@ui";
import { Confirm } from "@ui/staff";
import classes from "./Meters.module.css";

const PLACES = 6;

/** What one swap has of its own, from when its form is opened. */
function begin(): { key: string; swapped_at: string } {
  return { key: newKey(), swapped_at: serverNow().toISOString() };
}

/** Another meter takes the place of one; both say what they show at that moment. */
export function SwapMeter({ meter, isGone }: { meter: Schemas["MeterWithRegisters"]; isGone: boolean }): ReactNode {
  const { t } = useTranslation("devices");
  const { path, may } = useEstate();
  // the time belongs to the key: pressed again after a lost answer, it is the same swap
  const [{ key, swapped_at }, setBegun] = useState(begin);
  const [serial, setSerial] = useState("");
  const [reason, setReason] = useState("");
  const [shown, setShown] = useState<Record<string, string>>({});
  const swap = $api.useMutation("post", "/api/v1/estates/{estate_id}/meters/{meter_id}/swap", { onSuccess: () => refreshEstate(path.estate_id) });
  const read = (which: string, register: string): string | null => readAmount(shown[`${which}.${register}`] ?? "", PLACES);
  const isReady = serial.trim() !== "" && reason.trim() !== "" && meter.registers.every((each) => read("closing", each.name) !== null && read("opening", each.name) !== null);
  const values = (which: string): Record<string, string> => Object.fromEntries(meter.registers.map((each) => [each.name, read(which, each.name) ?? ""]));
  return (
    <Confirm
      label={t("swap")}
      icon={<IconReplace aria-hidden size={18} />}
      title={t("swapOf", { serial: meter.serial })}
      action={t("swap")}
      consequence={t("swapHint")}
      whyNot={isGone ? t("isGone") : may("meters.write") ? undefined : t("mayNot")}
      isReady={isReady}
      isPending={swap.isPending}
      error={swap.error}
      onOpen={() => {
        swap.reset();
        setBegun(begin());
      }}
      onConfirm={(close) =>
        swap.mutate(
          {
            params: { path: { ...path, meter_id: meter.meter_id }, header: { "Idempotency-Key": key } },
            body: { serial: serial.trim(), reason: reason.trim(), swapped_at, closing: values("closing"), opening: values("opening") },
          },
          { onSuccess: close },
        )
      }
    >
      <div className={classes.form}>
        <TextInput label={t("newSerial")} autoComplete="off" value={serial} onChange={(event) => setSerial(event.currentTarget.value)} />
        {meter.registers.flatMap((each) =>
          (["closing", "opening"] as const).map((which) => {
            const name = `${which}.${each.name}`;
            return (
              <TextInput
                key={name}
                label={t(which, { register: each.name, unit: each.unit })}
                inputMode="decimal"
                autoComplete="off"
                value={shown[name] ?? ""}
                onChange={(event) => setShown({ ...shown, [name]: event.currentTarget.value })}
              />
            );
          }),
        )}
        <TextInput label={t("reason")} autoComplete="off" maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      </div>
    </Confirm>
  );
}
