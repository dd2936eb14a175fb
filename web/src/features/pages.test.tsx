import "fake-indexeddb/auto";
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import i18next from "i18next";
import type { ReactNode } from "react";
import { initReactI18next } from "react-i18next";
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { EstateProvider, PlaceProvider, queries, type EstateWork, type Place } from "@api";
import MetersPage from "./meters/MetersPage";
import DevicesPage from "./staff/meters/DevicesPage";
import RoundPage from "./staff/meters/RoundPage";
import { SwapMeter } from "./staff/meters/SwapMeter";
import ImportPage from "./staff/rates/ImportPage";
import RulesPage from "./staff/supply/RulesPage";

interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: string;
}

// the client takes hold of fetch when it is loaded
const wire = vi.hoisted(() => {
  const found: { fetch: (request: Request) => Promise<Response> } = { fetch: () => Promise.reject(new TypeError("not yet")) };
  globalThis.fetch = ((request: Request) => found.fetch(request)) as typeof fetch;
  return found;
});

let asked: Asked[] = [];
/** What the API answers, by the end of the path; null is an answer that was lost. */
let answer: (asked: Asked) => unknown = () => ({ items: [] });

const ESTATE = { estate_id: 1, name: "Oaks", currency: "ZAR", time_zone: "Africa/Johannesburg" } as EstateWork["estate"];
const WORK: EstateWork = { estate: ESTATE, path: { estate_id: 1 }, may: () => true };
const PLACE = { estate: ESTATE, unitId: 3, unitName: "A1", right: "manage", wallet: { wallet_id: 4 } } as Place;

// texts are shown by their keys
beforeAll(() => i18next.use(initReactI18next).init({ lng: "en", resources: {}, showSupportNotice: false } as Parameters<typeof i18next.init>[0]));
afterEach(cleanup);
beforeEach(() => {
  queries.clear();
  queries.setDefaultOptions({ queries: { retry: false }, mutations: { retry: false } });
  asked = [];
  wire.fetch = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const one = { method: request.method, path: pathname, query: searchParams, headers: request.headers, body: await request.text() };
    asked.push(one);
    const said = answer(one);
    if (said === null) throw new TypeError("the answer was lost");
    return said instanceof Response ? said : Response.json(said);
  };
});

function show(page: ReactNode): void {
  const router = createMemoryRouter([{ path: "*", element: page }]);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queries}>
        <EstateProvider work={WORK}>
          <PlaceProvider place={PLACE}>
            <RouterProvider router={router} />
          </PlaceProvider>
        </EstateProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

const press = async (name: string): Promise<boolean> => fireEvent.click(await screen.findByRole("button", { name }));
const type = async (label: string | RegExp, value: string): Promise<boolean> => fireEvent.change(await screen.findByLabelText(label), { target: { value } });
const sent = (end: string): Asked[] => asked.filter(({ method, path }) => method !== "GET" && path.endsWith(end));

