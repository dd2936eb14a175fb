import createFetchClient, { type Middleware } from "openapi-fetch";
import createClient from "openapi-react-query";
import { noteServerTime } from "./clock";
import { accessToken, forgetSession, refresh } from "./session";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Money = Schemas["Money"];
export type Quantity = Schemas["Quantity"];

const PUBLIC = "/api/v1/auth/";

const withSession: Middleware = {
  async onRequest({ request }) {
    if (new URL(request.url).pathname.startsWith(PUBLIC)) return undefined;
    const token = await accessToken();
    if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
    return request;
  },
  async onResponse({ request, response }) {
    noteServerTime(response);
    const isPublic = new URL(request.url).pathname.startsWith(PUBLIC);
    // the session was ended elsewhere: one question settles it, and the reader sees the sign-in
    if (response.status === 401 && !isPublic && !(await refresh())) forgetSession();
    return response.ok ? undefined : withReference(response);
  },
};

/** A refusal tells the name of its request in a header; put it where whoever shows the error finds it. */
async function withReference(response: Response): Promise<Response> {
  const reference = response.headers.get("x-correlation-id") ?? undefined;
  const told: unknown = await response.json().catch(() => null);
  const problem = typeof told === "object" && told !== null && "code" in told ? told : { code: "unexpected" };
  return Response.json({ status: response.status, title: "", detail: "", ...problem, reference }, { status: response.status });
}

/** The API with the types of its own description. Bodies and errors are what the server documents. */
export const api = createFetchClient<paths>({ baseUrl: window.location.origin });
api.use(withSession);

/** The same as hooks of TanStack Query: `$api.useQuery("get", path, { params })`. */
export const $api = createClient(api);

/** What sends a file as it is: the types of our OpenAPI call every body that is no JSON a text. */
export function fileBody(file: Blob, type: string) {
  return { body: file as unknown as string, bodySerializer: () => file, headers: { "content-type": type } };
}

/** A key that makes a write happen once, however often it is sent. */
export function newKey(): string {
  return crypto.randomUUID();
}
