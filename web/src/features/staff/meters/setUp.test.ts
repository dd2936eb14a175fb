import { describe, expect, it } from "vitest";
import { rowsOf, settingsOf } from "./setUp";

describe("settings of a device", () => {
  it("are the same after they were shown", () => {
    const settings = { relay: 0, full_topic: "%prefix%/%topic%/", relays: { "E-17": 1 }, is_on: false, word: "1", none: null };
    expect(settingsOf(rowsOf(settings))).toEqual(settings);
  });

  it("take what is no JSON as a word, and leave rows without a name or a value out", () => {
    expect(settingsOf([["url", "tcp://10.0.0.7:502"], ["every_s", "60"], [" ", "x"], ["map", ""]])).toEqual({ url: "tcp://10.0.0.7:502", every_s: 60 });
  });
});