describe("pages of staff", () => {
  it("open a meter's second register with nothing typed", async () => {
    const register = (name: string, is_done: boolean) => ({ register: name, is_done, last_value: null, last_taken_at: null, expected_low: null, expected_high: null });
    let isRead = false;
    answer = ({ method, path }) => {
      if (method === "POST") return ((isRead = true), { waits_for_staff: false });
      if (!path.endsWith("/reading-rounds")) return { items: [] };
      const meter = { meter_id: 5, meter: "E1", unit: "A1", door: "", utility: "electricity", is_done: false, registers: [register("T1", isRead), register("T2", false)] };
      return { done: 0, meters: 1, from_on: "2026-03-01", last_on: "2026-03-05", items: [meter] };
    };
    show(<RoundPage />);
    await press("readIt");
    await screen.findByText("A1, E1, T1");
    await type("shows", "120");
    await press("sendReading");
    await waitFor(() => expect(screen.queryByText("A1, E1, T1")).toBeNull());
    await press("readIt");
    await screen.findByText("A1, E1, T2");
    expect((screen.getByLabelText("shows") as HTMLInputElement).value).toBe("");
    await type("shows", "7");
    await press("sendReading");
    await waitFor(() => expect(sent("/manual-readings").map(({ body }) => JSON.parse(body)).map((each) => [each.register, each.value])).toEqual([["T1", "120"], ["T2", "7"]]));
    const keys = sent("/manual-readings").map(({ headers }) => headers.get("idempotency-key"));
    expect(new Set(keys).size).toBe(2);
  });

  it("ask for the same swap again when its answer was lost", async () => {
    answer = () => null;
    const meter = { meter_id: 5, serial: "E1", registers: [{ register_id: 9, name: "import", unit: "kWh" }] } as Parameters<typeof SwapMeter>[0]["meter"];
    show(<SwapMeter meter={meter} isGone={false} />);
    await press("swap");
    for (const [label, value] of [["newSerial", "E2"], ["closing", "10"], ["opening", "0"], ["reason", "Broken"]]) await type(label!, value!);
    const again = async (count: number): Promise<void> => {
      fireEvent.submit(screen.getByLabelText("newSerial").closest("form")!);
      await waitFor(() => expect(sent("/swap")).toHaveLength(count));
      await screen.findByRole("alert");
    };
    await again(1);
    await new Promise((done) => setTimeout(done, 5));
    await again(2);
    const [first, second] = sent("/swap");
    expect([second!.body, second!.headers.get("idempotency-key")]).toEqual([first!.body, first!.headers.get("idempotency-key")]);
    expect(JSON.parse(first!.body).swapped_at).toMatch(/^\d{4}-/);
  });

  it("store of a file what was read and shown, and nothing that was changed after", async () => {
    answer = () => ({ rate_table_id: null, documents: [], warnings: [], left_out: [{ line: 1, path: "", message: "odd" }], to_confirm: [], to_decide: [] });
    show(<ImportPage />);
    await type("fileText", "rate_table: 1");
    await press("readFile");
    fireEvent.click(await screen.findByLabelText("leaveOut"));
    await screen.findByRole("button", { name: "saveDraft" });
    await type("fileText", "rate_table: 2");
    await waitFor(() => expect(screen.queryByRole("button", { name: "saveDraft" })).toBeNull());
    await press("readFile");
    expect(((await screen.findByLabelText("leaveOut")) as HTMLInputElement).checked).toBe(false);
    await press("saveDraft");
    await waitFor(() => expect(sent("/import").map(({ body, query }) => [body, query.get("accept")])).toEqual([["rate_table: 1", "false"], ["rate_table: 2", "false"], ["rate_table: 2", "true"]]));
  });

  it("call no device fine whose issue is beyond the first page of issues", async () => {
    const device = (device_id: number) => ({ device_id, name: `d${device_id}`, driver: "mqtt", model: "", last_heard_at: "2026-03-01T10:00:00Z" });
    answer = ({ path, query }) => {
      if (path.endsWith("/devices")) return { items: [device(1), device(2)], next: null };
      if (!path.endsWith("/device-issues")) return { items: [] };
      return query.get("before") === "i1" ? { items: [{ issue_id: "i2", device_id: 2 }], next: null } : { items: [{ issue_id: "i1", device_id: 7 }], next: "i1" };
    };
    show(<DevicesPage />);
    expect((await screen.findAllByText("lookAfter")).length).toBe(1);
    expect(screen.getAllByText("fine").length).toBe(1);
  });
});

