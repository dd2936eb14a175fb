import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Step } from "./inclusion";
import classes from "./Proofs.module.css";

/** What came of a check: a sentence that stands out, in words and with its icon. */
export function Verdict({ isRight, title, children }: { isRight: boolean; title: string; children?: ReactNode }): ReactNode {
  const Picture = isRight ? IconCircleCheck : IconCircleX;
  return (
    <div className={classes.verdict} data-right={isRight} role="status">
      <Picture aria-hidden size={28} />
      <div>
        <strong>{title}</strong>
        {children === undefined ? null : <p>{children}</p>}
      </div>
    </div>
  );
}

/** Each step of a check with what was hashed, so that the reader may do it again elsewhere. */
export function Steps({ steps }: { steps: Step[] }): ReactNode {
  const { t } = useTranslation("proofs");
  return (
    <ol className={classes.steps} aria-label={t("steps")}>
      {steps.map((step) => {
        const Picture = step.isRight ? IconCircleCheck : IconCircleX;
        return (
          <li key={step.name} className={classes.step} data-right={step.isRight}>
            <Picture aria-hidden size={24} />
            <div>
              <strong>{t(`step.${step.name}`)}</strong>
              <span className="quiet small">{t(step.isRight ? `holds.${step.name}` : `fails.${step.name}`)}</span>
              {step.failure === undefined ? null : <p className="quiet small">{step.failure}</p>}
            </div>
            {step.facts.length === 0 ? null : (
              <details>
                <summary>{t("hashed")}</summary>
                <dl className={classes.facts}>
                  {step.facts.map(([name, value]) => (
                    <div key={name}>
                      <dt>{t(`fact.${name}`)}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            )}
          </li>
        );
      })}
    </ol>
  );
}
