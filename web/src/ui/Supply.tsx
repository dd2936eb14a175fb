import { IconClockHour4, IconPlug, IconPlugOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@api";
import { Tag } from "./Tag";

/** What is known of a supply: whether it is on by its device's word, and what was asked and has no answer yet. */
export interface SupplyState {
  is_on: boolean;
  asked: "on" | "off" | null;
}
export type SupplyWord = "on" | "off" | "askedOn" | "askedOff";

/** Say in one word how a supply is; what was only asked is told as just that, and what is so already is not asked. */
export function supplyWord({ is_on, asked }: SupplyState): SupplyWord {
  if (asked !== null && (asked === "on") !== is_on) return asked === "on" ? "askedOn" : "askedOff";
  return is_on ? "on" : "off";
}

const TONES = { on: "good", off: "out", askedOn: "asked", askedOff: "asked" } as const;

export function SupplyIcon({ word }: { word: SupplyWord }): ReactNode {
  const Icon = word === "on" ? IconPlug : word === "off" ? IconPlugOff : IconClockHour4;
  return <Icon aria-hidden />;
}

/** How a supply is, by itself or `of` a named utility. */
export function SupplyTag({ supply, of }: { supply: SupplyState; of?: Schemas["WalletSupply"]["utility"] }): ReactNode {
  const { t } = useTranslation("common");
  const word = supplyWord(supply);
  return (
    <Tag tone={TONES[word]} icon={<SupplyIcon word={word} />}>
      {of === undefined ? t(`supply.${word}`) : t(`supplyOf.${word}`, { utility: t(`utility.${of}`) })}
    </Tag>
  );
}
