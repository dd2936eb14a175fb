import { beforeEach, expect, test, vi } from "vitest";

const LIFE_MS = 600_000;
const HOUR_MS = 3600_000;
let asked = 0;

beforeEach(() => {
  vi.resetModules();
  localStorage.clear();
  asked = 0;
});

/** A server whose clock is `offMs` away from this device's, and that gives tokens of ten minutes. */
function serve(offMs: number): void {
  vi.stubGlobal("fetch", () => {
    asked += 1;
    const now = Date.now() + offMs;
    const tokens = { access_token: `token-${asked}`, access_expires_at: new Date(now + LIFE_MS).toISOString(), person_id: 7 };
    return Promise.resolve(Response.json(tokens, { headers: { date: new Date(now).toUTCString() } }));
  });
}

test.each([0, HOUR_MS, -HOUR_MS])("a clock that is %d ms off asks for one token, and for the next when it ends", async (offMs) => {
  vi.useFakeTimers({ now: new Date("2026-03-02T20:00:00Z"), toFake: ["Date"] });
  serve(offMs);
  const { accessToken } = await import("./session");
  expect([await accessToken(), await accessToken()]).toEqual(["token-1", "token-1"]);
  vi.setSystemTime(Date.now() + LIFE_MS);
  expect(await accessToken()).toBe("token-2");
  vi.useRealTimers();
});
