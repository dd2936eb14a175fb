import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { deleteItem, deliverOutbox, emptyOutbox, readOutbox, sendSafely, tryAgain } from ".";
import { forgetSession, takeTokens } from "../session";
import type { Item, ReadingPayload } from "./items";
import { isPassing } from "./deliver";
import { itemsOf } from "./store";

const DONE = { manual_reading_id: "x" };
const REFUSED = { status: 409, code: "reading_window_closed", title: "Not now", detail: "residents read from the 1st" };

interface Asked {
  path: string;
  key: string | null;
  body: string;
}

// the client takes hold of fetch when it is loaded
const wire = vi.hoisted(() => {
  const found: { fetch: (request: Request) => Promise<Response> } = { fetch: () => Promise.reject(new TypeError("not yet")) };
  globalThis.fetch = ((request: Request) => found.fetch(request)) as typeof fetch;
  return found;
});

let asked: Asked[] = [];
/** What the server answers next; null is no connection. */
let answer: (asked: Asked) => Response | null = () => Response.json(DONE, { status: 201 });

function signIn(personId: number): void {
  const later = new Date(Date.now() + 600_000).toISOString();
  const tokens = { access_token: `of-${personId}`, access_expires_at: later, refresh_expires_at: later, person_id: personId };
  takeTokens(tokens as unknown as Parameters<typeof takeTokens>[0]);
}

function reading(more: Partial<ReadingPayload> = {}): ReadingPayload {
  return {
    estate_id: 1,
    meter_id: 5,
    register: "import",
    value: "120.5",
    unit: "kWh",
    taken_at: "2026-03-01T10:00:00.000Z",
    photo: null,
    photo_id: null,
    photo_key: "photo-key",
    serial: "E1",
    utility: "electricity",
    home: "A1",
    ...more,
  };
}

const readings = (): Asked[] => asked.filter((each) => each.path.endsWith("/manual-readings"));

beforeEach(async () => {
  asked = [];
  signIn(7);
  for (const person of [7, 8]) for (const each of await itemsOf(person)) await deleteItem(each.id);
  await readOutbox();
  answer = () => Response.json(DONE, { status: 201 });
  wire.fetch = async (request: Request) => {
    const { pathname } = new URL(request.url);
    const one = { path: pathname, key: request.headers.get("idempotency-key"), body: await request.text() };
    asked.push(one);
    const said = answer(one);
    if (said === null) throw new TypeError("no connection");
    return said;
  };
});

async function left(person = 7): Promise<Item[]> {
  return itemsOf(person);
}

