import { api, type Schemas } from "./client";

/** What browsers of 2025 and later do themselves; older ones are not offered passkeys. */
interface FromJson {
  parseRequestOptionsFromJSON?: (options: unknown) => PublicKeyCredentialRequestOptions;
  parseCreationOptionsFromJSON?: (options: unknown) => PublicKeyCredentialCreationOptions;
}

const browser = (): FromJson => (window.PublicKeyCredential ?? {}) as unknown as FromJson;

export function canUsePasskeys(): boolean {
  return browser().parseRequestOptionsFromJSON !== undefined;
}

/** Sign in with a passkey; the browser asks which one. */
export async function askPasskey(): Promise<Schemas["SignInOut"]> {
  const asked = await api.POST("/api/v1/auth/passkeys/options");
  if (asked.data === undefined) throw asked.error;
  const publicKey = browser().parseRequestOptionsFromJSON!(asked.data.options);
  const found = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  const answer = await api.POST("/api/v1/auth/passkeys/verify", {
    body: { challenge_id: asked.data.challenge_id, credential: jsonOf(found), keep: "cookie" },
  });
  if (answer.data === undefined) throw answer.error;
  return answer.data;
}

/** Make a passkey on this device, or wherever the browser keeps them. */
export async function makePasskey(name: string): Promise<void> {
  const asked = await api.POST("/api/v1/me/passkeys/options");
  if (asked.data === undefined) throw asked.error;
  const publicKey = browser().parseCreationOptionsFromJSON!(asked.data.options);
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  const answer = await api.POST("/api/v1/me/passkeys", {
    body: { challenge_id: asked.data.challenge_id, credential: jsonOf(made), name },
  });
  if (answer.data === undefined) throw answer.error;
}

function jsonOf(credential: PublicKeyCredential | null): Record<string, unknown> {
  if (credential === null) throw new Error("the browser gave none");
  return credential.toJSON() as unknown as Record<string, unknown>;
}
