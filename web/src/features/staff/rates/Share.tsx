import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { micro, Tag, useFormats } from "@ui";
import { largestOf, lengthOf, ratio } from "./ratio";
import classes from "./Rates.module.css";

const WIDTH = 1000;
// below it a share is shown as nothing, and is not
const SHOWN_MIN = 500n;
const BARS_MAX = 12;

/** By how much dearer or cheaper, in words; nothing where there is nothing to compare with. */
export function useShare(): (before: string, after: string) => string | null {
  const { t } = useTranslation("rates");
  const formats = useFormats(useEstate().estate);
  return (before, after) => {
    const found = ratio(before, after);
    if (found === null) return null;
    if (micro(before) === micro(after)) return t("same");
    const share = micro(found) < SHOWN_MIN ? `< ${formats.percent("0.001")}` : formats.percent(found);
    return t(micro(after) > micro(before) ? "dearer" : "cheaper", { amount: share });
  };
}

/** The same as a tag. */
export function Share({ before, after }: { before: string; after: string }): ReactNode {
  const said = useShare()(before, after);
  const more = micro(after) - micro(before);
  return said === null ? null : <Tag tone={more === 0n ? "plain" : more > 0n ? "out" : "good"}>{said}</Tag>;
}

/** What units pay now and would pay, as bars below each other; the list below has the figures. */
export function Bars({ units }: { units: Schemas["UnitComparisonOut"][] }): ReactNode {
  const { t } = useTranslation("rates");
  const share = useShare();
  const shown = units.flatMap(({ unit_id, unit, old, new: fresh }) => (old === null || fresh === null ? [] : [{ unit_id, unit, before: old.amount, after: fresh.amount }])).slice(0, BARS_MAX);
  const most = largestOf(shown.flatMap((each) => [each.before, each.after]));
  if (shown.length === 0 || most === 0n) return null;
  return (
    <ul className={classes.bars} aria-label={t("barsLabel")}>
      {shown.map(({ unit_id, unit, before, after }) => (
        <li key={unit_id}>
          <span>
            <strong>{unit}</strong> <span className="quiet small">{share(before, after)}</span>
          </span>
          <svg viewBox={`0 0 ${WIDTH} 30`} preserveAspectRatio="none" width="100%" height="30" aria-hidden>
            <rect data-tone="plain" x={0} y={2} width={lengthOf(before, most, WIDTH)} height={12} />
            <rect data-tone={micro(after) > micro(before) ? "out" : "good"} x={0} y={16} width={lengthOf(after, most, WIDTH)} height={12} />
          </svg>
        </li>
      ))}
    </ul>
  );
}
