import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { speak, startLanguage } from "./language";
import { Failure } from "./states";

const CLOSED = { status: 409, code: "reading_window_closed", title: "Not now", detail: "residents read from 25 to 28 November" };

async function shown(language: string, problem = CLOSED): Promise<void> {
  await speak(language);
  render(
    <MantineProvider>
      <Failure problem={problem} />
    </MantineProvider>,
  );
}

beforeEach(async () => {
  localStorage.clear();
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en"]);
  await startLanguage();
});
afterEach(cleanup);

describe("what went wrong", () => {
  it("is said in the reader's language; what the API adds is marked as English", async () => {
    await shown("fr");
    expect(screen.getByText("On ne peut pas envoyer de relevé en ce moment")).toBeTruthy();
    expect(screen.getByText("Residents read from 25 to 28 November.").getAttribute("lang")).toBe("en");
  });

  it("is of the page's own language in English", async () => {
    await shown("en");
    expect(screen.getByText("Residents read from 25 to 28 November.").getAttribute("lang")).toBeNull();
  });

  it("is told by the API's title where the code is not one that residents meet", async () => {
    await shown("sw", { ...CLOSED, code: "sharing_invalid", title: "Cannot be shared" });
    expect(screen.getByText("Cannot be shared")).toBeTruthy();
  });

  it("is that there is no connection, in the reader's words", async () => {
    await shown("pt", { status: 0, code: "offline", title: "", detail: "" });
    expect(screen.getByText("Sem rede")).toBeTruthy();
  });
});
