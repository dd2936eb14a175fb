import { beforeAll, describe, expect, it } from "vitest";
import { explainedTexts, localeFor, micro, speak, startLanguage } from "@ui";
import answers from "./answers.json";
import { exactFor } from "./exact";
import { leadOf } from "./lead";
import { madeOf } from "./lines";
import type { Say, Told } from "./say";
import { accountOf, causeOf, moverOf, noteOf } from "./words";

/** What the API answered in its own tests, as it was. */
const recorded = answers as unknown as Record<keyof typeof answers, Told>;
const NAMES = Object.keys(recorded) as (keyof typeof answers)[];
const ESTATE = { currency: "ZAR", timeZone: "Africa/Johannesburg" };
const OTHERS = ["fr", "ha", "pt", "sw", "zu"];

function say(language = "en"): Say {
  return {
    t: explainedTexts(language),
    exact: exactFor(language === "en" ? "en-GB" : localeFor(language), { language, ...ESTATE }),
    kind: (kind) => kind,
    utility: (utility) => utility,
  };
}

/** With plain spaces, and none in an amount: that differs from one build of the formats to another. */
function tidied(text: string): string {
  return text.replace(/[\u00a0\u2009\u202f]/g, " ").replace(/R (?=\d)/g, "R");
}

/** Everything that the page tells, one thing a line. */
function told(answer: Told, language = "en"): string[] {
  const how = say(language);
  const made = madeOf(answer, how);
  return [
    ...leadOf(answer, how),
    ...(made?.before ?? []),
    ...(made?.groups ?? []).flatMap(({ heading, lines }) => [
      ...(heading === null ? [] : [heading]),
      ...lines.map(({ title, hints, amount }) => `- ${title} | ${hints.join(" | ")} | ${amount}`),
    ]),
    ...(made?.sums ?? []).map(({ title, amount }) => `${title}: ${amount}`),
    ...(made?.after ?? []),
  ].map(tidied);
}

/** Numbers without what only writing them differs in: 5,210.650 is 5210.65. */
function numbers(text: string): string[] {
  return (text.match(/\d[\d,]*(\.\d+)?/g) ?? []).map((each) => each.replaceAll(",", "").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""));
}

beforeAll(async () => {
  await startLanguage();
  for (const language of [...OTHERS, "en"]) await speak(language);
});

describe("in English", () => {
  it("one reading is told with hours, price and tax", () => {
    expect(told(recorded.correctedLater)).toMatchSnapshot();
  });

  it("what was spread over hours says so, hour by hour", () => {
    expect(told(recorded.spread)).toMatchSnapshot();
  });

  it("blocks, an allowance, and prices that contain the tax", () => {
    expect(told(recorded.blocks)).toMatchSnapshot();
  });

  it("what is fed in is earned", () => {
    expect(told(recorded.fedIn)).toMatchSnapshot();
  });

  it("several readings, charged again in between", () => {
    expect(told(recorded.againInBetween)).toMatchSnapshot();
  });

  it("a correction has both sides and its cause", () => {
    expect(told(recorded.late)).toMatchSnapshot();
    expect(told(recorded.accepted)).toMatchSnapshot();
    expect(told(recorded.otherPrices)[1]).toBe("The cause: other prices from 1 January 2026 on (rate table 2).");
  });

  it("charges by time", () => {
    expect([recorded.byDay, recorded.demand, recorded.minimum, recorded.correctedMinimum, recorded.netted].map((each) => told(each))).toMatchSnapshot();
  });

  it("shared generation and solar credits", () => {
    expect([recorded.shared, recorded.solar].map((each) => told(each))).toMatchSnapshot();
  });

  it("money that moved: which way, who, from where to where", () => {
    const how = say();
    const moved = [recorded.topUp, recorded.transfer, recorded.reversal, recorded.handover].map((each) => ({
      told: told(each),
      from: each.other_account_words.map((account) => accountOf(account, how)),
      to: accountOf(each.account_words!, how),
      by: moverOf(each.mover!, how),
      note: noteOf(each),
    }));
    expect(moved).toMatchSnapshot();
  });
});

