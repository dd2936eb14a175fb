/** Bytes as the ledger hashes them: fixed width, big endian. */

export type Bytes = Uint8Array<ArrayBuffer>;

const HEX = /^(?:[0-9a-f]{2})*$/;

export function joined(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, each) => length + each.length, 0));
  let at = 0;
  for (const each of parts) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

/** A whole number in so many bytes; two's complement. Refused where it does not fit. */
export function number(value: bigint | number, bytes: 2 | 4 | 8): Bytes {
  const whole = BigInt(value);
  const bits = bytes * 8;
  if (BigInt.asIntN(bits, whole) !== whole) throw new Error(`${whole} does not fit into ${bytes} bytes`);
  const made = new Uint8Array(bytes);
  let left = BigInt.asUintN(bits, whole);
  for (let at = bytes - 1; at >= 0; at -= 1) {
    made[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  return made;
}

export function text(value: string): Bytes {
  return new TextEncoder().encode(value) as Bytes;
}

export function fromHex(hex: string): Bytes {
  if (!HEX.test(hex)) throw new Error(`${hex.slice(0, 40)} is not in hex`);
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

export function fromBase64(encoded: string): Bytes {
  return Uint8Array.from(atob(encoded), (each) => each.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}

/** Browsers hash and check signatures only on pages that came over https, or from this machine. */
export function canCheck(): boolean {
  return typeof crypto !== "undefined" && (crypto as { subtle?: unknown }).subtle !== undefined;
}
