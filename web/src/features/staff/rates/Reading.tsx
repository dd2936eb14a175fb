import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "@ui";
import { cellsOf, seasonsOf, weekOf, withoutClocks, type Block, type Charge, type Price, type RateDocument } from "./document";
import { unitOf, useDates } from "./parts";
import { WeekGrid } from "./WeekGrid";
import classes from "./Rates.module.css";

interface Line {
  what: string;
  price: string;
}

/** A rate table told in plain words: what is charged, how much of it, and when which price holds. */
export function Reading({ document }: { document: RateDocument }): ReactNode {
  const { t } = useTranslation("rates");
  const { monthDay } = useDates();
  const isTimed = document.clocks !== undefined || document.seasons !== undefined;
  return (
    <>
      <Card title={t("charges")}>
        {document.charges.map((charge) => (
          <ChargeReading key={charge.name} charge={charge} document={document} />
        ))}
      </Card>
      {isTimed ? (
        <Card title={t("times")}>
          {seasonsOf(document).map((season) => {
            const week = weekOf(document, season);
            const span = document.seasons?.[season];
            return (
              <div key={season} className={classes.season}>
                {span === undefined ? null : (
                  <strong>{t("seasonSpan", { season, from: monthDay(span.from), to: monthDay(span.to) })}</strong>
                )}
                {week === null ? null : <WeekGrid week={week} season={season} />}
              </div>
            );
          })}
        </Card>
      ) : null}
    </>
  );
}

function ChargeReading({ charge, document }: { charge: Charge; document: RateDocument }): ReactNode {
  const { t } = useTranslation("rates");
  const { price } = useDates();
  const kind = charge.kind as "usage" | "fixed" | "demand" | "minimum" | "netting";
  const lines = useLines(charge, document);
  return (
    <div className={classes.charge}>
      <div>
        <strong>{charge.name}</strong>
        <p className="quiet small">
          {charge.register === "export" ? t("meaning.export") : t(`meaning.${kind}`)}
          {charge.while_off === false ? ` ${t("whileOff")}` : ""}
        </p>
      </div>
      <table className={classes.prices} aria-label={charge.name}>
        <tbody>
          {lines.map((line) => (
            <tr key={line.what}>
              <th scope="row">{line.what}</th>
              <td className={classes.figure}>{price(line.price, document.currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function useLines(charge: Charge, document: RateDocument): Line[] {
  const { t } = useTranslation("rates");
  const unit = unitOf(document);
  const named = (season: string, letter: string, rest: string): string => [season, letter, rest].filter(Boolean).join(" · ");
  const free = typeof charge.allowance === "string" ? [{ what: t("free", { amount: charge.allowance, unit }), price: "0" }] : [];
  if (charge.kind === "fixed") return [{ what: t(charge.per === "day" ? "perDay" : "perMonth"), price: String(charge.price) }];
  if (charge.kind === "minimum") return [{ what: t("perMonth"), price: String(charge.price) }];
  if (charge.kind === "netting") return [{ what: t("surplus", { unit }), price: String(charge.surplus_price) }];
  if (charge.blocks !== undefined) {
    const bySeason = Array.isArray(charge.blocks) ? ([["", charge.blocks]] as [string, Block[]][]) : flattened(charge.blocks);
    const lines = bySeason.flatMap(([name, blocks]) =>
      blocks.map((block, at) => ({
        what: named(name, "", block.up_to === undefined ? (at === 0 ? t("each", { unit }) : t("above", { from: blocks[at - 1]!.up_to, unit })) : t("upTo", { to: block.up_to, unit })),
        price: block.price,
      })),
    );
    return [...free, ...lines];
  }
  const shown = charge.kind === "demand" ? withoutClocks(document) : document;
  const rest = charge.kind === "demand" ? t("each", { unit: String(charge.unit) }) : t("each", { unit });
  const cells = typeof charge.price === "string" ? [{ season: "", letter: "", price: charge.price }] : cellsOf(shown, charge.price as Price);
  return [...free, ...cells.map(({ season, letter, price }) => ({ what: named(season, letter, rest), price }))];
}

/** Blocks by season, by letter or by both, each with its name. */
function flattened(blocks: Record<string, unknown>): [string, Block[]][] {
  return Object.entries(blocks).flatMap(([name, inner]) =>
    Array.isArray(inner) ? [[name, inner as Block[]] as [string, Block[]]] : flattened(inner as Record<string, unknown>).map(([letter, list]): [string, Block[]] => [`${name} · ${letter}`, list]),
  );
}
