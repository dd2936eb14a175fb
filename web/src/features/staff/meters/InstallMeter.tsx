import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, useUnits, type Schemas } from "@api";
import { Confirm } from "@ui/staff";
import classes from "./Meters.module.css";

type Utility = Schemas["MeterIn"]["utility"];
const UTILITIES: Utility[] = ["electricity", "water", "hot_water", "gas", "solar"];

/** A new meter in a unit; `device` is what speaks for it where that is known already. */
export function InstallMeter({ device: known = "", isPlain = known !== "" }: { device?: string; isPlain?: boolean }): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { path, may } = useEstate();
  const { units } = useUnits(path);
  const [key, setKey] = useState(newKey);
  const [unitId, setUnitId] = useState("");
  const [utility, setUtility] = useState<Utility>("electricity");
  const [serial, setSerial] = useState("");
  const [device, setDevice] = useState(known);
  const [isByHand, setIsByHand] = useState(false);
  const install = $api.useMutation("post", "/api/v1/estates/{estate_id}/meters", { onSuccess: () => refreshEstate(path.estate_id) });
  return (
    <Confirm
      label={t("install")}
      icon={<IconPlus aria-hidden size={18} />}
      variant={isPlain ? "default" : "filled"}
      title={t("install")}
      action={t("install")}
      consequence={t("installHint")}
      whyNot={may("meters.write") ? undefined : t("mayNot")}
      isReady={unitId !== "" && serial.trim() !== ""}
      isPending={install.isPending}
      error={install.error}
      onOpen={() => {
        install.reset();
        setKey(newKey());
      }}
      onConfirm={(close) =>
        install.mutate(
          {
            params: { path, header: { "Idempotency-Key": key } },
            body: { unit_id: Number(unitId), utility, serial: serial.trim(), device: device.trim() === "" ? null : device.trim(), is_read_by_hand: isByHand, burst: "0", registers: ["import"] },
          },
          { onSuccess: close },
        )
      }
    >
      <div className={classes.form}>
        <NativeSelect
          label={t("unit")}
          value={unitId}
          onChange={(event) => setUnitId(event.currentTarget.value)}
          data={[{ value: "", label: t("choose") }, ...units.map((each) => ({ value: `${each.unit_id}`, label: each.name }))]}
        />
        <NativeSelect
          label={t("utility")}
          value={utility}
          onChange={(event) => setUtility(event.currentTarget.value as Utility)}
          data={UTILITIES.map((each) => ({ value: each, label: t(`common:utility.${each}`) }))}
        />
        <TextInput label={t("serial")} autoComplete="off" value={serial} onChange={(event) => setSerial(event.currentTarget.value)} />
        <TextInput label={t("deviceName")} description={t("deviceNameHint")} autoComplete="off" value={device} onChange={(event) => setDevice(event.currentTarget.value)} />
        <Checkbox label={t("byHand")} checked={isByHand} onChange={(event) => setIsByHand(event.currentTarget.checked)} />
      </div>
    </Confirm>
  );
}
