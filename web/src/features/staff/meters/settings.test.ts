import { expect, test } from "vitest";
import { refusedOf, rowsOf, settingsOf, wrongOf, type Setting } from "./settings";

const setting = (name: string, kind: Setting["kind"], more: Partial<Setting> = {}): Setting => ({ name, kind, help: "", default: null, choices: [], least: null, most: null, is_needed: false, example: "", ...more });
const TAKES = [setting("url", "text"), setting("secondary", "text"), setting("ct_ratio", "amount"), setting("unit", "whole", { least: 0, most: 255 }), setting("relay", "free"), setting("relays", "json"), setting("map", "choice"), setting("limit", "truth")];

test("what is shown is read again as it was", () => {
  const settings = { url: "tcp://10.0.0.7:502", secondary: "12345678", ct_ratio: "40", unit: 1, relay: false, relays: { "E-17": 1 }, map: { id: "own" }, limit: true, other: "true", more: "word" };
  expect(settingsOf(rowsOf(settings, TAKES), TAKES)).toEqual(settings);
});

test("digits are a text where the driver wants one, a number where it wants that", () => {
  const rows = TAKES.map(({ name }): [string, string] => [name, "17"]);
  expect(settingsOf(rows, TAKES)).toEqual({ url: "17", secondary: "17", ct_ratio: "17", unit: 17, relay: 17, relays: 17, map: 17, limit: 17 });
  expect(settingsOf([["relay", "relay_1"], ["map", "eastron_sdm120"], ["limit", "true"], ["unit", " "], ["", "x"]], TAKES)).toEqual({ relay: "relay_1", map: "eastron_sdm120", limit: true });
});

test("numbers beyond their bounds and broken JSON are seen before they are sent", () => {
  const [unit, relays] = [TAKES[3], TAKES[5]];
  expect(["0", "255", ""].map((each) => wrongOf(unit, each))).toEqual([null, null, null]);
  expect(["-1", "256", "1.5", "one", "1e2"].map((each) => wrongOf(unit, each))).toEqual(Array(5).fill("whole"));
  expect([wrongOf(relays, '{"E-17": 1}'), wrongOf(relays, "{"), wrongOf(undefined, "{")]).toEqual([null, "json", null]);
});

test("a refusal stands at the setting that it names", () => {
  const refused = (path: string, ...messages: string[]) => ({ status: 422, code: "invalid", title: "", problems: messages.map((message) => ({ path, message })) });
  const names = TAKES.map((each) => each.name);
  const found = refusedOf(refused("settings", "unit must be a whole number from 0 to 255", "the setting map is odd", "setting 'relay' is neither", "url 'x' must begin with tcp://", "the meter is gone"), names);
  expect([...found.keys()]).toEqual(["unit", "map", "relay", "url"]);
  expect(refusedOf(refused("fields.0", "unit is wrong"), names).size).toBe(0);
  // a longer name is not a shorter one
  expect([...refusedOf(refused("settings", "setting 'relays' is not by serial number"), names).keys()]).toEqual(["relays"]);
  expect(refusedOf(null, names).size).toBe(0);
});

test("without a description what is no JSON is a word, and rows without a name or a value are left out", () => {
  const settings = { relay: 0, full_topic: "%prefix%/%topic%/", relays: { "E-17": 1 }, is_on: false, word: "1", none: null };
  expect(settingsOf(rowsOf(settings, []), [])).toEqual(settings);
  expect(settingsOf([["url", "tcp://10.0.0.7:502"], ["every_s", "60"], [" ", "x"], ["map", ""]], [])).toEqual({ url: "tcp://10.0.0.7:502", every_s: 60 });
});
