import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Show, useFormats, Wrong } from "@ui";
import type { EndpointPath } from "./WebhookPage";
import classes from "./Access.module.css";

const ONE = "/api/v1/estates/{estate_id}/webhooks/{endpoint_id}/deliveries/{event_id}";

/** One delivery: what was sent, each try and what came back, and the way to send it again. */
export function Delivery({ event_id, path }: { event_id: string; path: EndpointPath }): ReactNode {
  const { t } = useTranslation("access");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const client = useQueryClient();
  const params = { path: { ...path, event_id } };
  const asked = $api.useQuery("get", ONE, { params });
  const replay = $api.useMutation("post", `${ONE}/replay`, {
    onSuccess: () => client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/deliveries") }),
  });
  return (
    <Card title={t("delivery.one")} action={<Button variant="default" loading={replay.isPending} onClick={() => replay.mutate({ params })}>{t("replay")}</Button>}>
      <Wrong error={replay.error} />
      <Show asked={asked} lines={4}>
        {({ attempts, payload }) => (
          <div className={classes.form}>
            <ul className={classes.log}>
              {attempts.map((each) => (
                <li key={each.number}>
                  <strong>{`${each.number}. ${each.error ?? each.status ?? ""}`}</strong>{" "}
                  <span className="quiet small num">{`${formats.moment(each.sent_at)} · ${each.duration_ms} ms`}</span>
                  {each.answer ? <pre className={classes.document} tabIndex={0}>{each.answer}</pre> : null}
                </li>
              ))}
            </ul>
            <pre className={classes.document} tabIndex={0}>
              {JSON.stringify(payload, null, 2)}
            </pre>
          </div>
        )}
      </Show>
    </Card>
  );
}
