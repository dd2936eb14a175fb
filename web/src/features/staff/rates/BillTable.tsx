import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, type Schemas } from "@api";
import { decimal, micro, Tag, useFormats } from "@ui";
import { useDates } from "./parts";
import classes from "./Rates.module.css";

type Calculation = Schemas["CalculationOut"];
type Line = Schemas["CalculationLineOut"];

/** Lines of two bills beside each other: those of the same charge, season, letter and block belong together. */
export function paired(mine: Line[], other: Line[]): { key: string; mine: Line | undefined; other: Line | undefined }[] {
  const key = (line: Line): string => [line.charge, line.kind, line.register, line.season, line.letter, line.block].join("/");
  const left = new Map(mine.map((line) => [key(line), line]));
  const right = new Map(other.map((line) => [key(line), line]));
  return [...new Set([...left.keys(), ...right.keys()])].map((each) => ({ key: each, mine: left.get(each), other: right.get(each) }));
}

export function difference(one: string, other: string): string {
  return decimal(micro(one) - micro(other));
}

/** A bill line by line, beside what the same costs by the other table. */
export function BillTable({ mine, other, whyNoOther }: { mine: Calculation; other: Calculation | null; whyNoOther: string | null }): ReactNode {
  const { t } = useTranslation("rates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const { date } = useDates();
  const more = other === null ? null : difference(mine.gross.amount, other.gross.amount);
  const tone = more === null || micro(more) === 0n ? "plain" : micro(more) > 0n ? "out" : "good";
  const sums = [
    ["net", mine.net.amount, other?.net.amount],
    ["tax", mine.tax.amount, other?.tax.amount],
    ["gross", mine.gross.amount, other?.gross.amount],
  ] as const;
  return (
    <div className={classes.column} aria-live="polite">
      <div>
        <p className="quiet small">{`${date(mine.from)} – ${date(mine.to)}`}</p>
        <p className={`${classes.big} num`}>{formats.money(mine.gross.amount)}</p>
        {more === null ? null : (
          <Tag tone={tone}>
            {micro(more) === 0n ? t("same") : t(micro(more) > 0n ? "dearer" : "cheaper", { amount: formats.money(micro(more) > 0n ? more : decimal(-micro(more))) })}
          </Tag>
        )}
        {whyNoOther === null ? null : <p className="quiet small">{t("noOther", { why: whyNoOther })}</p>}
      </div>
      <div className={classes.scroll} role="region" aria-label={`${t("preview")}: ${date(mine.from)}`} tabIndex={0}>
        <table className={classes.prices}>
          <thead>
            <tr>
              <th scope="col">{t("line.what")}</th>
              <th scope="col" className={classes.figure}>
                {t("line.new")}
              </th>
              {other === null ? null : (
                <th scope="col" className={classes.figure}>
                  {t("line.now")}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {paired(mine.lines, other?.lines ?? []).map(({ key, mine: own, other: old }) => {
              const line = (own ?? old)!;
              return (
                <tr key={key}>
                  <th scope="row">
                    {[line.charge, line.season, line.letter].filter(Boolean).join(" · ")}
                    <span className="quiet small num"> {formats.quantity(line.quantity.amount, line.quantity.unit)}</span>
                  </th>
                  <td className={classes.figure}>{own === undefined ? "–" : formats.money(own.net.amount)}</td>
                  {other === null ? null : <td className={classes.figure}>{old === undefined ? "–" : formats.money(old.net.amount)}</td>}
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            {sums.map(([word, amount, old]) => (
              <tr key={word}>
                <th scope="row">{t(`line.${word}`)}</th>
                <td className={classes.figure}>{formats.money(amount)}</td>
                {old === undefined ? null : <td className={classes.figure}>{formats.money(old)}</td>}
              </tr>
            ))}
          </tfoot>
        </table>
      </div>
    </div>
  );
}
