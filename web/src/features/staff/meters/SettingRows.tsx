import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { refusedOf, wrongOf, type Rows, type Setting } from "./settings";
import classes from "./Meters.module.css";

/** Of drivers with many settings the first are shown, and those that are said or needed; the others fold away. */
const SHOWN = 6;

interface SettingRowsProps {
  /** What the driver says that it takes. */
  takes: readonly Setting[];
  rows: Rows;
  onChange: (rows: Rows) => void;
  /** Why they were not kept. */
  error: unknown;
}

/** What a driver is told of its device: a field for each setting that it declares, and any other by its name. */
export function SettingRows({ rows, takes, onChange, error }: SettingRowsProps): ReactNode {
  const { t } = useTranslation("devices");
  const drawn = takes.filter((each) => each.kind !== "secret");
  const refused = refusedOf(error, [...drawn.map((each) => each.name), ...rows.map(([name]) => name)]);
  const valueOf = (name: string): string => rows.find(([each]) => each === name)?.[1] ?? "";
  const set = (name: string, value: string): void => onChange(rows.some(([each]) => each === name) ? rows.map((each) => (each[0] === name ? [name, value] : each)) : [...rows, [name, value]]);
  // as it was in the beginning: a field that moved while somebody types in it would lose them
  const [first] = useState(() => drawn.filter((each, at) => at < SHOWN || each.is_needed || valueOf(each.name) !== "").map((each) => each.name));
  const isFirst = (setting: Setting): boolean => first.includes(setting.name);
  const field = (setting: Setting): ReactNode => <Field key={setting.name} setting={setting} value={valueOf(setting.name)} refused={refused.get(setting.name)} onChange={(value) => set(setting.name, value)} />;
  const more = drawn.filter((each) => !isFirst(each));
  const others = rows.map((row, at) => ({ row, at })).filter(({ row: [name] }) => !drawn.some((each) => each.name === name));
  const change = (at: number, row: [string, string]): void => onChange(rows.map((each, place) => (place === at ? row : each)));
  return (
    <>
      {drawn.filter(isFirst).map(field)}
      {more.length === 0 ? null : (
        <details className={classes.more} open={more.some((each) => refused.has(each.name)) || undefined}>
          <summary>{t("moreSettings", { count: more.length })}</summary>
          <div className={classes.form}>{more.map(field)}</div>
        </details>
      )}
      {others.map(({ row: [name, value], at }) => (
        <div key={at} className={classes.pair}>
          <TextInput label={t("setting")} autoComplete="off" value={name} error={refused.get(name)} onChange={(event) => change(at, [event.currentTarget.value, value])} />
          <TextInput label={t("settingValue")} autoComplete="off" value={value} onChange={(event) => change(at, [name, event.currentTarget.value])} />
          <ActionIcon variant="subtle" size={44} aria-label={t("remove", { name })} onClick={() => onChange(rows.filter((_, place) => place !== at))}>
            <IconX aria-hidden size={20} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button variant="default" leftSection={<IconPlus aria-hidden size={18} />} onClick={() => onChange([...rows, ["", ""]])}>
          {t("addSetting")}
        </Button>
      </div>
    </>
  );
}

interface FieldProps {
  setting: Setting;
  value: string;
  refused: string | undefined;
  onChange: (value: string) => void;
}

function Field({ setting, value, refused, onChange }: FieldProps): ReactNode {
  const { t } = useTranslation("devices");
  const { name, kind, help, choices, example, is_needed, least, most } = setting;
  const byDefault = setting.default === null ? null : `${setting.default}`;
  const wrong = wrongOf(setting, value);
  const bounds = least !== null && most !== null ? t("wholeFrom", { least, most }) : "";
  const shared = {
    label: t("settingOf", { name }),
    // drivers speak English, as their refusals do
    description: help === "" ? null : <span lang="en">{help}</span>,
    required: is_needed,
    error: wrong === "json" ? t("noJson") : wrong === "whole" ? bounds : refused === undefined ? null : <span lang="en">{refused}</span>,
    value,
  };
  // what a file of one's own says in place of a choice is JSON, and stays as it is
  if ((kind === "choice" || kind === "truth") && !value.startsWith("{")) {
    const words = kind === "truth" ? [["true", t("yes")], ["false", t("no")]] : choices.map((each) => [each, each]);
    const none = byDefault === null ? t("notSaid") : t("settingDefault", { value: kind === "truth" ? t(byDefault === "true" ? "yes" : "no") : byDefault });
    return <NativeSelect {...shared} onChange={(event) => onChange(event.currentTarget.value)} data={[{ value: "", label: none }, ...words.map(([each, label]) => ({ value: each!, label: label! }))]} />;
  }
  const placeholder = byDefault === null ? example : t("settingDefault", { value: byDefault });
  return <TextInput {...shared} autoComplete="off" spellCheck={false} inputMode={kind === "whole" ? "numeric" : kind === "amount" ? "decimal" : "text"} placeholder={placeholder} onChange={(event) => onChange(event.currentTarget.value)} />;
}
