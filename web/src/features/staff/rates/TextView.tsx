import { useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "@ui";
import type { DraftProblem } from "./usePreview";
import classes from "./Rates.module.css";

interface TextViewProps {
  text: string;
  problems: DraftProblem[];
  /** Somebody wrote it: its lines are the ones that problems name. */
  isWritten: boolean;
  onChange: (text: string) => void;
}

/** The document itself, YAML or JSON; every problem leads to its line. */
export function TextView({ text, problems, isWritten, onChange }: TextViewProps): ReactNode {
  const { t } = useTranslation("rates");
  const area = useRef<HTMLTextAreaElement>(null);
  const go = (line: number): void => {
    const field = area.current;
    if (field === null) return;
    const lines = field.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    field.focus();
    field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    field.scrollTop = (field.scrollHeight / lines.length) * Math.max(0, line - 4);
  };
  return (
    <Card title={t("viewText")}>
      <p className="quiet small">{t("textHint")}</p>
      <textarea
        ref={area}
        className={classes.text}
        aria-label={t("viewText")}
        aria-invalid={problems.length > 0}
        aria-describedby="rate-problems"
        spellCheck={false}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <ul id="rate-problems" className={classes.problems} aria-live="polite">
        {problems.map((each, at) => (
          <li key={at}>
            <button type="button" onClick={() => isWritten && each.line !== null && go(each.line)}>
              {[isWritten && each.line !== null ? t("atLine", { line: each.line }) : "", each.path, each.message].filter(Boolean).join(" · ")}
            </button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
