import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Place, Schemas } from "@api";
import { useFormats } from "@ui";
import classes from "./Wallet.module.css";

/** What an amount is made of: quantity by price, and tax. Prices are told with all their places. */
export function Lines({ told, place }: { told: Schemas["ExplanationOut"]; place: Place }): ReactNode {
  const { t } = useTranslation("wallet");
  const formats = useFormats(place.estate);
  const price = (amount: string): string => amount.replace(/0{1,4}$/, "");
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label={t("why")}>
      <table className={classes.lines}>
        <thead>
          <tr>
            <th scope="col">{t("what")}</th>
            <th scope="col">{t("howMuch")}</th>
            <th scope="col">{t("price")}</th>
            <th scope="col" className={classes.end}>
              {t("net")}
            </th>
          </tr>
        </thead>
        <tbody>
          {told.lines.map((line, at) => (
            <tr key={at}>
              <th scope="row">
                {line.charge}
                {line.letter === null && line.season === null ? null : (
                  <span className="quiet small"> {[line.season, line.letter].filter(Boolean).join(" ")}</span>
                )}
                {line.block === null || line.block < 2 ? null : <span className="quiet small"> {t("block", { block: line.block })}</span>}
              </th>
              <td className="num">{formats.quantity(line.quantity.amount, line.quantity.unit)}</td>
              <td className="num">{price(line.price.amount)}</td>
              <td className={`num ${classes.end}`}>{formats.money(line.net.amount)}</td>
            </tr>
          ))}
        </tbody>
        {told.total === null ? null : (
          <tfoot>
            <tr>
              <td colSpan={3}>{t("tax")}</td>
              <td className={`num ${classes.end}`}>{formats.money(told.total.tax.amount)}</td>
            </tr>
            <tr>
              <th scope="row" colSpan={3}>
                {t("total")}
              </th>
              <td className={`num ${classes.end}`}>{formats.money(told.total.gross.amount)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
