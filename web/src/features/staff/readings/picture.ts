import { micro } from "@ui";

/** How long a value's bar is, in thousandths of the longest; values are cumulative, so bars begin at the smallest. */
export function lengths(values: readonly string[]): number[] {
  const sizes = values.map(micro);
  const [least, most] = sizes.reduce<[bigint, bigint]>(([low, high], each) => [each < low ? each : low, each > high ? each : high], [sizes[0] ?? 0n, sizes[0] ?? 0n]);
  const span = most - least;
  return sizes.map((each) => (span === 0n ? 1000 : Number(((each - least) * 1000n) / span)));
}
