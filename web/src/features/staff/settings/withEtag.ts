import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, problemOf } from "@api";
import type { Values } from "./rules";

interface Tagged {
  answer: Values;
  /** What was read, by its name: a change is refused if somebody else was faster. */
  etag: string;
}

// one of many paths: each has its own types, and what is sent is checked by the server against its own
const ask = api as unknown as Record<"GET" | "PUT" | "PATCH", (path: string, init: object) => Promise<{ data?: unknown; error?: unknown; response: Response }>>;

/** Something of an estate with its ETag, and how to change it. */
export function useTagged(path: string, estate_id: number) {
  const client = useQueryClient();
  const queryKey = ["tagged", path, { params: { path: { estate_id } } }];
  const params = { path: { estate_id } };
  const asked = useQuery<Tagged>({
    queryKey,
    queryFn: async () => {
      const { data, error, response } = await ask.GET(path, { params });
      if (data === undefined) throw error;
      return { answer: data as Values, etag: response.headers.get("etag") ?? "*" };
    },
  });
  const change = async (method: "PUT" | "PATCH", body: Values, etag: string): Promise<void> => {
    const { error } = await ask[method](path, { params: { ...params, header: { "If-Match": etag } }, body });
    if (error !== undefined) {
      // somebody else was faster: what they wrote is shown
      if (problemOf(error).status === 412) await asked.refetch();
      throw error;
    }
    await client.invalidateQueries({ predicate: ({ queryKey: [head, at] }) => (head === "tagged" && at === path) || at === path || head === "get" && at === "/api/v1/estates" });
  };
  return { asked, change };
}
