import { Button } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, canUsePasskeys, makePasskey } from "@api";
import { Card, Wrong, Row, Rows, Show, HERE, useFormats } from "@ui";

export function Passkeys(): ReactNode {
  const { t } = useTranslation("profile");
  const formats = useFormats(HERE);
  const asked = $api.useQuery("get", "/api/v1/me/passkeys");
  const again = (): void => void asked.refetch();
  const add = useMutation({ mutationFn: makePasskey, onSuccess: again });
  const remove = $api.useMutation("delete", "/api/v1/me/passkeys/{passkey_id}", { onSuccess: again });
  const error = add.error ?? remove.error;
  return (
    <Card title={t("passkeys")}>
      <p className="quiet small">{t("passkeysHint")}</p>
      <Wrong error={error} />
      <Show asked={asked} lines={2}>
        {({ items }) => (
          <Rows>
            {items.map((each) => (
              <Row
                key={each.passkey_id}
                icon={<IconFingerprint />}
                title={each.name}
                hint={each.last_used_at === null ? t("neverUsed") : t("lastUsed", { time: formats.moment(each.last_used_at) })}
              >
                <Button variant="subtle" onClick={() => remove.mutate({ params: { path: { passkey_id: each.passkey_id } } })}>
                  {t("remove")}
                </Button>
              </Row>
            ))}
          </Rows>
        )}
      </Show>
      {canUsePasskeys() ? (
        <Button variant="default" loading={add.isPending} onClick={() => add.mutate(t("passkeyName", { day: formats.day(new Date()) }))}>
          {t("addPasskey")}
        </Button>
      ) : null}
    </Card>
  );
}
