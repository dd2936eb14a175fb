import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Card, Notice } from "@ui";
import { canCheck } from "./bytes";
import { readProof } from "./inclusion";
import { ProofResult } from "./ProofResult";
import classes from "./Proofs.module.css";

/** A proof that somebody was given, as a file or as text. Nothing of it leaves the browser. */
export function PastedProof({ trusted }: { trusted: string }): ReactNode {
  const { t } = useTranslation("proofs");
  const [pasted, setPasted] = useState("");
  // the same object for the same text: a check is made once
  const [proof, setProof] = useState<ReturnType<typeof readProof>>(null);
  const take = (text: string): void => {
    setPasted(text);
    setProof(readProof(text));
  };
  return (
    <Card title={t("ofFile")}>
      <div className={classes.form}>
        <label className={classes.label}>
          {t("file")}
          <input type="file" accept="application/json,.json" onChange={(event) => void event.currentTarget.files?.[0]?.text().then(take)} />
        </label>
        <label className={classes.label}>
          {t("paste")}
          <textarea className={classes.paste} spellCheck={false} value={pasted} onChange={(event) => take(event.currentTarget.value)} />
        </label>
        <p className="quiet small">{t("staysHere")}</p>
        {pasted.trim() === "" ? null : proof === null ? <Notice tone="low">{t("noProof")}</Notice> : canCheck() ? <ProofResult proof={proof} trusted={trusted} /> : null}
      </div>
    </Card>
  );
}
