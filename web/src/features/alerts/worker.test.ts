import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";

const SCOPE = "https://mita.test/app/";

interface Event {
  data?: { json: () => unknown };
  notification?: { close: () => void; data: { path: string } };
  waitUntil: (work: Promise<void>) => void;
}

const handlers = new Map<string, (event: Event) => void>();
const showNotification = vi.fn(() => Promise.resolve());
const openWindow = vi.fn(() => Promise.resolve());
let windows: { url: string; focus: () => Promise<void>; navigate: (url: string) => Promise<void> }[] = [];

/** Run the service worker's own part as a browser does: with its globals, and nothing else. */
function start(): void {
  const code = readFileSync("public/push.js", "utf8");
  const self = {
    registration: { scope: SCOPE, showNotification },
    addEventListener: (name: string, handle: (event: Event) => void) => handlers.set(name, handle),
  };
  new Function("self", "clients", code)(self, { matchAll: () => Promise.resolve(windows), openWindow });
}

async function happen(name: string, event: Omit<Event, "waitUntil">): Promise<void> {
  let work = Promise.resolve();
  handlers.get(name)!({ ...event, waitUntil: (each) => (work = each) });
  await work;
}

const click = (path: string): Promise<void> => happen("notificationclick", { notification: { close: () => undefined, data: { path } } });

beforeEach(() => {
  windows = [];
  vi.clearAllMocks();
  start();
});

describe("what the service worker does with a push", () => {
  it("shows it, under the tag of its alert", async () => {
    const told = { title: "Credit is low", body: "A1: 12.34 ZAR", path: "e/1/wallet/2", tag: "a1" };
    await happen("push", { data: { json: () => told } });
    const icon = `${SCOPE}icon-192.png`;
    expect(showNotification).toHaveBeenCalledWith(told.title, { body: told.body, tag: "a1", icon, data: { path: told.path } });
  });

  it("shows something whatever came", async () => {
    await happen("push", {});
    const broken = (): unknown => {
      throw new SyntaxError("no JSON");
    };
    await happen("push", { data: { json: broken } });
    expect(showNotification).toHaveBeenCalledTimes(2);
    expect(showNotification).toHaveBeenLastCalledWith("Mita", expect.objectContaining({ body: "" }));
  });

  it("opens the wallet, in the app's window where there is one", async () => {
    await click("e/1/wallet/2");
    expect(openWindow).toHaveBeenCalledWith(`${SCOPE}e/1/wallet/2`);
    const own = { url: `${SCOPE}sign-in`, focus: vi.fn(() => Promise.resolve()), navigate: vi.fn(() => Promise.resolve()) };
    windows = [{ ...own, url: "https://mita.test/" }, own];
    await click("e/1/wallet/3");
    expect(own.focus).toHaveBeenCalled();
    expect(own.navigate).toHaveBeenCalledWith(`${SCOPE}e/1/wallet/3`);
    expect(openWindow).toHaveBeenCalledTimes(1);
  });

  it("opens nothing but the app", async () => {
    for (const path of ["https://elsewhere.test/", "//elsewhere.test/", "../api/v1/me"]) await click(path);
    expect(openWindow.mock.calls).toEqual([[SCOPE], [SCOPE], [SCOPE]]);
  });
});
