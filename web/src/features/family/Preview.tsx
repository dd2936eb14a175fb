import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Estate, Schemas } from "@api";
import { Empty, micro, useFormats, Wrong } from "@ui";
import type { Summary } from "./GroupPage";
import { linesOf } from "./share";
import classes from "./Family.module.css";

interface PreviewProps {
  plan: Schemas["DistributionOut"];
  wallets: Summary["wallets"];
  available: string;
  estate: Estate;
  error: unknown;
  isSharing: boolean;
  onShare: () => void;
  onChange: () => void;
}

/** What each home gets and has then, before anything moves. */
export function Preview({ plan, wallets, available, estate, error, isSharing, onShare, onChange }: PreviewProps): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(estate);
  const { lines, stays } = linesOf(plan, wallets, available);
  const isNothing = micro(plan.total.amount) === 0n;
  return (
    <div className={classes.wideForm}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t("home")}</th>
            <th scope="col">{t("gets")}</th>
            <th scope="col">{t("then")}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ wallet_id, name, before, gets, after }) => (
            <tr key={wallet_id} data-nothing={micro(gets) === 0n ? true : undefined}>
              <th scope="row">
                {name}
                <span className="quiet small">{t("hasNow", { amount: formats.money(before) })}</span>
              </th>
              <td className="num">{formats.money(gets, { sign: true })}</td>
              <td className="num">{formats.money(after)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("inAll")}</th>
            <td className="num">{formats.money(plan.total.amount)}</td>
            <td />
          </tr>
        </tfoot>
      </table>
      {isNothing ? <Empty title={t("nobodyGets")}>{t("nobodyGetsHint")}</Empty> : <p>{t("stays", { amount: formats.money(stays) })}</p>}
      <Wrong error={error} />
      {isNothing ? null : (
        <Button size="lg" loading={isSharing} onClick={onShare}>
          {t("shareNow", { amount: formats.money(plan.total.amount) })}
        </Button>
      )}
      <Button variant="default" disabled={isSharing} onClick={onChange}>
        {t("change")}
      </Button>
    </div>
  );
}
