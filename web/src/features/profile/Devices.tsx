import { Button } from "@mantine/core";
import { IconDevices } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@api";
import { Card, Wrong, Row, Rows, Show, HERE, useFormats } from "@ui";

/** Every place where somebody is signed in, and the way out of each. */
export function Devices(): ReactNode {
  const { t } = useTranslation("profile");
  const formats = useFormats(HERE);
  const asked = $api.useQuery("get", "/api/v1/me/sessions");
  const again = (): void => void asked.refetch();
  const end = $api.useMutation("delete", "/api/v1/me/sessions/{session_id}", { onSuccess: again });
  const endOthers = $api.useMutation("post", "/api/v1/me/sessions/end-others", { onSuccess: again });
  const error = end.error ?? endOthers.error;
  return (
    <Card title={t("devices")}>
      <Wrong error={error} />
      <Show asked={asked} lines={3}>
        {({ items }) => (
          <>
            <Rows>
              {items.map((each) => (
                <Row
                  key={each.session_id}
                  icon={<IconDevices />}
                  title={each.is_this ? `${each.device} (${t("thisOne")})` : each.device}
                  hint={t("since", { time: formats.moment(each.created_at), last: formats.moment(each.last_used_at) })}
                >
                  {each.is_this ? null : (
                    <Button variant="subtle" onClick={() => end.mutate({ params: { path: { session_id: each.session_id } } })}>
                      {t("end")}
                    </Button>
                  )}
                </Row>
              ))}
            </Rows>
            {items.length < 2 ? null : (
              <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate({})}>
                {t("endOthers")}
              </Button>
            )}
          </>
        )}
      </Show>
    </Card>
  );
}
