import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SERIES, SHADES } from "./look";

const sheet = readFileSync("src/ui/styles.css", "utf8");
const [, light, dark] = /:root \{([^}]+)\}[\s\S]*?:root\[data-mantine-color-scheme="dark"\] \{([^}]+)\}/.exec(sheet)!;

type Rgb = [number, number, number];

function colour(block: string, name: string): Rgb {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(block)?.[1];
  if (hex === undefined) throw new Error(`--${name} is no colour`);
  // linear light
  return [0, 2, 4].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

function brightness([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast as WCAG 2.2 defines it. */
function contrast(one: Rgb, other: Rgb): number {
  const [more, less] = [brightness(one), brightness(other)].sort((a, b) => b - a) as [number, number];
  return (more + 0.05) / (less + 0.05);
}

/** How people see who lack a kind of cone: Machado, Oliveira and Fernandes 2009, severity 1. */
const SIGHTS: Record<string, [Rgb, Rgb, Rgb]> = {
  everyone: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function times(rows: [Rgb, Rgb, Rgb], [x, y, z]: Rgb): Rgb {
  return rows.map(([a, b, c]) => a * x + b * y + c * z) as Rgb;
}

/** Oklab, in which a distance is how different colours look. */
function oklab(of: Rgb): Rgb {
  const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], of);
  return times(
    [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]],
    cones.map((each) => Math.cbrt(Math.max(0, each))) as Rgb,
  );
}

function apart(one: Rgb, other: Rgb, sight: [Rgb, Rgb, Rgb]): number {
  const [a, b] = [one, other].map((each) => oklab(times(sight, each))) as [Rgb, Rgb];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

const named = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);

describe.each([
  ["light", light!],
  ["dark", dark!],
])("charts in %s", (_, block) => {
  it.each(named("chart", SERIES))("%s stands out from the ground (WCAG 1.4.11: 3 to 1)", (name) => {
    expect(contrast(colour(block, name), colour(block, "card"))).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.keys(SIGHTS))("are told apart by %s", (sight) => {
    const names = named("chart", SERIES);
    for (const [at, one] of names.entries()) {
      for (const other of names.slice(at + 1)) {
        expect(apart(colour(block, one), colour(block, other), SIGHTS[sight]!), `${one}, ${other}`).toBeGreaterThan(0.08);
      }
    }
  });

  it.each(Object.keys(SIGHTS))("a scale goes one way for %s", (sight) => {
    const steps = named("heat", SHADES).map((name) => oklab(times(SIGHTS[sight]!, colour(block, name)))[0]);
    const moves = steps.slice(1).map((each, at) => (each - steps[at]!) * (block === light ? -1 : 1));
    for (const each of moves) expect(each).toBeGreaterThan(0.07);
  });
});
