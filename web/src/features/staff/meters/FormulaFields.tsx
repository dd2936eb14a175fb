import { ActionIcon, NativeSelect, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, useUnits } from "@api";
import { RegisterPick } from "./RegisterPick";
import { fractionOf, restOf, type Known, type Part, type Result } from "./virtual";
import classes from "./Meters.module.css";

interface FormulaFieldsProps {
  parts: Part[];
  results: Result[];
  onParts: (parts: Part[]) => void;
  onResults: (results: Result[]) => void;
  /** What the API found wrong with either. */
  wrongParts: string | null;
  wrongResults: string | null;
}

/** What goes in, added or taken away, and what comes out of it, whole or in shares. */
export function FormulaFields({ parts, results, onParts, onResults, wrongParts, wrongResults }: FormulaFieldsProps): ReactNode {
  const { t } = useTranslation("devices");
  const taken = [...parts, ...results].map((each) => each.register.register_id);
  const rest = restOf(results.map((each) => each.share));
  return (
    <>
      <fieldset className={classes.group}>
        <legend>{t("partsTitle")}</legend>
        <p className="quiet small">{t("partsHint")}</p>
        {parts.map(({ register, isLess }, at) => (
          <Line key={register.register_id} register={register} onRemove={() => onParts(parts.filter((_, place) => place !== at))}>
            <NativeSelect
              aria-label={t("howIn", { name: register.meter })}
              value={isLess ? "less" : "plus"}
              onChange={(event) => onParts(parts.map((each, place) => (place === at ? { ...each, isLess: event.currentTarget.value === "less" } : each)))}
              data={[
                { value: "plus", label: t("isPlus") },
                { value: "less", label: t("isLess") },
              ]}
            />
          </Line>
        ))}
        <RegisterPick label={t("addPart")} taken={taken} onPick={(register) => onParts([...parts, { register, isLess: false }])} />
        <Fault said={wrongParts} />
      </fieldset>
      <fieldset className={classes.group}>
        <legend>{t("resultsTitle")}</legend>
        <p className="quiet small">{t("resultsHint")}</p>
        {results.map(({ register, share }, at) => (
          <Line key={register.register_id} register={register} onRemove={() => onResults(results.filter((_, place) => place !== at))}>
            <TextInput
              aria-label={t("shareOf", { name: register.meter })}
              autoComplete="off"
              value={share}
              error={fractionOf(share) === null ? t("noShare") : null}
              onChange={(event) => onResults(results.map((each, place) => (place === at ? { ...each, share: event.currentTarget.value } : each)))}
            />
          </Line>
        ))}
        <RegisterPick label={t("addResult")} taken={taken} isToBeMade onPick={(register) => onResults([...results, { register, share: "1" }])} />
        {results.length === 0 || rest === "wrong" || rest === "none" ? null : <p className={rest === "tooMuch" ? classes.fault : "quiet small"}>{t(rest === "tooMuch" ? "sharesTooMuch" : "sharesLeft")}</p>}
        <Fault said={wrongResults} />
      </fieldset>
    </>
  );
}

function Fault({ said }: { said: string | null }): ReactNode {
  if (said === null) return null;
  return (
    <p role="alert" lang="en" className={classes.fault}>
      {said}
    </p>
  );
}

function Line({ register, onRemove, children }: { register: Known; onRemove: () => void; children: ReactNode }): ReactNode {
  const { t } = useTranslation("devices");
  const { nameOf } = useUnits(useEstate().path);
  return (
    <div className={classes.part}>
      <div className={classes.what}>
        <strong>{`${register.meter} ${register.register}`}</strong>
        <p className="quiet small">{nameOf(register.unit_id)}</p>
      </div>
      {children}
      <ActionIcon variant="subtle" size={44} aria-label={t("remove", { name: `${register.meter} ${register.register}` })} onClick={onRemove}>
        <IconX aria-hidden size={20} />
      </ActionIcon>
    </div>
  );
}
