import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LANGUAGES, startLanguage } from "./language";
import { LanguageChoice } from "./LanguageChoice";

beforeEach(async () => {
  localStorage.clear();
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en"]);
  await startLanguage();
  render(
    <MantineProvider>
      <LanguageChoice />
    </MantineProvider>,
  );
});
afterEach(cleanup);

describe("the choice of a language", () => {
  it("offers each by its own name and says in the new language that a machine helped", async () => {
    const choice = screen.getByLabelText("Language");
    expect([...choice.querySelectorAll("option")].map((each) => each.textContent)).toEqual(Object.values(LANGUAGES).map(({ name }) => name));
    expect(choice.getAttribute("aria-describedby")).toBeNull();
    fireEvent.change(choice, { target: { value: "fr" } });
    expect(await screen.findByText("Traduit avec l'aide d'une machine.")).toBeTruthy();
    expect(screen.getByLabelText("Langue")).toHaveProperty("value", "fr");
    expect(localStorage.getItem("mita.language")).toBe("fr");
  });

  it("says so and stays as it is where the texts cannot be fetched", async () => {
    vi.spyOn(LANGUAGES.sw!, "texts").mockRejectedValue(new Error("no connection"));
    fireEvent.change(screen.getByLabelText("Language"), { target: { value: "sw" } });
    expect(await screen.findByText("That did not work")).toBeTruthy();
    expect(screen.getByLabelText("Language")).toHaveProperty("value", "en");
    expect(localStorage.getItem("mita.language")).toBeNull();
  });
});
