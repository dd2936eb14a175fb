import { Button } from "@mantine/core";
import { IconClockHour4, IconSend, IconTrash, IconUpload, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { deleteItem, deliverOutbox, readOutbox, tryAgain, useOutbox, usePlace, useSession, type OutboxItem } from "@api";
import { Card, Empty, Notice, Page, Row, Rows, sentence, Tag, useFormats, Wrong } from "@ui";
import classes from "./Outbox.module.css";

/** What was done without a connection and waits: each with its state, why, and what can be done. */
export default function OutboxPage(): ReactNode {
  const { t } = useTranslation("outbox");
  const { items, sending } = useOutbox();
  const isOffline = useSession() === "offline";
  const send = useMutation({ mutationFn: deliverOutbox });
  useEffect(() => {
    void readOutbox().catch(() => undefined);
  }, []);
  const isWaiting = items.some((each) => each.state === "waiting");
  return (
    <Page title={t("title")}>
      <Card>
        {items.length === 0 ? (
          <Empty title={t("none")}>{t("noneHint")}</Empty>
        ) : (
          <>
            <p className="quiet">{t("hint")}</p>
            <Wrong error={send.error} />
            <Rows label={t("title")}>
              {items.map((each) => (
                <Item key={each.id} item={each} isSending={each.id === sending} />
              ))}
            </Rows>
            {isWaiting ? (
              <Button
                size="lg"
                leftSection={<IconSend aria-hidden size={20} />}
                loading={send.isPending || sending !== null}
                onClick={() => send.mutate()}
                disabled={isOffline && !navigator.onLine}
              >
                {t("sendNow")}
              </Button>
            ) : null}
          </>
        )}
      </Card>
    </Page>
  );
}

function Item({ item, isSending }: { item: OutboxItem; isSending: boolean }): ReactNode {
  const { t } = useTranslation(["outbox", "common"]);
  const { problem } = item;
  const state = isSending ? "sending" : item.state;
  return (
    <Row
      icon={state === "refused" ? <IconX /> : state === "sending" ? <IconUpload /> : <IconClockHour4 />}
      {...useWords(item)}
      valueHint={<Tag tone={state === "refused" ? "out" : "asked"}>{t(`outbox:state.${state}`)}</Tag>}
    >
      {item.state === "refused" ? (
        <Notice tone="out">
          <strong>{sentence(problem?.detail ?? "") || problem?.title}</strong>
          {(problem?.problems ?? []).map((each) => (
            <p key={each.path ?? each.message}>{sentence(each.message ?? "")}</p>
          ))}
          <p>{t(item.kind === "meter_token" ? "outbox:whatNowToken" : "outbox:whatNow")}</p>
          {problem?.reference === undefined ? null : <p className="small">{t("common:state.reference", { reference: problem.reference })}</p>}
        </Notice>
      ) : problem !== null && problem.status >= 400 ? (
        <p className="quiet small">{t("outbox:whyWaiting")}</p>
      ) : null}
      <Actions item={item} isSending={isSending} />
    </Row>
  );
}

/** What an item is called: of a token the last digits only, whoever looks over a shoulder. */
function useWords({ kind, payload, made_at }: OutboxItem): { title: string; hint: string; value: string } {
  const { t } = useTranslation("outbox");
  const formats = useFormats(usePlace().estate);
  const title = t(`kind.${kind}`, { serial: payload.serial });
  if ("token" in payload) {
    return { title, hint: `${t("keyedIn", { time: formats.moment(made_at) })} · ${payload.home}`, value: `•••• ${payload.token.slice(-4)}` };
  }
  const photo = payload.photo === null ? "" : ` · ${t("photo")}`;
  return {
    title,
    hint: `${t("read", { time: formats.moment(payload.taken_at) })} · ${payload.home}${photo}`,
    value: formats.quantity(payload.value, payload.unit),
  };
}

function Actions({ item, isSending }: { item: OutboxItem; isSending: boolean }): ReactNode {
  const { t } = useTranslation(["outbox", "common"]);
  const [isAsked, setAsked] = useState(false);
  if (isSending) return null;
  if (isAsked) {
    return (
      <div className={classes.actions} role="group" aria-label={t("outbox:delete")}>
        <span className="quiet small">{t("outbox:deleteHint")}</span>
        <Button color="red" variant="light" onClick={() => void deleteItem(item.id)} autoFocus>
          {t("outbox:deleteSure")}
        </Button>
        <Button variant="default" onClick={() => setAsked(false)}>
          {t("common:cancel")}
        </Button>
      </div>
    );
  }
  return (
    <div className={classes.actions}>
      {item.state === "refused" ? (
        <Button variant="default" onClick={() => void tryAgain(item)}>
          {t("common:state.retry")}
        </Button>
      ) : null}
      <Button variant="subtle" leftSection={<IconTrash aria-hidden size={20} />} onClick={() => setAsked(true)}>
        {t("outbox:delete")}
      </Button>
    </div>
  );
}