describe("every recorded answer", () => {
  it.each(NAMES.filter((name) => recorded[name].lines.length + recorded[name].parts.length > 0))("%s: loses no number of the API's own sentences", (name) => {
    const answer = recorded[name];
    const sentences = answer.text.split("\n").filter((each) => !each.startsWith("Later,"));
    const shown = new Set(numbers(told(answer).join("\n")));
    // an amount may have more places here, so that all of them add up
    const rounded = new Set([...shown].map((each) => Number(each).toFixed(2).replace(/\.?0+$/, "")));
    const lost = numbers(sentences.join("\n")).filter((each) => !shown.has(each) && !rounded.has(each));
    // a share of 0.5 is told as 50 %, a month is named, and what a reading counted as says no letter
    expect(lost.filter((each) => !(name === "solar" && each === "0.5") && !/^0\d$/.test(each))).toEqual([]);
  });

  it.each(NAMES)("%s: what it is made of is seen to add up", (name) => {
    const made = madeOf(recorded[name], say());
    if (made === null) return;
    const seen = (text: string): bigint => micro(text.replace(/[^\d.-]/g, ""));
    const sum = (amounts: string[]): bigint => amounts.reduce((total, each) => total + seen(each), 0n);
    const [first, second] = made.sums;
    const isInside = recorded[name].lines.every((each) => each.tax_rate?.is_inclusive === true);
    const lines = sum(made.groups.flatMap((each) => each.lines.map(({ amount }) => amount)));
    const whole = made.sums.find((each) => each.isTotal)!;
    if (made.sums.length === 3) expect([lines, seen(whole.amount)]).toEqual([seen(first!.amount), lines - seen(second!.amount)]);
    // a credit is told without its sign
    const all = lines + (first!.isTotal || isInside ? 0n : seen(first!.amount));
    if (made.sums.length < 3) expect(all < 0n ? -all : all).toBe(seen(whole.amount));
  });

  it.each(NAMES)("%s: is told in every language with nothing of the English sentences", (name) => {
    const english = told(recorded[name]);
    for (const language of OTHERS) {
      const other = told(recorded[name], language);
      expect(other).toHaveLength(english.length);
      const same = other.filter((each, at) => each === english[at] && /[a-z]{3,} [a-z]{2,}/.test(each));
      expect(same, language).toEqual([]);
      expect(other.join(" ").replaceAll(recorded[name].group ?? "–", ""), language).not.toMatch(/\{\{|undefined|\b(the|was|wallet|you|cause)\b/i);
    }
  });
});

it("names accounts as the API does where it says no more", () => {
  const plain = { name: "Wallet 7, gas", what: "wallet", whose: null, utility: "gas", role: null, way: null };
  expect(accountOf(plain, say("zu"))).toBe("Wallet 7, gas");
  expect(accountOf({ ...plain, whose: "B7" }, say("fr"))).toContain("B7");
  const income = { ...plain, what: "income", utility: "gas" };
  expect([income, { ...income, role: "network" }].map((each) => accountOf(each, say()))).toEqual(["Income: gas", "Income: gas, network"]);
  expect(accountOf({ ...plain, what: "clearing", way: "mobile money", name: "" }, say())).toBe("Money received: mobile money");
});

it("says who acted for whom", () => {
  expect(moverOf({ kind: "person", name: "Thandi", is_support: true }, say())).toBe("Thandi, through staff acting for them");
  expect(moverOf({ kind: "system", name: null, is_support: false }, say())).toBe("Mita itself");
});

it("tells a cause that it does not know as it is kept", () => {
  expect(causeOf({ code: "other", text: "somebody asked", rate_table_id: null, from_on: null, until_on: null }, say("pt"))).toContain("somebody asked");
  const table = { code: "rate_table", text: "", rate_table_id: 5, from_on: "2026-03-01", until_on: "2026-04-01" } as const;
  expect(causeOf(table, say())).toBe("The cause: other prices from 1 March 2026 until before 1 April 2026 (rate table 5).");
});

it("shows of notes what people wrote", () => {
  expect(noteOf({ kind: "top_up", memo: "cash: Receipt 7" })).toBe("Receipt 7");
  expect(noteOf({ kind: "top_up", memo: "cash: " })).toBe("");
  expect(noteOf({ kind: "reversal", memo: "reversal of entry 47: It was found" })).toBe("It was found");
  expect(noteOf({ kind: "cover", memo: "from the general account" })).toBe("");
});

it("formats exactly: all places of a price, a day once, a clock with seconds only where there are some", () => {
  const exact = exactFor("en-GB", { language: "en", ...ESTATE });
  expect(tidied(exact.price("7.069700"))).toBe("R7.0697");
  expect(tidied(exact.price("2.000000"))).toBe("R2.00");
  expect(exact.quantity("0.416667", "m3")).toBe("0.416667\u00a0m³");
  expect(exact.moment("2026-03-05T16:30:05Z")).toBe("5 March 2026 at 18:30:05");
  expect(exact.span("2026-03-05T10:00:00Z", "2026-03-05T10:30:00Z")).toMatch(/^5 March 2026,? (at )?12:00\s?–\s?12:30$/);
  expect(exact.share("0.125")).toBe("12.5%");
});

it("writes dates in figures where the browser does not know the language", () => {
  const exact = exactFor("en-ZA", { language: "zu", ...ESTATE });
  expect(tidied(exact.moment("2026-03-05T10:00:00Z"))).toBe("2026/03/05, 12:00");
  expect(exact.month("2026-03-05T10:00:00Z")).not.toMatch(/[a-z]/i);
  expect(exact.span("2026-03-05T10:00:00Z", "2026-03-07T10:30:00Z")).not.toMatch(/[a-z]/i);
});
