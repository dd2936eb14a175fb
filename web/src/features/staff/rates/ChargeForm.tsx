import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { cellsOf, isEditable, priceOf, withoutClocks, type Block, type Charge, type Price, type RateDocument } from "./document";
import { unitOf } from "./parts";
import classes from "./Rates.module.css";

interface ChargeFormProps {
  document: RateDocument;
  charge: Charge;
  at: number;
  wrong: (path: string) => string | undefined;
  /** Null takes it away. */
  onChange: (charge: Charge | null) => void;
}

/** One charge in fields; of a shape that has none, what it is and where to change it. */
export function ChargeForm({ document, charge, at, wrong, onChange }: ChargeFormProps): ReactNode {
  const { t } = useTranslation("rates");
  const kind = charge.kind as "usage" | "fixed" | "demand" | "minimum" | "netting";
  const path = `charges[${at}]`;
  const isKnown = isEditable(document, charge);
  return (
    <fieldset className={classes.charge}>
      <legend className="quiet small">{charge.register === "export" ? t("meaning.export") : t(`meaning.${kind}`)}</legend>
      {isKnown ? (
        <>
          <div className={classes.fields}>
            <TextInput label={t("chargeName")} value={charge.name} error={wrong(`${path}.name`)} onChange={(event) => onChange({ ...charge, name: event.currentTarget.value })} />
            {charge.kind === "fixed" ? <Per charge={charge} onChange={onChange} /> : null}
            {charge.kind === "usage" ? <Shape charge={charge} onChange={onChange} document={document} /> : null}
          </div>
          {Array.isArray(charge.blocks) ? (
            <Blocks charge={charge} blocks={charge.blocks} path={path} unit={unitOf(document)} wrong={wrong} onChange={onChange} />
          ) : (
            <Prices document={document} charge={charge} path={path} wrong={wrong} onChange={onChange} />
          )}
          {wrong(path) === undefined ? null : <p role="alert">{wrong(path)}</p>}
        </>
      ) : (
        <p className="quiet">{t("notInForm", { name: charge.name })}</p>
      )}
      <div>
        <Button variant="subtle" color="clay" leftSection={<IconTrash aria-hidden size={18} />} disabled={document.charges.length === 1} onClick={() => onChange(null)}>
          {t("removeCharge", { name: charge.name })}
        </Button>
      </div>
    </fieldset>
  );
}

function Per({ charge, onChange }: Pick<ChargeFormProps, "charge" | "onChange">): ReactNode {
  const { t } = useTranslation("rates");
  return (
    <NativeSelect
      label={t("per")}
      value={String(charge.per)}
      onChange={(event) => onChange({ ...charge, per: event.currentTarget.value })}
      data={[
        { value: "day", label: t("perDay") },
        { value: "month", label: t("perMonth") },
      ]}
    />
  );
}

/** One price, or one for each block of a month's quantity. */
function Shape({ charge, document, onChange }: Pick<ChargeFormProps, "charge" | "document" | "onChange">): ReactNode {
  const { t } = useTranslation("rates");
  const toBlocks = (): void => {
    const { price, ...rest } = charge;
    const first = cellsOf(document, price).at(0)?.price ?? "";
    onChange({ ...rest, blocks: [{ up_to: "100", price: first }, { price: first }] });
  };
  const toPrice = (): void => {
    const kept = Object.entries(charge).filter(([key]) => !key.startsWith("blocks"));
    onChange({ ...(Object.fromEntries(kept) as Charge), price: (charge.blocks as Block[])[0]?.price ?? "" });
  };
  return (
    <NativeSelect
      label={t("shape")}
      value={charge.blocks === undefined ? "price" : "blocks"}
      onChange={(event) => (event.currentTarget.value === "blocks" ? toBlocks() : toPrice())}
      data={[
        { value: "price", label: t("shapePrice") },
        { value: "blocks", label: t("shapeBlocks") },
      ]}
    />
  );
}

function Prices({ document, charge, path, wrong, onChange }: Omit<ChargeFormProps, "at"> & { path: string }): ReactNode {
  const { t } = useTranslation("rates");
  const unit = charge.kind === "usage" ? unitOf(document) : charge.kind === "demand" ? String(charge.unit) : null;
  const isOne = charge.kind === "fixed" || charge.kind === "minimum";
  const shown = charge.kind === "demand" ? withoutClocks(document) : document;
  const cells = isOne ? [{ season: "", letter: "", price: String(charge.price ?? "") }] : cellsOf(shown, charge.price as Price);
  return (
    <div className={classes.fields}>
      {cells.map((cell, at) => {
        const where = [cell.season, cell.letter].filter(Boolean);
        const said = [wrong([path, "price", ...where].join(".")), at === 0 ? wrong(`${path}.price`) : undefined].find(Boolean);
        return (
          <TextInput
            key={where.join(".")}
            inputMode="decimal"
            label={[where.join(" · "), unit === null ? t("amountIn", { currency: document.currency }) : t("priceIn", { currency: document.currency, unit })].filter(Boolean).join(": ")}
            value={cell.price}
            error={said}
            onChange={(event) => onChange({ ...charge, price: priceOf(cells.map((each, place) => (place === at ? { ...each, price: event.currentTarget.value } : each))) })}
          />
        );
      })}
    </div>
  );
}

interface BlocksProps {
  charge: Charge;
  blocks: Block[];
  path: string;
  unit: string;
  wrong: (path: string) => string | undefined;
  onChange: (charge: Charge) => void;
}

function Blocks({ charge, blocks, path, unit, wrong, onChange }: BlocksProps): ReactNode {
  const { t } = useTranslation("rates");
  const set = (at: number, part: Partial<Block>): void => onChange({ ...charge, blocks: blocks.map((each, place) => (place === at ? { ...each, ...part } : each)) });
  return (
    <>
      {blocks.map((block, at) => (
        <div key={at} className={classes.fields}>
          {block.up_to === undefined ? (
            <TextInput label={t("blockEnd", { unit })} value={t("noEnd")} readOnly />
          ) : (
            <TextInput label={t("blockEnd", { unit })} inputMode="decimal" value={block.up_to} error={wrong(`${path}.blocks[${at}].up_to`)} onChange={(event) => set(at, { up_to: event.currentTarget.value })} />
          )}
          <TextInput label={t("blockPrice", { number: at + 1 })} inputMode="decimal" value={block.price} error={wrong(`${path}.blocks[${at}].price`)} onChange={(event) => set(at, { price: event.currentTarget.value })} />
        </div>
      ))}
      <div className={classes.buttons}>
        <Button variant="default" onClick={() => onChange({ ...charge, blocks: [...blocks.slice(0, -1), { up_to: "", price: "" }, blocks.at(-1)!] })}>
          {t("addBlock")}
        </Button>
        <Button variant="default" disabled={blocks.length === 1} onClick={() => onChange({ ...charge, blocks: [...blocks.slice(0, -2), blocks.at(-1)!] })}>
          {t("removeBlock")}
        </Button>
      </div>
    </>
  );
}
