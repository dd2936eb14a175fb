import { useComputedColorScheme } from "@mantine/core";
import { BarChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, type ReactNode } from "react";
import classes from "./UsageChart.module.css";

register([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface BarsProps {
  labels: string[];
  values: (string | null)[];
  shown: (value: string) => string;
  summary: string;
  isMoney: boolean;
}

const LOOKS = {
  light: { bar: "#0f7c67", money: "#0f7c67", line: "#dde3e0", text: "#52605c", ground: "#ffffff", ink: "#14201d" },
  dark: { bar: "#4cb397", money: "#4cb397", line: "#283532", text: "#a3b3ae", ground: "#22302c", ink: "#e8efec" },
};

/** Bars over time. The picture rounds; what stands in the summary and the table is exact. */
export default function Bars({ labels, values, shown, summary, isMoney }: BarsProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const element = box.current!;
    const made = init(element, null, { renderer: "canvas" });
    chart.current = made;
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const look = LOOKS[scheme];
    const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    chart.current?.setOption(
      {
        animation: !isStill,
        animationDuration: 350,
        grid: { left: 4, right: 4, top: 12, bottom: 4, containLabel: true },
        tooltip: {
          trigger: "axis",
          // the policy allows no styles in made-up HTML
          renderMode: "richText",
          confine: true,
          axisPointer: { type: "shadow", shadowStyle: { color: look.line, opacity: 0.4 } },
          backgroundColor: look.ground,
          borderColor: look.line,
          textStyle: { color: look.ink, fontSize: 14 },
          formatter: (points: { dataIndex: number }[]) => {
            const at = points[0]?.dataIndex ?? 0;
            const value = values[at];
            return `${labels[at]}\n${value == null ? "–" : shown(value)}`;
          },
        },
        xAxis: {
          type: "category",
          data: labels,
          axisTick: { show: false },
          axisLine: { lineStyle: { color: look.line } },
          axisLabel: { color: look.text, fontSize: 12, hideOverlap: true },
        },
        yAxis: {
          type: "value",
          splitNumber: 3,
          axisLabel: { color: look.text, fontSize: 12 },
          splitLine: { lineStyle: { color: look.line } },
        },
        series: [
          {
            type: "bar",
            data: values.map((each) => (each === null ? null : Number(each))),
            barMaxWidth: 36,
            barMinHeight: 1,
            itemStyle: { color: isMoney ? look.money : look.bar, borderRadius: [5, 5, 0, 0] },
          },
        ],
      },
      { notMerge: true },
    );
  }, [labels, values, shown, isMoney, scheme]);
  return <div ref={box} className={classes.canvas} role="img" aria-label={summary} />;
}
