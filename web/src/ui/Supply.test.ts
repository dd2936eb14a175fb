import { expect, it } from "vitest";
import { supplyWord } from "./Supply";

it.each([
  [true, null, "on"],
  [false, null, "off"],
  [true, "off", "askedOff"],
  [false, "on", "askedOn"],
  // asked again for what it is already
  [true, "on", "on"],
  [false, "off", "off"],
] as const)("on by its device's word: %s, asked: %s, is told as %s", (is_on, asked, word) => {
  expect(supplyWord({ is_on, asked })).toBe(word);
});