describe("rules of an estate", () => {
  it("change friendly hours on the condition of those that were shown", async () => {
    const hours = { is_on: true, night_from: "18:00", night_until: "08:00", weekends: true, holidays_country: null, holidays_subdivision: null, next_cut_at: "2026-03-01T10:00:00Z" };
    let tag = '"a"';
    const submit = (): boolean => fireEvent.submit(screen.getByLabelText("nightUntil").closest("form")!);
    answer = ({ method, path, headers }) => {
      if (!path.endsWith("/friendly-hours")) return { items: [] };
      if (method === "GET") return Response.json({ ...hours, night_until: tag === '"a"' ? "08:00" : "09:00" }, { headers: { etag: tag } });
      return headers.get("if-match") === tag ? hours : Response.json({ status: 412, code: "precondition_failed", title: "Changed", detail: "" }, { status: 412 });
    };
    show(<RulesPage />);
    await type("nightUntil", "07:00");
    // somebody else is faster
    tag = '"b"';
    submit();
    await waitFor(() => expect((screen.getByLabelText("nightUntil") as HTMLInputElement).value).toBe("09:00"));
    submit();
    await waitFor(() => expect(sent("/friendly-hours").map(({ headers }) => headers.get("if-match"))).toEqual(['"a"', '"b"']));
    expect(JSON.parse(sent("/friendly-hours")[1]!.body)).toMatchObject({ night_until: "09:00" });
  });

  it("change a credit rule that is still the one that was shown", async () => {
    const line = (amount: string) => ({ amount, currency: "ZAR" });
    const rule = { utility: "water", is_cutting: true, low_line: line("50.00"), cut_line: line("0.00"), restore_line: line("10.00"), lifeline_w: null, is_default: false };
    let now = rule;
    const submit = (): boolean => fireEvent.submit(screen.getByLabelText(/lowLine/).closest("form")!);
    answer = ({ method, path }) => {
      if (path.endsWith("/credit-rules")) return { items: [now] };
      if (path.endsWith("/friendly-hours")) return { is_on: false, next_cut_at: "2026-03-01T10:00:00Z" };
      if (!path.endsWith("/credit-rules/water")) return { items: [] };
      return method === "GET" ? Response.json(now, { headers: { etag: `"${now.low_line.amount}"` } }) : rule;
    };
    show(<RulesPage />);
    await type(/lowLine/, "70");
    // somebody else is faster: nothing is sent, what they wrote is shown
    now = { ...rule, low_line: line("90.00") };
    submit();
    await waitFor(() => expect((screen.getByLabelText(/lowLine/) as HTMLInputElement).value).toBe("90"));
    expect(sent("/credit-rules/water")).toEqual([]);
    await type(/lowLine/, "95");
    submit();
    await waitFor(() => expect(sent("/credit-rules/water").map(({ headers }) => headers.get("if-match"))).toEqual(['"90.00"']));
    expect(JSON.parse(sent("/credit-rules/water")[0]!.body)).toMatchObject({ low_line: "95", is_cutting: true });
  });
});

describe("a home's meters", () => {
  it("each show what they said last, however much another says", async () => {
    const meter = (meter_id: number) => ({ meter_id, serial: `M${meter_id}`, utility: "water", is_read_by_hand: false });
    answer = ({ path, query }) => {
      if (path.endsWith("/meters")) return { items: [meter(5), meter(6)] };
      const one = /\/meters\/(\d)$/.exec(path);
      if (one !== null) return { ...meter(Number(one[1])), registers: [{ register_id: Number(one[1]) * 10, name: "import", unit: "m3" }] };
      if (!path.endsWith("/readings")) return { items: [] };
      // the list of all has no room for the second meter
      const of = query.get("register_id") ?? "50";
      return { items: [{ meter: `M${of[0]}`, register_id: Number(of), taken_at: "2026-03-01T10:00:00Z", value: { amount: `${of}.5`, unit: "m3" } }] };
    };
    show(<MetersPage />);
    expect(await screen.findByText(/50\.5/)).toBeTruthy();
    expect(await screen.findByText(/60\.5/)).toBeTruthy();
    expect(asked.filter(({ path }) => path.endsWith("/readings")).map(({ query }) => query.get("limit"))).toEqual(["1", "1"]);
  });
});
