import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { ENGLISH } from "./english";
import { pseudo } from "./pseudo";

interface Language {
  /** What those who speak it call it. */
  name: string;
  /** The catalogue was first written with machine help, and nobody who speaks the language has read all of it yet. */
  isMachineAssisted: boolean;
  /** The texts by the file that they come from, fetched where the language is spoken; English is always there. */
  texts?: () => Promise<Texts>;
  /** The texts of staff's pages, fetched where somebody opens one. */
  staff: () => Promise<Texts>;
}

type Texts = { default: Record<string, object> };

/** Languages with a catalogue. A new one is a folder below `locales` and a line here. */
export const LANGUAGES: Record<string, Language> = {
  en: { name: "English", isMachineAssisted: false, staff: () => import("../locales/en/staff") },
  fr: { name: "Français", isMachineAssisted: true, texts: () => import("../locales/fr"), staff: () => import("../locales/fr/staff") },
  ha: { name: "Hausa", isMachineAssisted: true, texts: () => import("../locales/ha"), staff: () => import("../locales/ha/staff") },
  zu: { name: "isiZulu", isMachineAssisted: true, texts: () => import("../locales/zu"), staff: () => import("../locales/zu/staff") },
  sw: { name: "Kiswahili", isMachineAssisted: true, texts: () => import("../locales/sw"), staff: () => import("../locales/sw/staff") },
  pt: { name: "Português", isMachineAssisted: true, texts: () => import("../locales/pt"), staff: () => import("../locales/pt/staff") },
};
/** English as a stranger, from the left and from the right: for those who build Mita, by `?lang=`. */
const PSEUDO = { leftToRight: "en-XA", rightToLeft: "en-XB" };
const PSEUDOS = Object.values(PSEUDO);
const KEPT = "mita.language";
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur", PSEUDO.rightToLeft];

/** Return a language that Mita speaks for a tag such as fr-CI, else undefined. */
function spoken(tag: string | null): string | undefined {
  if (tag === null || PSEUDOS.includes(tag)) return tag ?? undefined;
  const language = tag.split("-")[0]!.toLowerCase();
  return Object.hasOwn(LANGUAGES, language) ? language : undefined;
}

/** Whether texts of staff's pages belong to a language from now on. */
let withStaff = false;

function add(language: string, texts: Record<string, object>): void {
  for (const [file, each] of Object.entries(texts)) i18next.addResourceBundle(language, file.replace(/^\.\/|\.json$/g, ""), each);
}

async function load(language: string): Promise<void> {
  const staff = withStaff ? await LANGUAGES.en!.staff() : { default: {} };
  add("en", staff.default);
  if (PSEUDOS.includes(language)) return add(language, pseudo({ ...ENGLISH, ...staff.default }));
  add(language, (await LANGUAGES[language]?.texts?.())?.default ?? {});
  if (withStaff) add(language, (await LANGUAGES[language]?.staff())?.default ?? {});
}

/** Have the texts of staff's pages before the first of them is shown; English where the language's own cannot be fetched. */
export async function staffTexts(): Promise<void> {
  if (withStaff) return;
  withStaff = true;
  await load(i18next.language).catch(() => load("en"));
}

async function show(language: string): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}

/**
 * Show texts in a language from now on, and remember it on this device.
 *
 * Rejects, and changes nothing, where the texts cannot be fetched.
 */
export async function speak(language: string): Promise<void> {
  await show(language);
  localStorage.setItem(KEPT, language);
}

/** Begin with what was asked or chosen, else with the browser's language; English is there at once, so no text is ever missing. */
export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: ENGLISH },
    defaultNS: "common",
    ns: Object.keys(ENGLISH),
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  const asked = spoken(new URLSearchParams(window.location.search).get("lang"));
  const chosen = asked ?? spoken(localStorage.getItem(KEPT));
  const language = chosen ?? navigator.languages.map(spoken).find((each) => each !== undefined) ?? "en";
  // what merely comes from the browser is not kept: it follows the browser
  await (asked === undefined ? show(language) : speak(language)).catch(() => undefined);
}
