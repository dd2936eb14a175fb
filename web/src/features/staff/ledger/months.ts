/** The month of a local day and those before it, newest first, as YYYY-MM. */
export function monthsBefore(day: string, count: number): string[] {
  const last = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
  return Array.from({ length: count }, (_, back) => {
    const month = last - back;
    return `${Math.floor(month / 12)}-${`${(month % 12) + 1}`.padStart(2, "0")}`;
  });
}
