import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Empty, More, Page, Show, useFormats } from "@ui";
import { Areas } from "./Areas";
import { Judge } from "./Judge";
import { isElsewhere } from "./keys";
import classes from "./Readings.module.css";

type Reading = Schemas["ReadingOut"];

function keyOf(reading: Reading): string {
  return `${reading.register_id} ${reading.taken_at}`;
}

/** Readings that wait for somebody to judge them: the queue, and what there is to know of the one in hand. */
export default function HeldPage(): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [chosen, setChosen] = useState("");
  const held = usePages("/api/v1/estates/{estate_id}/readings", { params: { path, query: { class: "held", is_set_aside: false, limit: 50 } } });
  const items = held.data;
  const at = Math.max(0, items?.findIndex((each) => keyOf(each) === chosen) ?? 0);
  const inHand = items?.[at];
  useEffect(() => {
    const move = (event: KeyboardEvent): void => {
      if (isElsewhere(event)) return;
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      const next = items?.[at + step];
      if (step !== 0 && next !== undefined) setChosen(keyOf(next));
    };
    window.addEventListener("keydown", move);
    return () => window.removeEventListener("keydown", move);
  }, [items, at]);
  return (
    <Page title={t("title")}>
      <Areas />
      <Show asked={held} lines={6}>
        {(waiting) =>
          inHand === undefined ? (
            <Card>
              <Empty title={t("none")}>{t("noneHint")}</Empty>
            </Card>
          ) : (
            <div className={classes.desk}>
              <Card title={t("waiting", { count: waiting.length })}>
                <ul className={classes.queue}>
                  {waiting.map((each) => (
                    <li key={keyOf(each)}>
                      <button type="button" aria-current={each === inHand} onClick={() => setChosen(keyOf(each))}>
                        <span className={classes.who}>
                          <strong>{each.meter}</strong>
                          <span className="quiet small">{each.taken_at == null ? null : formats.moment(each.taken_at)}</span>
                        </span>
                        <span className={`${classes.figure} num`}>{each.value == null ? null : formats.quantity(each.value.amount, each.value.unit)}</span>
                      </button>
                    </li>
                  ))}
                </ul>
                <More pages={held} isWide />
              </Card>
              <div className={classes.judge}>
                <Judge key={keyOf(inHand)} reading={inHand} />
              </div>
            </div>
          )
        }
      </Show>
    </Page>
  );
}
