import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { HERE, useFormats } from "../format";
import { instantOf } from "./instants";

interface InstantInputProps {
  label: string;
  /** The local time of the estate's clocks, as `localOf` writes it; `instantOf` reads it. */
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  error?: ReactNode;
  isRequired?: boolean;
}

/** A date and a time by the estate's clocks, wherever the reader is; where their own clock shows another time, that too. */
export function InstantInput({ label, value, onChange, hint, error, isRequired = false }: InstantInputProps): ReactNode {
  const { t } = useTranslation("parts");
  const { time_zone } = useEstate().estate;
  const here = useFormats(HERE);
  const there = useFormats({ currency: "XXX", time_zone });
  const at = instantOf(value, time_zone);
  const differs = at !== null && here.moment(at) !== there.moment(at);
  const told = [hint, differs ? t("estateTimeHere", { zone: time_zone, time: here.moment(at) }) : t("estateTime", { zone: time_zone })].filter(Boolean).join(" ");
  return <TextInput type="datetime-local" label={label} description={told} required={isRequired} step={value.length > 16 ? 1 : 60} value={value} error={error} onChange={(event) => onChange(event.currentTarget.value)} />;
}
