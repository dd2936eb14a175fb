import { beforeAll, describe, expect, it } from "vitest";
import { startLanguage } from "../language";
import { flowSummary } from "./EnergyFlow";
import { lossSummary } from "./LossTrend";
import { stackedSummary } from "./StackedBars";
import { chartTexts, type Tell } from "./texts";
import { percentText } from "./words";

const language = "en-GB";
const shown = (value: string): string => value.replace(/\.0+$/, "");
let t: Tell;

beforeAll(async () => {
  await startLanguage();
  t = chartTexts();
});

describe("a stack in words", () => {
  const labels = ["Mon", "Tue"];
  const words = (series: { name: string; values: (string | null)[] }[]): string =>
    stackedSummary({ labels, series: series.map((each) => ({ key: each.name, ...each })), shown, t, language });

  it("says how much, of what, greatest first, and when most", () => {
    const told = words([
      { name: "Water", values: ["10", "0.5"] },
      { name: "Electricity", values: ["20", "29.5"] },
    ]);
    expect(told).toBe("60.000000 in all: Electricity 49.500000 (83%), Water 10.500000 (18%). The most was 30.000000, Mon.".replaceAll(".000000", ""));
  });

  it("tells nothing used from nothing known", () => {
    expect(words([{ name: "Water", values: ["0", "0"] }])).toBe("Nothing was used in this time.");
    expect(words([{ name: "Water", values: [null, null] }])).toBe("Nothing is known of this time yet.");
  });
});

describe("losses in words", () => {
  const labels = ["Jan", "Feb", "Mar", "Apr"];

  it("counts only what is above the limit, and leaves out what is not known", () => {
    const told = lossSummary({ labels, percent: ["8.0001", "8.0000", "12.5", null], limit: "8", t, language });
    expect(told).toBe("The loss was 12.5\u00a0% last (Mar), and 12.5\u00a0% at its highest (Mar). 2 periods are above the limit of 8\u00a0%.");
  });

  it("says that none is above, and nothing of a limit where there is none", () => {
    const percent = ["-1.5", "3", "2", "1"];
    expect(lossSummary({ labels, percent, limit: "3", t, language })).toContain("No period is above the limit of 3\u00a0%.");
    expect(lossSummary({ labels, percent, limit: null, t, language })).toBe(
      "The loss was 1\u00a0% last (Apr), and 3\u00a0% at its highest (Feb).",
    );
  });
});

describe("flows in words", () => {
  const names = { grid: "Grid", solar: "Solar", estate: "Estate", units: "Homes", loss: "Loss" };

  it("tell where all came from and where it ended, without what lies between", () => {
    const flows = [
      { from: "grid", to: "estate", amount: "700" },
      { from: "solar", to: "estate", amount: "300" },
      { from: "estate", to: "units", amount: "950" },
      { from: "estate", to: "loss", amount: "50" },
      { from: "solar", to: "export", amount: "0" },
    ];
    expect(flowSummary({ flows, names, shown, t, language })).toBe(
      "From: Grid 700 (70%), Solar 300 (30%). To: Homes 950 (95%), Loss 50 (5%).",
    );
  });

  it("say where nothing flowed", () => {
    expect(flowSummary({ flows: [{ from: "grid", to: "units", amount: "0" }], names, shown, t, language })).toBe("Nothing flowed in this time.");
  });
});

it("rounds parts of a whole half up, also of more than a float holds", () => {
  expect(percentText(1n, 3n, language)).toBe("33%");
  expect(percentText(19498n, 100000n, language)).toBe("19%");
  expect(percentText(9007199254740993n, 9007199254740993n, language)).toBe("100%");
  expect(percentText(1n, 0n, language)).toBe("–");
});
