import { beforeAll, expect, it } from "vitest";
import { startLanguage } from "../language";
import { demandSummary } from "./DemandCurve";
import { flowSummary } from "./EnergyFlow";
import { heatSummary } from "./HeatMap";
import { lossSummary } from "./LossTrend";
import { stackedSummary } from "./StackedBars";
import { chartTexts, type Tell } from "./texts";

const language = "en-GB";
const shown = (value: string): string => value.replace(/\.0+$/, "");
const HUGE = "9007199254740993.000001";
let t: Tell;

beforeAll(async () => {
  await startLanguage();
  t = chartTexts();
});

const stack = (values: (string | null)[]): string => stackedSummary({ labels: values.map((_, at) => `L${at}`), series: [{ key: "a", name: "A", values }], shown, t, language });

it("says of nothing at all that nothing is known", () => {
  const none = "Nothing is known of this time yet.";
  expect(stack([])).toBe(none);
  expect(demandSummary({ hours: [], average: [], shown, t })).toBe(none);
  expect(heatSummary({ days: [], hours: [], values: [], shown, t })).toBe(none);
  expect(lossSummary({ labels: [], percent: [], limit: "8", t, language })).toBe(none);
  expect(flowSummary({ flows: [], names: {}, shown, t, language })).not.toBe("");
});

it("says of one point that it is all there is", () => {
  expect(stack(["7"])).toBe("7 in all: A 7 (100%). The most was 7, L0.");
  expect(demandSummary({ hours: ["05:00"], average: ["2"], shown, t })).toContain("2");
  expect(heatSummary({ days: ["Mon"], hours: ["05:00"], values: [["2"]], shown, t })).toContain("05:00");
  expect(lossSummary({ labels: ["Jan"], percent: ["3"], limit: null, t, language })).toBe("The loss was 3\u00a0% last (Jan), and 3\u00a0% at its highest (Jan).");
});

it("survives what is below zero, and what adds up to nothing", () => {
  expect(() => stack(["10", "-10"])).not.toThrow();
  expect(stack(["-3", "-4"])).toContain("-7");
  expect(heatSummary({ days: ["Mon"], hours: ["05:00"], values: [["-2"]], shown, t })).toBe("Nothing was used in this time.");
  expect(demandSummary({ hours: ["05:00", "06:00"], average: ["-2", "1"], shown, t })).toContain("-2");
});

it("keeps every digit of what is larger than a float holds", () => {
  expect(stack([HUGE])).toContain(HUGE);
  expect(demandSummary({ hours: ["05:00", "06:00"], average: [HUGE, "1"], shown, t })).toContain(HUGE);
  expect(heatSummary({ days: ["Mon"], hours: ["05:00"], values: [[HUGE]], shown, t })).toContain(HUGE);
});
