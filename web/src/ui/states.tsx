import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf, type Problem } from "@api";
import { useReason } from "./reason";
import classes from "./states.module.css";

/** What a query of TanStack shows of itself, as far as it matters here. */
export interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

interface ShowProps<T> {
  asked: Asked<T>;
  /** How many lines it takes, so that nothing jumps when it comes. */
  lines?: number;
  children: (data: T) => ReactNode;
}

/** Show what was asked for, or that it is on its way, or why it does not come. Old data stays and says so above. */
export function Show<T>({ asked, lines = 3, children }: ShowProps<T>): ReactNode {
  if (asked.data !== undefined) return children(asked.data);
  if (asked.isPending) return <Loading lines={lines} />;
  return <Failure problem={problemOf(asked.error)} retry={() => void asked.refetch()} />;
}

export function Loading({ lines = 3 }: { lines?: number }): ReactNode {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("state.loading")} className={classes.loading}>
      {Array.from({ length: lines }, (_, at) => (
        <Skeleton key={at} height={at === 0 ? 22 : 44} width={at === 0 ? "45%" : "100%"} radius="md" />
      ))}
    </div>
  );
}

/** What happened, a way to try again, and what to tell support. */
export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }): ReactNode {
  const { t } = useTranslation();
  const reason = useReason()(problem);
  const isOffline = problem.code === "offline";
  return (
    <div role="alert" className={classes.failure}>
      {isOffline ? <IconCloudOff aria-hidden /> : <IconAlertTriangle aria-hidden />}
      <div>
        <strong>{reason.said}</strong>
        <p lang={reason.detailLang}>{reason.detail}</p>
        {problem.reference === undefined ? null : (
          <p className={classes.reference}>{t("state.reference", { reference: problem.reference })}</p>
        )}
        {/* asked again, what is not allowed is not allowed again */}
        {retry === undefined || problem.status === 403 ? null : (
          <Button variant="default" onClick={retry}>
            {t("state.retry")}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Why the last thing somebody did was not done; nothing where nothing went wrong. */
export function Wrong({ error }: { error: unknown }): ReactNode {
  return error === null || error === undefined ? null : <Failure problem={problemOf(error)} />;
}

/** Nothing is there: why, and what can be done. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }): ReactNode {
  return (
    <div className={classes.empty}>
      <strong>{title}</strong>
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  );
}

type Tone = "info" | "good" | "low" | "out";

/** A sentence that matters, with its icon; words carry it, not the colour. */
export function Notice({ tone = "info", children, role }: { tone?: Tone; children: ReactNode; role?: "status" | "alert" }): ReactNode {
  const Icon = tone === "low" || tone === "out" ? IconAlertTriangle : IconInfoCircle;
  return (
    <div className={classes.notice} data-tone={tone} role={role}>
      <Icon aria-hidden size={20} />
      <div>{children}</div>
    </div>
  );
}
