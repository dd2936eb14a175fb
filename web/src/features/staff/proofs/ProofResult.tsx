import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate } from "@api";
import { Loading, Notice, useFormats } from "@ui";
import { checkProof, isGenuine, type Proof, type Step } from "./inclusion";
import classes from "./Proofs.module.css";
import { Steps, Verdict } from "./Steps";

/** A proof as this browser finds it, with a key that the reader trusts or, without one, the one that came along. */
export function ProofResult({ proof, trusted }: { proof: Proof; trusted: string }): ReactNode {
  const { t } = useTranslation("proofs");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const key = trusted === "" ? (proof.key ?? "") : trusted;
  const [found, setFound] = useState<{ proof: Proof; key: string; steps: Step[] } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void checkProof(proof, key).then((steps) => {
      if (isCurrent) setFound({ proof, key, steps });
    });
    return () => {
      isCurrent = false;
    };
  }, [proof, key]);
  // an older result says nothing of another proof or key
  if (found === null || found.proof !== proof || found.key !== key) return <Loading lines={4} />;
  const isRight = isGenuine(found.steps);
  const takenAt = /^taken_at (\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/m.exec(proof.note);
  const { posted, held, head_seq } = proof.leaf;
  const shown = (money: { amount: string; currency: string }): string => formats.money(money.amount, { currency: money.currency });
  return (
    <div className={classes.result}>
      <Verdict isRight={isRight} title={t(isRight ? "genuine" : "notGenuine")}>
        {isRight && takenAt !== null
          ? t("says", {
              time: formats.moment(`${takenAt[1]}-${takenAt[2]}-${takenAt[3]}T${takenAt[4]}:${takenAt[5]}:${takenAt[6]}Z`),
              account: proof.leaf.account_id,
              count: head_seq,
              balance: shown(posted),
              held: shown(held),
            })
          : t("notGenuineHint")}
      </Verdict>
      {trusted === "" ? <Notice tone="low">{t(key === "" ? "noKey" : "ownKey")}</Notice> : null}
      <Steps steps={found.steps} />
    </div>
  );
}
