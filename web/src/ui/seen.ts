import { useEffect, useState, type RefObject } from "react";

/** How far below the window something may be when it counts as seen. */
const NEAR = "200px";

/** Tell whether something came near the window yet: what it needs is fetched then. */
export function useSeen(box: RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen) return undefined;
    const watcher = new IntersectionObserver((seen) => setSeen(seen.some((each) => each.isIntersecting)), { rootMargin: NEAR });
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, [box, isSeen]);
  return isSeen;
}
