import { isNegative, micro, sum, type Flow } from "@ui";
import type { Schemas } from "@api";

interface Flows {
  /** The month, as the API labels it. */
  label: string;
  unit: string;
  flows: Flow[];
}

/**
 * Where what the bulk meters measured went, in the newest month in which all of them and all behind them are known;
 * null where there is none. A bulk meter behind another one is not told apart by the report, so only one is drawn.
 */
export function flowsOf(report: Schemas["ReconciliationReport"], used: Schemas["EstateConsumption"] | undefined): Flows | null {
  const bulk = report.items.find((each) => each.covers === "estate") ?? (report.items.length === 1 ? report.items[0] : undefined);
  const step = bulk?.steps.findLast((each) => (each.known === "measured" || each.known === "spread") && each.bulk !== null && micro(each.bulk) > 0n);
  if (bulk === undefined || step === undefined) return null;
  const fedIn = used?.totals.find((each) => each.register === "export" && each.utility === report.utility);
  const at = used?.labels.indexOf(step.label) ?? -1;
  const flows: Flow[] = [
    { from: "grid", to: "estate", amount: step.bulk! },
    { from: "estate", to: "units", amount: step.sub_meters },
  ];
  // below zero the units measured more than came in: there is no flow for that, and the trend shows it
  if (step.difference !== null && !isNegative(step.difference)) flows.push({ from: "estate", to: "loss", amount: step.difference });
  if (fedIn !== undefined && at >= 0) flows.push({ from: "units", to: "export", amount: sum([fedIn.values[at] ?? null]) });
  return { label: step.label, unit: bulk.unit, flows };
}
