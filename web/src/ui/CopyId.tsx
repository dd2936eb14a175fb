import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "./CopyId.module.css";

const SHOWN_MS = 2000;

/** An id that one press copies; that it did is said, not only shown. */
export function CopyId({ id, word }: { id: string; word?: string }): ReactNode {
  const { t } = useTranslation("common");
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = window.setTimeout(() => setIsCopied(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  const copy = (): void => void navigator.clipboard?.writeText(id).then(() => setIsCopied(true), () => undefined);
  return (
    <button type="button" className={`${classes.copy} num`} onClick={copy} aria-label={t("copy", { id })}>
      {word ?? `#${id}`}
      {isCopied ? <IconCheck aria-hidden size={16} /> : <IconCopy aria-hidden size={16} />}
      <span role="status">{isCopied ? t("copied") : null}</span>
    </button>
  );
}
