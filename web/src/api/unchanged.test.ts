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

  it("does not hold where somebody has changed what was shown", async () => {
    await expect(asShown(answer({ daily: "5", spent: "3" }), { daily: "9", spent: "3" }, said)).rejects.toMatchObject({ status: 412, code: "precondition_failed" });
  });

  it("is none for what was not there, and does not hold of what is gone", async () => {
    const unasked = () => Promise.reject(new Error("nobody asks for what is not there"));
    await expect(asShown<Limit>(unasked, null)).resolves.toEqual({});
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
