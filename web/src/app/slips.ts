/** On glass, two taps so close in time and place are one double tap; a mouse counts its clicks itself. */
const AGAIN_MS = 400;
const NEAR_PX = 24;

interface Press {
  at: number;
  x: number;
  y: number;
  what: Element | null;
}

/**
 * Let a double tap press one thing: what the page moved under the finger after the first tap was not meant.
 *
 * A limit that was just saved would be removed by the button that comes to stand there.
 */
export function ignoreSlips(page: Document): void {
  let last: Press = { at: -Infinity, x: 0, y: 0, what: null };
  const look = (event: MouseEvent): void => {
    // keys, and what a label passes on to its field
    if (event.detail === 0) return;
    const press = { at: event.timeStamp, x: event.clientX, y: event.clientY, what: pressed(event.target) };
    const isOnGlass = "pointerType" in event && event.pointerType === "touch";
    const isNear = Math.abs(press.x - last.x) <= NEAR_PX && Math.abs(press.y - last.y) <= NEAR_PX;
    const isAgain = isOnGlass ? press.at - last.at < AGAIN_MS && isNear : event.detail > 1;
    if (isAgain && press.what !== last.what) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    last = press;
  };
  // before anything else hears of it
  page.addEventListener("click", look, true);
}

function pressed(target: EventTarget | null): Element | null {
  const found = target instanceof Element ? target.closest("a, button, input, label, select, summary") : null;
  return found instanceof HTMLLabelElement ? (found.control ?? found) : found;
}
