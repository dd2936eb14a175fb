import { useQuery } from "@tanstack/react-query";
import { api, problemOf, refreshEstate } from "@api";
import type { Asked } from "../states";

interface Tagged<Answer> {
  answer: Answer;
  /** What was read, by its name: a change is refused if somebody else was faster. */
  etag: string;
}

// one of many paths: each has its own types, and what is sent is checked by the server against its own
const ask = api as unknown as Record<"GET" | "PUT" | "PATCH", (path: string, init: object) => Promise<{ data?: unknown; error?: unknown; response: Response }>>;

/** Something of an estate with its ETag, and how to change it. */
export function useTagged<Answer = Record<string, unknown>>(
  path: string,
  estate_id: number,
): { asked: Asked<Tagged<Answer>>; change: (method: "PUT" | "PATCH", body: object, etag: string) => Promise<void> } {
  const params = { path: { estate_id } };
  const asked = useQuery<Tagged<Answer>>({
    queryKey: ["tagged", path, { params }],
    queryFn: async () => {
      const { data, error, response } = await ask.GET(path, { params });
      if (data === undefined) throw error;
      return { answer: data as Answer, etag: response.headers.get("etag") ?? "*" };
    },
  });
  const change = async (method: "PUT" | "PATCH", body: object, etag: string): Promise<void> => {
    const { error } = await ask[method](path, { params: { ...params, header: { "If-Match": etag } }, body });
    if (error !== undefined) {
      // somebody else was faster: what they wrote is shown
      if (problemOf(error).status === 412) await asked.refetch();
      throw error;
    }
    refreshEstate(estate_id);
  };
  return { asked, change };
}
