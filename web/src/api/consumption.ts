import { keepPreviousData } from "@tanstack/react-query";
import { $api, type Schemas } from "./client";
import type { Place } from "./place";

export type Step = "hour" | "day" | "week" | "month";

/** Local days of the estate, from one until before another, cut into steps. */
export interface Span {
  from: string;
  to: string;
  step: Step;
}

export type History = Schemas["ConsumptionHistory"];

/** What a home used and was charged; while another span is on its way, the one before stays. */
export function useHistory(place: Place, { from, to, step }: Span) {
  return $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/units/{unit_id}/consumption-history",
    { params: { path: { estate_id: place.estate.estate_id, unit_id: place.unitId }, query: { from, to, step } } },
    { placeholderData: keepPreviousData },
  );
}

/** What a wallet spent, and how long its money lasts. */
export function useSpending(place: Place, { from, to, step }: Span) {
  return $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/spending-summary", {
    params: {
      path: { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id },
      query: { from, to, step },
    },
  });
}

/** Whether each utility is on, what is on its way, what brings it back. */
export function useSupplies(place: Place) {
  return $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/supplies", {
    params: { path: { estate_id: place.estate.estate_id, wallet_id: place.wallet.wallet_id } },
  });
}
