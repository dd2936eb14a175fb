import { useComputedColorScheme } from "@mantine/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsCoreOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, type ReactNode } from "react";
import { lookOf, type Look } from "./look";
import classes from "./Charts.module.css";

register([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

const MOTION_MS = 350;
const FONT_PX = 12;

export interface CanvasProps {
  /** What is drawn, in the colours of the moment. The picture may round. */
  draw: (look: Look) => EChartsCoreOption;
  /** The same in words. */
  summary: string;
  isTall?: boolean;
}

/** The picture of a chart. The module is fetched when the first one is seen. */
export default function Canvas({ draw, summary, isTall = false }: CanvasProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const drawn = useRef("");
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
      drawn.current = "";
    };
  }, []);
  useEffect(() => {
    const look = lookOf();
    const own = draw(look);
    const option = {
      animation: !look.isStill,
      animationDuration: MOTION_MS,
      textStyle: { fontFamily: "system-ui, sans-serif", fontSize: FONT_PX, color: look.quiet },
      ...own,
      tooltip: { ...tooltip(look), ...(own.tooltip as object | undefined) },
    };
    // a page renders often; the picture moves only where it is another one
    const mark = JSON.stringify(option) + scheme;
    if (mark === drawn.current) return;
    drawn.current = mark;
    chart.current?.setOption(option, { notMerge: true });
  });
  return <div ref={box} className={classes.canvas} data-tall={isTall || undefined} role="img" aria-label={summary} />;
}

function tooltip(look: Look): object {
  return {
    trigger: "axis",
    // the policy allows no styles in made-up HTML
    renderMode: "richText",
    confine: true,
    backgroundColor: look.card,
    borderColor: look.line,
    textStyle: { color: look.ink, fontSize: 14 },
    axisPointer: { type: "shadow", shadowStyle: { color: look.line, opacity: 0.4 } },
  };
}
