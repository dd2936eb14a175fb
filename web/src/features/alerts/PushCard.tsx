import { Button } from "@mantine/core";
import { IconBellOff, IconBellRinging, IconSend } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf } from "@api";
import { Card, Notice, Show, Tag, Wrong } from "@ui";
import { isSubscribedHere, pushAbility, switchOff, switchOn, usePush } from "./push";
import classes from "./Alerts.module.css";

/** Alerts on this device with the app closed: what that means, whether it is on, how it ends. */
export function PushCard(): ReactNode {
  const { t } = useTranslation("alerts");
  const ability = pushAbility();
  const asked = usePush(ability === "able");
  return (
    <Card title={t("push.title")}>
      <p className="quiet">{t("push.what")}</p>
      {ability === "able" ? (
        <Show asked={asked} lines={2}>
          {(told) => <Switch told={told} refresh={() => asked.refetch()} />}
        </Show>
      ) : (
        <Notice>{t(ability === "unable" ? "push.unable" : "push.installFirst")}</Notice>
      )}
    </Card>
  );
}

type Told = NonNullable<ReturnType<typeof usePush>["data"]>;

function Switch({ told, refresh }: { told: Told; refresh: () => Promise<unknown> }): ReactNode {
  const { t, i18n } = useTranslation("alerts");
  const [permission, setPermission] = useState(Notification.permission);
  const here = useQuery({ queryKey: ["push", "here"], queryFn: isSubscribedHere, staleTime: 0 });
  const mine = told.items.find((each) => each.is_this_session);
  const isOn = permission === "granted" && here.data === true && mine !== undefined;
  const again = (): Promise<unknown> => Promise.all([here.refetch(), refresh()]);
  const on = useMutation({
    mutationFn: async () => setPermission(await switchOn(told, i18n.language)),
    onSettled: again,
  });
  const off = useMutation({ mutationFn: () => switchOff(mine?.push_subscription_id), onSettled: again });
  if (permission === "denied") {
    return (
      <Notice tone="low" role="status">
        <strong>{t("push.denied")}</strong>
        <p>{t("push.deniedHint")}</p>
      </Notice>
    );
  }
  if (isOn) {
    return (
      <>
        <Tag tone="good" icon={<IconBellRinging aria-hidden />}>
          {t("push.on")}
        </Tag>
        <Wrong error={off.error} />
        <Try id={mine.push_subscription_id} />
        <Button variant="subtle" leftSection={<IconBellOff aria-hidden size={20} />} loading={off.isPending} onClick={() => off.mutate()}>
          {t("push.switchOff")}
        </Button>
      </>
    );
  }
  return (
    <>
      <ul className={classes.terms}>
        <li>{t("push.which")}</li>
        <li>{t("push.shown")}</li>
        <li>{t("push.stop")}</li>
      </ul>
      {on.error === null ? null : isOurs(on.error) ? <Wrong error={on.error} /> : <Notice tone="out" role="alert">{t("push.failed")}</Notice>}
      <Button leftSection={<IconBellRinging aria-hidden size={20} />} loading={on.isPending || here.isPending} onClick={() => on.mutate()}>
        {t("push.switchOn")}
      </Button>
    </>
  );
}

/** The server's refusal says why; a browser that reaches no push service says nothing that helps. */
function isOurs(error: unknown): boolean {
  return problemOf(error).code !== "unexpected" && !(error instanceof DOMException);
}

function Try({ id }: { id: string }): ReactNode {
  const { t } = useTranslation("alerts");
  const test = $api.useMutation("post", "/api/v1/me/push/subscriptions/{push_subscription_id}/test");
  return (
    <>
      <Wrong error={test.error} />
      {test.data === undefined ? null : <Notice role="status">{t("push.testSent")}</Notice>}
      <Button
        variant="default"
        leftSection={<IconSend aria-hidden size={20} />}
        loading={test.isPending}
        onClick={() => test.mutate({ params: { path: { push_subscription_id: id } } })}
      >
        {t("push.test")}
      </Button>
    </>
  );
}
