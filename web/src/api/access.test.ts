import { describe, expect, it } from "vitest";
import { accessOf, type Permission } from "./access";
import type { Schemas } from "./client";

function role(scope: "platform" | "organisation" | "estate" | "unit", permissions: Permission[], where = {}): Schemas["OwnRoleOut"] {
  const nowhere = { organisation_id: null, estate_id: null, unit_id: null, until: null };
  return { role: "operator", scope, permissions, needs_second_factor: true, ...nowhere, ...where };
}

const ESTATE = { estate_id: 7, organisation_id: 3 };

describe("what roles let somebody do", () => {
  it("reaches as far as their scope", () => {
    expect(accessOf([role("platform", ["units.read"])]).may("units.read", ESTATE)).toBe(true);
    expect(accessOf([role("organisation", ["units.read"], { organisation_id: 3 })]).may("units.read", ESTATE)).toBe(true);
    expect(accessOf([role("organisation", ["units.read"], { organisation_id: 4 })]).may("units.read", ESTATE)).toBe(false);
    expect(accessOf([role("estate", ["units.read"], { estate_id: 8 })]).may("units.read", ESTATE)).toBe(false);
    expect(accessOf([role("estate", ["units.read"], { estate_id: 7 })]).may("units.read", ESTATE)).toBe(true);
  });

  it("is nothing where the role waits for a second factor", () => {
    const access = accessOf([role("estate", [], { estate_id: 7 })]);
    expect(access.may("units.read", ESTATE)).toBe(false);
    expect(access.isStaff).toBe(true);
  });

  it("makes no staff of who lives somewhere", () => {
    expect(accessOf([{ ...role("unit", ["meters.read"], { estate_id: 7 }), role: "resident" }]).isStaff).toBe(false);
    expect(accessOf([]).isStaff).toBe(false);
  });
});
