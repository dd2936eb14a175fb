import { useQueries } from "@tanstack/react-query";
import { $api, type Estate, type Schemas } from "@api";

export type Group = Schemas["GroupOut"];

/** The groups of the reader in all their estates; an estate where that cannot be asked has none. */
export function useGroups(estates: readonly Estate[]): { groups: { estate: Estate; group: Group }[]; isPending: boolean; error: unknown; retry: () => void } {
  const asked = useQueries({
    queries: estates.map(({ estate_id }) =>
      $api.queryOptions("get", "/api/v1/estates/{estate_id}/wallet-groups", { params: { path: { estate_id } } }),
    ),
  });
  return {
    groups: estates.flatMap((estate, at) => (asked[at]?.data?.items ?? []).map((group) => ({ estate, group }))),
    isPending: asked.some((each) => each.isPending),
    error: asked.find((each) => each.isError && each.data === undefined)?.error ?? null,
    retry: () => asked.forEach((each) => void each.refetch()),
  };
}
