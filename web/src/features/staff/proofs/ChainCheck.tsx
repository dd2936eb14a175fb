import { Button } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, useEstate } from "@api";
import { CopyId, Card, useFormats, Wrong } from "@ui";
import { Fact, Facts } from "@ui/staff";
import { begun, ended, follow, type Piece, type Progress } from "./chain";
import classes from "./Proofs.module.css";
import { Verdict } from "./Steps";

const PIECE = 500;

/** The whole chain of an account, hash by hash, derived again here from what the entries say. */
export function ChainCheck({ accountId }: { accountId: number }): ReactNode {
  const { t } = useTranslation("proofs");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [state, setState] = useState<"ready" | "runs" | "done">("ready");
  const [error, setError] = useState<unknown>(null);
  const turn = useRef(0);
  const stop = (): void => void (turn.current += 1);
  useEffect(() => stop, []);

  const fetched = async (after_seq: number): Promise<Piece> => {
    const { data, error: refused } = await api.GET("/api/v1/estates/{estate_id}/ledger/accounts/{account_id}/chain", {
      params: { path: { ...path, account_id: accountId }, query: { after_seq, limit: PIECE } },
    });
    if (data === undefined) throw refused;
    return data;
  };

  const run = async (): Promise<void> => {
    const mine = (turn.current += 1);
    const isMine = (): boolean => turn.current === mine;
    setState("runs");
    setError(null);
    setProgress(null);
    try {
      let now: Progress | null = null;
      for (let after: number | null = 0; after !== null && isMine() && (now === null || now.broken === null); ) {
        const piece: Piece = await fetched(after);
        now = await follow(now ?? (await begun(piece)), piece);
        after = piece.next;
        if (isMine()) setProgress(now);
      }
      if (!isMine()) return;
      if (now !== null) setProgress(ended(now));
      setState("done");
    } catch (caught) {
      if (!isMine()) return;
      setError(caught);
      setState("ready");
    }
  };

  return (
    <Card
      title={t("chain")}
      action={
        state === "runs" ? (
          <Button
            variant="default"
            leftSection={<IconPlayerStop aria-hidden size={18} />}
            onClick={() => {
              stop();
              setState("ready");
            }}
          >
            {t("stop")}
          </Button>
        ) : (
          <Button leftSection={<IconPlayerPlay aria-hidden size={18} />} onClick={() => void run()}>
            {t(state === "done" ? "again" : "start")}
          </Button>
        )
      }
    >
      <p className="quiet small">{t("chainHint")}</p>
      <Wrong error={error} />
      {progress === null ? null : (
        <div className={classes.form}>
          {state === "done" ? <Outcome of={progress} /> : null}
          <progress className={classes.progress} max={Math.max(1, progress.headSeq - progress.beganAfter)} value={progress.checked} aria-label={t("checked")} />
          <Facts>
            <Fact label={t("checked")} hint={progress.beganAfter === 0 ? undefined : t("archivedBefore", { seq: progress.beganAfter })}>
              {t("ofEntries", { checked: formats.number(progress.checked), total: formats.number(Math.max(progress.headSeq - progress.beganAfter, progress.checked)) })}
            </Fact>
            <Fact label={t("head")}>
              <CopyId id={progress.hash} word={`${progress.hash.slice(0, 16)}…`} />
            </Fact>
          </Facts>
        </div>
      )}
    </Card>
  );
}

function Outcome({ of }: { of: Progress }): ReactNode {
  const { t } = useTranslation("proofs");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (of.broken === null) {
    return (
      <Verdict isRight title={t("chainHolds")}>
        {t("chainHoldsHint", { count: of.checked, shown: formats.number(of.checked) })}
      </Verdict>
    );
  }
  return (
    <Verdict isRight={false} title={t("chainBroken", { seq: of.broken.seq })}>
      {t(`broken.${of.broken.why}`, { found: of.broken.found, told: of.broken.told })}
    </Verdict>
  );
}
