import { describe, expect, it } from "vitest";
import { isOpen, knownOf } from "./known";

const at = { unit_id: 7, utility: "electricity" as const };
const on = { is_on: true, since: "2026-03-01T00:00:00Z" };

describe("what is known of a supply", () => {
  it("is on while nobody said anything of it", () => {
    expect(knownOf(at, undefined, [])).toEqual({ ...at, is_on: true, since: null, asked: null, step: null });
  });

  it.each(["asked", "queued", "sent", "acknowledged"] as const)("stays on while it is only %s to go off", (state) => {
    expect(knownOf(at, on, [{ action: "off", state }])).toMatchObject({ is_on: true, asked: "off", step: state });
  });

  it("asks nothing once the device has confirmed, or the command failed", () => {
    for (const state of ["confirmed", "failed"] as const) {
      expect(isOpen({ state })).toBe(false);
      expect(knownOf(at, on, [{ action: "off", state }])).toMatchObject({ is_on: true, asked: null, step: null });
    }
  });

  it("is not moved by a limit", () => {
    expect(knownOf(at, on, [{ action: "limit", state: "sent" }]).asked).toBeNull();
  });
});
