import { useSyncExternalStore } from "react";
import { noteServerTime, serverNow } from "./clock";
import type { components } from "./schema";

type Tokens = components["schemas"]["TokensOut"];

/** `offline`: somebody was signed in here, and the server cannot be asked whether that still holds. */
export type SessionState = "starting" | "signed_in" | "signed_out" | "offline";

/** The access token lives in memory alone; what lasts is the refresh cookie, which no script can read. */
let access: { token: string; expiresAt: number; personId: number } | null = null;
let state: SessionState = "starting";
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();
const endings = new Set<() => void>();
const MARGIN_MS = 20_000;
/** Whether somebody is signed in on this device, for a start without a connection. No secret. */
const MARK = "mita.signed-in";

function become(next: SessionState): void {
  state = next;
  listeners.forEach((tell) => tell());
}

/** Take the tokens of a finished sign-in. */
export function takeTokens(tokens: Tokens): void {
  access = { token: tokens.access_token, expiresAt: Date.parse(tokens.access_expires_at), personId: tokens.person_id };
  localStorage.setItem(MARK, String(tokens.person_id));
  become("signed_in");
}

/** Forget the session in this window, and what was kept of it on this device. */
export function forgetSession(): void {
  access = null;
  localStorage.removeItem(MARK);
  endings.forEach((tell) => tell());
  become("signed_out");
}

/** Call `tell` when the session ends, to forget what belongs to the person. */
export function onSessionEnd(tell: () => void): void {
  endings.add(tell);
}

/** Return a live access token, after a refresh where it is due; null where the session is over. */
export async function accessToken(): Promise<string | null> {
  // by the server's clock: on a phone that is minutes fast every request would ask for a token of its own
  if (access !== null && access.expiresAt - serverNow().getTime() > MARGIN_MS) return access.token;
  await refresh();
  return access?.token ?? null;
}

/**
 * Ask for a new access token with the cookie; all who ask at a time share one request.
 * A server that cannot be reached, or that is not well, ends no session.
 */
export function refresh(): Promise<boolean> {
  refreshing ??= ask().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function ask(): Promise<boolean> {
  let answer: Response;
  try {
    answer = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
  } catch {
    return unreachable();
  }
  noteServerTime(answer);
  if (answer.ok) {
    takeTokens((await answer.json()) as Tokens);
    return true;
  }
  if (answer.status === 401 || answer.status === 403) {
    forgetSession();
    return false;
  }
  return unreachable();
}

function unreachable(): boolean {
  become(localStorage.getItem(MARK) === null ? "signed_out" : "offline");
  return false;
}

/** End the session here and on the server; without a connection it ends here at least. */
export async function signOut(): Promise<void> {
  await fetch("/api/v1/auth/sign-out", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  }).catch(() => undefined);
  forgetSession();
}

/** Tell whether somebody signed in on this device and did not sign out: else there is no cookie to ask with. */
export function wasSignedIn(): boolean {
  return localStorage.getItem(MARK) !== null;
}

/** Who the access token speaks for; null where there is none. */
export function signedInPerson(): number | null {
  return access?.personId ?? null;
}

/** Who is here, also at a start without a connection; null where nobody is. */
export function personOfDevice(): number | null {
  const kept = localStorage.getItem(MARK);
  return signedInPerson() ?? (kept === null ? null : Number(kept));
}

export function useSession(): SessionState {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => state,
  );
}
