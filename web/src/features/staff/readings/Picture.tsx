import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import { Show, useFormats } from "@ui";
import { lengths } from "./picture";
import classes from "./Readings.module.css";

const AROUND = 8;

/** What a register showed lately, as bars, with the reading that is held among them. */
export function Picture({ reading }: { reading: Schemas["ReadingOut"] }): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/readings", {
    params: { path, query: { register_id: reading.register_id ?? 0, limit: AROUND } },
  });
  return (
    <Show asked={asked} lines={4}>
      {({ items }) => {
        // one that is older than those around the newest still stands among them
        const isThere = items.some((each) => each.taken_at === reading.taken_at);
        const shown = (isThere ? items : [...items.slice(0, AROUND - 1), reading]).filter((each) => each.value != null).reverse();
        const ends = lengths(shown.map((each) => each.value!.amount));
        return (
          <ol className={classes.picture} aria-label={t("picture")}>
            {shown.map((each, at) => (
              <li key={`${each.taken_at}`} data-held={each.class === "held" || undefined}>
                <span className="num">{formats.moment(each.taken_at!)}</span>
                <span aria-hidden className={classes.bar} style={{ width: `${ends[at]! / 10}%` }} />
                <span className="num">
                  {formats.quantity(each.value!.amount, each.value!.unit)}
                  {each.class === "held" ? ` · ${t("heldOne")}` : null}
                </span>
              </li>
            ))}
          </ol>
        );
      }}
    </Show>
  );
}
