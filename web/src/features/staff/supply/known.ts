import type { Schemas } from "@api";
import type { SupplyState } from "@ui";

type Utility = Schemas["SupplyOut"]["utility"];
type Command = Pick<Schemas["mita__credit__schemas__supplies__CommandOut"], "action" | "state">;

/** What is known of a supply, since when, and how far what was asked has got. */
export interface Known extends SupplyState {
  unit_id: number;
  utility: Utility;
  /** When the device said so; null where it never said anything. */
  since: string | null;
  step: Command["state"] | null;
}

const OVER = ["confirmed", "failed"];

/** Whether a command still waits for the device's word. */
export function isOpen({ state }: { state: string }): boolean {
  return !OVER.includes(state);
}

/**
 * Put together what is known of one supply.
 *
 * Only what a device said changes whether it is on: a command that was asked, sent or acknowledged does not.
 */
export function knownOf(
  at: { unit_id: number; utility: Utility },
  supply: { is_on: boolean; since: string } | undefined,
  open: readonly Command[],
): Known {
  const moving = open.find((each) => isOpen(each) && (each.action === "on" || each.action === "off"));
  return {
    ...at,
    is_on: supply?.is_on ?? true,
    since: supply?.since ?? null,
    asked: moving === undefined ? null : (moving.action as "on" | "off"),
    step: moving?.state ?? null,
  };
}
