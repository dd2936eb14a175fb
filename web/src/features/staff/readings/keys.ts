/** Keys mean something else while somebody types or a question is open. */
export function isElsewhere(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  const isAsked = document.querySelector("[role=dialog]") !== null;
  return isAsked || event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, textarea, select") != null;
}
