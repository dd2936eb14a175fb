import { describe, expect, it } from "vitest";
import { asShown, carriedOut } from "./unchanged";

interface Limit {
  daily: string;
  spent: string;
}

const answer = (data: Limit) => () => Promise.resolve({ data, response: new Response(null, { headers: { etag: '"now"' } }) });
const missing = () => Promise.resolve({ error: { status: 404, code: "not_found" }, response: new Response(null, { status: 404 }) });
const said = ({ daily }: Limit): string => daily;

describe("the condition of a change", () => {
  it("is the tag of just now while people have said nothing else", async () => {
    await expect(asShown(answer({ daily: "5", spent: "3" }), { daily: "5", spent: "1" }, said)).resolves.toEqual({ "If-Match": '"now"' });
  });

  it("does not hold where somebody has changed what was shown, or set what was not there", async () => {
    for (const shown of [{ daily: "9", spent: "3" }, null]) {
      await expect(asShown(answer({ daily: "5", spent: "3" }), shown, said)).rejects.toMatchObject({ status: 412, code: "precondition_failed" });
    }
  });

  it("holds of what is still not there, and not of what is gone", async () => {
    await expect(asShown<Limit>(missing, null)).resolves.toEqual({});
    await expect(asShown<Limit>(missing, { daily: "5", spent: "3" })).rejects.toMatchObject({ status: 404 });
  });

  it("is whole where nothing is left out", async () => {
    await expect(asShown(answer({ daily: "5", spent: "3" }), { daily: "5", spent: "1" })).rejects.toMatchObject({ status: 412 });
  });
});

describe("what was carried out", () => {
  it("is the answer, or the refusal is thrown", () => {
    expect(carriedOut({ data: 7, response: new Response() })).toBe(7);
    const refusal = { status: 409, code: "period_locked" };
    expect(() => carriedOut({ error: refusal, response: new Response() })).toThrow(expect.objectContaining(refusal) as Error);
  });
});