describe("the outbox", () => {
  it("sends at once where it can, and keeps nothing", async () => {
    expect(await sendSafely("manual_reading", reading())).toEqual({ state: "done", answer: DONE });
    expect(await left()).toEqual([]);
  });

  it("keeps what cannot be sent, and sends the same thing with the same key later", async () => {
    answer = () => null;
    expect(await sendSafely("manual_reading", reading())).toEqual({ state: "waiting" });
    expect(await sendSafely("manual_reading", reading({ value: "121" }))).toEqual({ state: "waiting" });
    const [first, second] = await left();
    answer = () => Response.json(DONE, { status: 201 });
    asked = [];
    await deliverOutbox();
    expect(readings().map((each) => each.key)).toEqual([first?.id, second?.id]);
    expect(readings().map((each) => JSON.parse(each.body).value)).toEqual(["120.5", "121"]);
    expect(JSON.parse(readings()[0]!.body).taken_at).toBe("2026-03-01T10:00:00.000Z");
    expect(await left()).toEqual([]);
  });

  it("sends an item again under its key when the answer was lost, and its photo once", async () => {
    const photo = new Blob(["a photo"]);
    answer = ({ path }) => (path.endsWith("/photos") ? Response.json({ photo_id: "p1" }, { status: 201 }) : null);
    expect((await sendSafely("manual_reading", reading({ photo }))).state).toBe("waiting");
    answer = () => Response.json(DONE, { status: 201 });
    await deliverOutbox();
    expect(asked.filter((each) => each.path.endsWith("/photos"))).toHaveLength(1);
    expect(readings()).toHaveLength(2);
    expect(readings()[0]).toEqual(readings()[1]);
    expect(JSON.parse(readings()[1]!.body).photo_id).toBe("p1");
  });

  it("tells a refusal to who is there, and keeps nothing of it", async () => {
    answer = () => Response.json(REFUSED, { status: 409 });
    const outcome = await sendSafely("manual_reading", reading());
    expect(outcome).toMatchObject({ state: "refused", problem: { code: "reading_window_closed" } });
    expect(await left()).toEqual([]);
  });

  it("keeps what is refused later until somebody decides, and sends the rest", async () => {
    answer = () => null;
    await sendSafely("manual_reading", reading());
    await sendSafely("manual_reading", reading({ meter_id: 6 }));
    answer = ({ path }) => (path.includes("/meters/5/") ? Response.json(REFUSED, { status: 409 }) : Response.json(DONE, { status: 201 }));
    await deliverOutbox();
    const [refused, ...others] = await left();
    expect(others).toEqual([]);
    expect(refused).toMatchObject({ state: "refused", problem: { detail: REFUSED.detail } });
    asked = [];
    await deliverOutbox();
    expect(asked).toEqual([]);
    answer = () => Response.json(DONE, { status: 201 });
    await tryAgain(refused!);
    expect(readings()[0]?.key).toBe(refused?.id);
    expect(await left()).toEqual([]);
  });

  it("goes past a meter that the server cannot serve just now, but keeps its order", async () => {
    answer = () => null;
    for (const meter_id of [5, 5, 6]) await sendSafely("manual_reading", reading({ meter_id }));
    answer = ({ path }) => Response.json({ ...DONE, status: 503, code: "unavailable" }, { status: path.includes("/meters/5/") ? 503 : 201 });
    asked = [];
    await deliverOutbox();
    expect(readings().map((each) => each.path.includes("/meters/5/"))).toEqual([true, false]);
    expect((await left()).map((each) => each.state)).toEqual(["waiting", "waiting"]);
  });

  it("sends one thing once, however many ask for it at a time", async () => {
    answer = () => null;
    await sendSafely("manual_reading", reading());
    answer = () => Response.json(DONE, { status: 201 });
    asked = [];
    await Promise.all([deliverOutbox(), deliverOutbox(), deliverOutbox()]);
    expect(readings()).toHaveLength(1);
  });

  it("never sends or shows what is somebody else's", async () => {
    answer = () => null;
    await sendSafely("manual_reading", reading());
    forgetSession();
    signIn(8);
    answer = () => Response.json(DONE, { status: 201 });
    asked = [];
    await deliverOutbox();
    await emptyOutbox();
    expect(asked).toEqual([]);
    expect(await left(7)).toHaveLength(1);
    signIn(7);
    await deliverOutbox();
    expect(readings()).toHaveLength(1);
  });

  it("knows what may go better later", () => {
    const of = (status: number): boolean => isPassing({ status, code: "x", title: "", detail: "" });
    expect([0, 401, 429, 500, 503].map(of)).toEqual([true, true, true, true, true]);
    expect([400, 403, 404, 409, 415, 422].map(of)).toEqual([false, false, false, false, false, false]);
  });
});

it("sends a token once, with its key, and keeps nothing of its digits", async () => {
  const token = { estate_id: 1, meter_id: 5, token: "66475648316756821785", serial: "E1", home: "A1" };
  answer = () => null;
  expect(await sendSafely("meter_token", token)).toEqual({ state: "waiting" });
  await sendSafely("manual_reading", reading());
  const [item] = await left();
  // the reading of the same meter is held up by nothing but its own
  answer = ({ path }) => Response.json({ ...DONE, status: 503, code: "unavailable" }, { status: path.endsWith("/tokens") ? 503 : 201 });
  await deliverOutbox();
  expect((await left()).map((each) => each.kind)).toEqual(["meter_token"]);
  answer = () => Response.json({ meter_token_id: "t1", state: "waiting" }, { status: 201 });
  asked = [];
  await deliverOutbox();
  expect(asked).toEqual([{ path: "/api/v1/estates/1/meters/5/tokens", key: item?.id, body: JSON.stringify({ token: token.token }) }]);
  expect(await left()).toEqual([]);
});

describe("a device without room", () => {
  it("sends what waits, and leaves no failure that nobody hears of", async () => {
    answer = () => null;
    await sendSafely("manual_reading", reading());
    answer = () => Response.json(DONE, { status: 201 });
    const unheard = vi.fn();
    process.on("unhandledRejection", unheard);
    const kept = localStorage;
    const write = vi.fn((name: string, value: string) => kept.setItem(name, value)).mockImplementationOnce(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
    vi.stubGlobal("localStorage", { getItem: (name: string) => kept.getItem(name), setItem: write, removeItem: (name: string) => kept.removeItem(name) });
    await deliverOutbox();
    await new Promise((done) => setTimeout(done, 20));
    process.off("unhandledRejection", unheard);
    vi.unstubAllGlobals();
    expect(write.mock.results[0]?.type).toBe("throw");
    expect(unheard).not.toHaveBeenCalled();
    expect(await left()).toEqual([]);
  });
});
