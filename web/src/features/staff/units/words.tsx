import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@api";
import { Tag } from "@ui";

export const STATES = ["occupied", "reserved", "vacant", "out_of_use"] as const;
export const KINDS = ["flat", "house", "shop", "office", "parking", "storage", "common", "other"] as const;
export const STANDINGS = ["in_credit", "low", "out"] as const;

type Unit = Schemas["UnitOut"];
type Standing = Schemas["UnitRow"]["standing"];

const OF_STATE = { occupied: "good", reserved: "asked", vacant: "low", out_of_use: "plain" } as const;
const OF_STANDING = { in_credit: "good", low: "low", out: "out" } as const;

/** Whether somebody lives in a unit, as a word. */
export function StateTag({ state }: { state: Unit["state"] }): ReactNode {
  const { t } = useTranslation("units");
  return <Tag tone={OF_STATE[state]}>{t(`state.${state}`)}</Tag>;
}

/** How the money of a unit stands, as a word. */
export function StandingTag({ standing }: { standing: NonNullable<Standing> }): ReactNode {
  const { t } = useTranslation("common");
  return <Tag tone={OF_STANDING[standing]}>{t(`standing.${standing}`)}</Tag>;
}
