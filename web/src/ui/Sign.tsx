import type { ReactNode } from "react";

/** The mark of Mita: a meter's needle. */
export function Sign({ size = 32 }: { size?: number }): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <rect width="32" height="32" rx="9" fill="#0c6656" />
      <path d="M6 22a10 10 0 0 1 20 0" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path d="M16 22l5-8" stroke="#ffd166" strokeWidth="3" strokeLinecap="round" />
      <circle cx="16" cy="22" r="2.5" fill="#fff" />
    </svg>
  );
}
