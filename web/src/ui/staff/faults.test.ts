import { expect, it } from "vitest";
import { faultAt, unplaced } from "./faults";

const refused = (...paths: string[]) => ({ status: 422, code: "invalid", detail: "No", problems: paths.map((path) => ({ path, message: `${path} is wrong` })) });

it("a fault stands at its field, or at the field that it is inside of", () => {
  const error = refused("body.low_line", "body.kinds.0");
  expect(faultAt(error, "body.low_line")).toBe("Body.low_line is wrong.");
  expect(faultAt(error, "body.kinds")).toBe("Body.kinds.0 is wrong.");
  expect(faultAt(error, "body.low")).toBeNull();
  expect(faultAt(null, "body.low_line")).toBeNull();
});

it("what stands at fields is not told twice, and anything else is told", () => {
  const error = refused("body.low_line", "body.kinds.0");
  expect(unplaced(error, ["low_line", "kinds"])).toBeNull();
  expect(unplaced(error, ["low_line"])).toBe(error);
  expect(unplaced(error, ["low_line", "kind"])).toBe(error);
  expect(unplaced({ status: 409, code: "x", detail: "No" }, ["low_line"])).toEqual({ status: 409, code: "x", detail: "No" });
  expect(unplaced(null, ["low_line"])).toBeNull();
});
