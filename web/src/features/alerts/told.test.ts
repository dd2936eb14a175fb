import { beforeAll, expect, it } from "vitest";
import { explainedTexts, formatsFor, localeFor, speak, startLanguage } from "@ui";
import { alertTold } from "./told";

const OTHERS = ["fr", "ha", "pt", "sw", "zu"];
const DETAIL = {
  ...{ unit: "A1", utility: "electricity", balance: "-12.34", currency: "ZAR", spent: "80.00", limit: "100.00", span: "day", until: "2026-03-05 18:00" },
  ...{ amount: "50.00", group: "Mokoena", available: "5.00", lacking: "7.00", by: "Ann", reason: "A question", meters: "W-1", last_on: "2026-03-05" },
  ...{ meter: "W-1", value: "12.500000", measured: "m3" },
};
const KINDS = [
  ...(["low_balance", "balance_out", "balance_back", "spend_warning", "spend_reached", "cut_deferred", "top_up_wanted"] as const),
  ...(["group_low", "rate_change", "impersonated", "reading_due", "reading_accepted"] as const),
];

function told(kind: (typeof KINDS)[number] | "webhook_off", detail: Record<string, string> = DETAIL, language = "en"): string | undefined {
  const formats = formatsFor(language === "en" ? "en-GB" : localeFor(language), "ZAR", "Africa/Johannesburg");
  return alertTold({ kind, detail }, { t: explainedTexts(language), formats, utility: (word) => word })?.replace(/[\u00a0\u202f]/g, " ").replace(/R (?=\d)/g, "R");
}

beforeAll(async () => {
  await startLanguage();
  for (const language of [...OTHERS, "en"]) await speak(language);
});

it("names what an alert is about, with money and dates as the reader writes them", () => {
  expect(told("balance_out")).toBe("A1: the credit for electricity is used up, -R12.34.");
  expect(told("spend_warning")).toBe("A1: R80.00 of the limit of R100.00 is used (a day).");
  expect(told("reading_due")).toMatch(/^A1: please read the meter by Thu,? 5 Mar \(W-1\)\.$/);
  expect(told("reading_accepted")).toBe("Your reading of W-1, 12.5 m³, was checked and accepted: R50.00.");
});

it.each(KINDS)("%s has a sentence of its own in every language", (kind) => {
  const english = told(kind);
  for (const language of OTHERS) {
    const other = told(kind, DETAIL, language);
    expect(other).not.toBe(english);
    expect(other).not.toMatch(/\{\{|undefined/);
  }
});

it("leaves to the API what is staff's, and what has no detail", () => {
  expect(told("webhook_off")).toBeUndefined();
  expect(told("low_balance", { unit: "A1" })).toBeUndefined();
});
