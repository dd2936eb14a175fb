import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ignoreSlips } from "./slips";

const hears = { save: vi.fn(), remove: vi.fn(), cut: vi.fn() };

/** Where a finger taps twice: what is there the second time is another thing. */
function click(id: string, { detail = 1, at = 0, ...more }: { detail?: number; at?: number; x?: number; pointerType?: string } = {}): Event {
  const event = new MouseEvent("click", { bubbles: true, cancelable: true, detail, clientX: more.x ?? 10, clientY: 10 });
  Object.defineProperty(event, "timeStamp", { value: at });
  if (more.pointerType !== undefined) Object.defineProperty(event, "pointerType", { value: more.pointerType });
  document.getElementById(id)!.dispatchEvent(event);
  return event;
}

describe("a double tap", () => {
  beforeAll(() => ignoreSlips(document));
  beforeEach(() => {
    document.body.innerHTML = '<button id="save"><b id="word">Save</b></button><button id="remove"></button><label id="label" for="cut"></label><input id="cut" type="checkbox">';
    for (const [id, hear] of Object.entries(hears)) document.getElementById(id)!.addEventListener("click", hear.mockClear());
  });

  it("presses nothing that came under the pointer meanwhile", () => {
    click("save");
    expect(click("remove", { detail: 2 }).defaultPrevented).toBe(true);
    expect(hears.remove).not.toHaveBeenCalled();
  });

  it("may press the same thing twice, wherever it is touched", () => {
    click("save");
    click("word", { detail: 2 });
    expect(hears.save).toHaveBeenCalledTimes(2);
    click("label");
    click("cut", { detail: 2 });
    expect(hears.cut).toHaveBeenCalled();
  });

  it("is told by time and place on glass, where every tap counts as one", () => {
    const touch = { pointerType: "touch" };
    click("save", { ...touch, at: 1000 });
    click("remove", { ...touch, at: 1200 });
    expect(hears.remove).not.toHaveBeenCalled();
    click("remove", { ...touch, at: 1300, x: 90 });
    expect(hears.remove).toHaveBeenCalledTimes(1);
    click("save", { ...touch, at: 2000 });
    expect(hears.save).toHaveBeenCalledTimes(2);
  });

  it("is nothing that a key does", () => {
    click("save");
    click("remove", { detail: 0 });
    expect(hears.remove).toHaveBeenCalledTimes(1);
  });
});
