import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { $api, problemOf, useEstate, type Schemas } from "@api";
import type { RateDocument } from "./document";

/** What is being written: by the form, or as text. */
export type Draft = { document: RateDocument } | { text: string };
export type Consumption = Schemas["ConsumptionIn"];
export interface DraftProblem {
  path: string;
  line: number | null;
  message: string;
}
export interface Preview {
  /** The draft as the server reads it; undefined while it is no rate table, or not yet looked at. */
  read: Schemas["DraftOut"] | undefined;
  /** What was read last, also while something newer is on its way. */
  last: Schemas["DraftOut"] | undefined;
  problems: DraftProblem[];
  /** Nobody wrote anything yet: nothing is wrong, and nothing to price. */
  isBlank: boolean;
  /** What kept it from being read but the draft itself. */
  error: unknown;
}

const PAUSE_MS = 400;

/** Let the server read a draft and price a consumption by it, a moment after the last change; one that was not begun is not sent. */
export function usePreview(draft: Draft, consumption: Consumption | null, beside: number | null, isBegun: boolean): Preview {
  const { path } = useEstate();
  const wanted = JSON.stringify({ ...draft, ...(consumption === null ? {} : { consumption, ...(beside === null ? {} : { beside }) }) });
  const settled = useSettled(wanted);
  const asked = $api.useQuery(
    "post",
    "/api/v1/estates/{estate_id}/rate-tables/preview",
    { params: { path }, body: JSON.parse(settled) as Schemas["DraftIn"] },
    { enabled: isBegun, placeholderData: keepPreviousData, retry: false, staleTime: 30_000, gcTime: 60_000 },
  );
  const problem = asked.isError ? problemOf(asked.error) : null;
  const isOfDraft = problem?.status === 422;
  const problems = isOfDraft ? ((problem.problems ?? []) as Partial<DraftProblem>[]) : [];
  return {
    read: settled === wanted && asked.isSuccess && !asked.isPlaceholderData ? asked.data : undefined,
    last: asked.data,
    problems: problems.map(({ path: at = "", line = null, message = "" }) => ({ path: at, line, message })),
    isBlank: !isBegun,
    error: isOfDraft && problems.length > 0 ? null : asked.error,
  };
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}
