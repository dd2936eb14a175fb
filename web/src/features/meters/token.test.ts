import { expect, it } from "vitest";
import { caretAfter, digitsOf, grouped, isToken, missing } from "./token";

const TOKEN = "66475648316756821785";

it.each(["6647 5648 3167 5682 1785", "6647-5648-3167-5682-1785", ` ${TOKEN} `, "Token: 6647.5648.3167.5682.1785", `${TOKEN}99`])(
  "%s is read as 20 digits",
  (typed) => {
    expect(digitsOf(typed)).toBe(TOKEN);
  },
);

it("digits stand in groups of four as they are typed", () => {
  expect(["", "6", "6647", "66475", TOKEN].map(grouped)).toEqual(["", "6", "6647", "6647 5", "6647 5648 3167 5682 1785"]);
  expect(["", "6647", TOKEN].map(missing)).toEqual([20, 16, 0]);
});

it("the cursor stays behind the digit that was typed", () => {
  for (let count = 0; count <= TOKEN.length; count += 1) {
    expect(grouped(TOKEN).slice(0, caretAfter(count)).replace(/ /g, "")).toHaveLength(count);
  }
});

it("a number that no token has is none", () => {
  expect([TOKEN, "73786976294838206463"].map(isToken)).toEqual([true, true]);
  expect(["73786976294838206464", "99999999999999999999", TOKEN.slice(1), ""].map(isToken)).toEqual([false, false, false, false]);
});
