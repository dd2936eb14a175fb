import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@api";
import { Tag } from "@ui";

export const KINDS = ["units", "people", "meters", "occupancies", "ownerships", "top_ups"] as const;
export type Kind = (typeof KINDS)[number];
export type State = Schemas["ReadingFileOut"]["state"];
const TONES = { waiting: "asked", running: "asked", done: "good", refused: "out", stopped: "out" } as const;

/** How far a file is, as a word; a look that found nothing wrong is no import. */
export function StateTag({ state, isTried }: { state: State; isTried: boolean }): ReactNode {
  const { t } = useTranslation("imports");
  return <Tag tone={TONES[state]}>{t(isTried && state === "done" ? "state.tried" : `state.${state}`)}</Tag>;
}

/** Whether a worker still has it: then it is asked again soon. */
export function isUnderWay(state: State | undefined): boolean {
  return state === "waiting" || state === "running";
}

export const AGAIN_MS = 1000;
