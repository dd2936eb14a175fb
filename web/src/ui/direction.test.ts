import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SIDES = /^\s*(left|right|(margin|padding|border|inset)-(left|right)[\w-]*|border-(top|bottom)-(left|right)-radius|float)\s*:|text-align:\s*(left|right)/;
const FOUR = /^\s*(margin|padding|inset|border-(?:width|color|style)):\s*([^;]+);/;

/** Return what of a style sheet stands on one side whichever way a language runs. */
function sided(css: string): string[] {
  return css.split("\n").flatMap((line) => line.match(/[\w-]+\s*:[^;{]+;?/g) ?? []).filter((rule) => {
    const values = FOUR.exec(rule)?.[2]?.match(/(?:[\w-]*\((?:[^()]|\([^()]*\))*\)|\S)+/g) ?? [];
    return SIDES.test(rule) || (values.length === 4 && values[1] !== values[3]);
  });
}

const sheets = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((each) => each.endsWith(".css"));

describe("style sheets serve languages from the right too", () => {
  it("finds what is on a side", () => {
    for (const each of ["left: 0;", "padding-right: 1px;", "text-align: left;", "padding: 0 1px 0 2px;", "float: left;"]) {
      expect(sided(`a { ${each} }`), each).toHaveLength(1);
    }
    for (const each of ["inset-inline-start: 0;", "text-align: start;", "padding: 0 1px calc(1px + env(a)) 1px;", "border-top: 1px solid var(--left);"]) {
      expect(sided(`a { ${each} }`), each).toEqual([]);
    }
  });

  it.each(sheets)("%s", (name) => {
    expect(sided(readFileSync(join("src", name), "utf8"))).toEqual([]);
  });
});
