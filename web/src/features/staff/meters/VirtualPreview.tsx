import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { isNegative, Notice, Tag, useFormats } from "@ui";
import { stepsOf, type Known } from "./virtual";
import classes from "./Meters.module.css";

/** What registers that are made would show: value by value, with what each rose by. */
export function VirtualPreview({ preview, registers }: { preview: Schemas["VirtualPreview"]; registers: Known[] }): ReactNode {
  const { t } = useTranslation("devices");
  const formats = useFormats(useEstate().estate);
  const found = [...stepsOf(preview.values)];
  if (found.length === 0) return <Notice>{t("previewNothing")}</Notice>;
  const falls = found.some(([, steps]) => steps.some((each) => isNegative(each.amount) || (each.rise !== null && isNegative(each.rise))));
  return (
    <>
      {falls ? <Notice tone="low">{t("previewFalls")}</Notice> : null}
      {found.map(([register_id, steps]) => {
        const known = registers.find((each) => each.register_id === register_id);
        const name = known === undefined ? `#${register_id}` : `${known.meter} ${known.register}`;
        return (
          <div key={register_id} className={classes.scroll} role="region" aria-label={name} tabIndex={0}>
            <table className={classes.values}>
              <caption>{name}</caption>
              <thead>
                <tr>
                  <th scope="col">{t("takenAt")}</th>
                  <th scope="col">{t("value")}</th>
                  <th scope="col">{t("rise")}</th>
                </tr>
              </thead>
              <tbody>
                {steps.map(({ takenAt, amount, unit, rise, isEstimated }) => (
                  <tr key={takenAt}>
                    <th scope="row">
                      {formats.moment(takenAt)} {isEstimated ? <span className="quiet small">{t("estimated")}</span> : null}
                    </th>
                    <td className="num">{formats.quantity(amount, unit)}</td>
                    <td className="num">{rise === null ? <span className="quiet">{t("openingValue")}</span> : isNegative(rise) ? <Tag tone="low">{formats.quantity(rise, unit)}</Tag> : formats.quantity(rise, unit)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      })}
    </>
  );
}
