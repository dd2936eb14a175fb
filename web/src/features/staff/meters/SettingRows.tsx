import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Meters.module.css";

interface SettingRowsProps {
  /** What the driver declares: its field stands for each of them, and any other name can be typed. */
  names: string[];
  rows: [string, string][];
  onChange: (rows: [string, string][]) => void;
}

/** What a driver is told of its device, by name. */
export function SettingRows({ rows, names, onChange }: SettingRowsProps): ReactNode {
  const { t } = useTranslation("devices");
  const set = (at: number, row: [string, string]): void => onChange(rows.map((each, place) => (place === at ? row : each)));
  return (
    <>
      {rows.map(([name, value], at) =>
        names.includes(name) ? (
          <TextInput key={name} label={t("settingOf", { name })} autoComplete="off" value={value} onChange={(event) => set(at, [name, event.currentTarget.value])} />
        ) : (
          <div key={at} className={classes.pair}>
            <TextInput label={t("setting")} autoComplete="off" value={name} onChange={(event) => set(at, [event.currentTarget.value, value])} />
            <TextInput label={t("settingValue")} autoComplete="off" value={value} onChange={(event) => set(at, [name, event.currentTarget.value])} />
            <ActionIcon variant="subtle" size={44} aria-label={t("remove", { name })} onClick={() => onChange(rows.filter((_, place) => place !== at))}>
              <IconX aria-hidden size={20} />
            </ActionIcon>
          </div>
        ),
      )}
      <div>
        <Button variant="default" leftSection={<IconPlus aria-hidden size={18} />} onClick={() => onChange([...rows, ["", ""]])}>
          {t("addSetting")}
        </Button>
      </div>
    </>
  );
}
