import i18next from "i18next";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { formatsFor, localeFor } from "./format";
import { LANGUAGES, speak, startLanguage } from "./language";

const root = document.documentElement;

async function start({ browser, search = "" }: { browser: string[]; search?: string }): Promise<void> {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(browser);
  window.history.replaceState(null, "", `/app/${search}`);
  await startLanguage();
}

beforeEach(() => {
  localStorage.clear();
  root.lang = "en";
  root.dir = "ltr";
});

describe("the language at the start", () => {
  it("is the first of the browser's that Mita speaks, and follows the browser", async () => {
    await start({ browser: ["de-DE", "pt-MZ", "en"] });
    expect([root.lang, i18next.t("cancel")]).toEqual(["pt", "Cancelar"]);
    await start({ browser: ["fr-CI"] });
    expect([root.lang, i18next.t("cancel")]).toEqual(["fr", "Annuler"]);
    await start({ browser: ["de"] });
    expect([root.lang, i18next.t("cancel")]).toEqual(["en", "Cancel"]);
  });

  it("is what was chosen before", async () => {
    await start({ browser: ["en-GB"] });
    await speak("zu");
    await start({ browser: ["fr"] });
    expect(root.lang).toBe("zu");
    localStorage.setItem("mita.language", "constructor");
    await start({ browser: ["fr"] });
    expect(root.lang).toBe("fr");
  });

  it("is what the address asks for; the second pseudo-locale runs from the right", async () => {
    await start({ browser: ["fr"], search: "?lang=en-XB" });
    expect([root.lang, root.dir]).toEqual(["en-XB", "rtl"]);
    expect(i18next.t("cancel")).toMatch(/^\[Cáncél ·+\]$/);
    await speak("ha");
    expect([root.lang, root.dir]).toEqual(["ha", "ltr"]);
  });
});

describe.each(Object.entries(LANGUAGES).filter(([code]) => code !== "en"))("%s", (code, language) => {
  beforeEach(async () => {
    await start({ browser: ["en"] });
    await speak(code);
  });

  it("is marked as written with machine help, and says so in its own words", () => {
    expect(language.isMachineAssisted).toBe(true);
    expect(i18next.t("machineAssisted")).not.toBe(i18next.t("machineAssisted", { lng: "en" }));
  });

  it("has a word for every number of days", () => {
    const days = (count: number, lng = code): string => i18next.t("home:lasts", { count, lng });
    for (const count of [0, 1, 2, 5, 21, 1_000_000]) expect(days(count)).not.toBe(days(count, "en"));
    expect(days(5)).toContain("5");
    expect(days(0)).not.toContain("0");
  });

  it("formats money and days", () => {
    const formats = formatsFor(localeFor(code), "ZAR", "Africa/Johannesburg");
    expect(formats.money("1234.50").replace(/[^\d]/g, "")).toBe("123450");
    expect(formats.day("2026-03-04T12:00:00Z")).toMatch(/4/);
  });
});

it("formats by the English of the place where the browser does not know the language", () => {
  vi.spyOn(Intl.DateTimeFormat, "supportedLocalesOf").mockImplementation((asked) => [asked].flat().filter((each) => each !== "zu") as string[]);
  expect(localeFor("zu")).toBe("en-ZA");
});
