import type { Look } from "./look";

/** The frame of what has a value over time or hours; from right to left, time runs so too. */
export function axes(look: Look, labels: string[], percent = false): { grid: object; xAxis: object; yAxis: object } {
  const text = { color: look.quiet, fontSize: 12 };
  return {
    // half of the last label hangs over the end of its axis
    grid: { left: look.isRightToLeft ? 20 : 4, right: look.isRightToLeft ? 8 : 20, top: 16, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: labels,
      inverse: look.isRightToLeft,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.line } },
      axisLabel: { ...text, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      position: look.isRightToLeft ? "right" : "left",
      splitNumber: 3,
      axisLabel: { ...text, formatter: (value: number) => (percent ? `${look.number(value)}\u00a0%` : look.number(value)) },
      splitLine: { lineStyle: { color: look.line } },
    },
  };
}

/** Where something ends in the picture: the only place where an exact text becomes a number. */
export function plotted(value: string | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** A tooltip's text from the place that is pointed at. */
export function told(tell: (at: number) => string): { formatter: (points: { dataIndex: number }[] | { dataIndex: number }) => string } {
  return { formatter: (points) => tell((Array.isArray(points) ? points[0] : points)?.dataIndex ?? 0) };
}
