import { Button, Switch } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { $api, api, asShown, carriedOut, newKey, useEstate, usePages, type Schemas } from "@api";
import { Card, Notice, Tag, useFormats, Wrong } from "@ui";
import { type Column, Confirm, DataTable, Fact, Facts, ObjectPage, Until } from "@ui/staff";
import { Delivery } from "./Delivery";
import { Overlap } from "./KeysPage";
import { Once } from "./Once";
import { EndpointState } from "./WebhooksPage";
import classes from "./Access.module.css";

const ONE = "/api/v1/estates/{estate_id}/webhooks/{endpoint_id}";
type Endpoint = Schemas["WebhookEndpointOut"];
type DeliveryOut = Schemas["WebhookDeliveryOut"];
/** What people say of an endpoint; failures and their times change by themselves. */
const said = ({ url, types, description, is_on }: Endpoint): unknown => [url, types, description, is_on];
export const TONE = { waiting: "asked", delivered: "good", failed: "out" } as const;

/** One webhook endpoint: what it hears, its secret, its deliveries. */
export default function WebhookPage(): ReactNode {
  const { t } = useTranslation("access");
  const { path } = useEstate();
  const endpoint_id = Number(useParams().endpointId);
  const asked = $api.useQuery("get", ONE, { params: { path: { ...path, endpoint_id } } });
  return (
    <Until title={t("webhooks")} asked={asked}>
      {(found) => <Shown endpoint={found} path={{ ...path, endpoint_id }} />}
    </Until>
  );
}

export interface EndpointPath {
  estate_id: number;
  endpoint_id: number;
}

function Shown({ endpoint, path }: { endpoint: Endpoint; path: EndpointPath }): ReactNode {
  const { t } = useTranslation("access");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const [secret, setSecret] = useState<string | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const deliveries = usePages(`${ONE}/deliveries`, { params: { path, query: { limit: 50 } } });
  const columns: Column<DeliveryOut>[] = [
    { key: "type", title: t("hook.event"), cell: (each) => each.type },
    { key: "state", title: t("state"), phone: "value", cell: (each) => <Tag tone={TONE[each.state]}>{t(`delivery.${each.state}`)}</Tag> },
    { key: "tries", title: t("hook.tries"), isNumber: true, cell: (each) => each.tries },
    { key: "last", title: t("hook.last"), phone: "bare", cell: (each) => each.last_error ?? each.last_status },
    { key: "at", title: t("hook.at"), isNumber: true, cell: (each) => formats.moment(each.created_at) },
    {
      key: "show",
      title: t("actions"),
      phone: "bare",
      cell: (each) => (
        <Button variant="default" aria-expanded={shown === each.event_id} onClick={() => setShown(shown === each.event_id ? null : each.event_id)}>
          {t("details")}
        </Button>
      ),
    },
  ];
  return (
    <ObjectPage title={endpoint.url} back={{ to: "../webhooks", word: t("webhooks") }} state={<EndpointState endpoint={endpoint} />} id={endpoint.endpoint_id} actions={<Actions endpoint={endpoint} path={path} onSecret={setSecret} />}>
      {secret === null ? null : <Once secret={secret} onDone={() => setSecret(null)} />}
      {endpoint.off_reason === null ? null : <Notice tone="out">{endpoint.off_reason}</Notice>}
      <Card title={t("facts")}>
        <Facts>
          <Fact label={t("hook.types")}>{endpoint.types.join(", ")}</Fact>
          <Fact label={t("hook.description")}>{endpoint.description}</Fact>
          {endpoint.failing_since === null ? null : <Fact label={t("failing")}>{formats.moment(endpoint.failing_since)}</Fact>}
          {endpoint.old_secret_until === null ? null : <Fact label={t("oldSecret")}>{formats.moment(endpoint.old_secret_until)}</Fact>}
        </Facts>
        <OnOff endpoint={endpoint} path={path} />
      </Card>
      {shown === null ? null : <Delivery key={shown} event_id={shown} path={path} />}
      <Card title={t("deliveries")}>
        <DataTable label={t("deliveries")} columns={columns} pages={deliveries} keyOf={(each) => each.event_id} empty={{ title: t("noDeliveries"), hint: t("noDeliveriesHint") }} />
      </Card>
    </ObjectPage>
  );
}

function OnOff({ endpoint, path }: { endpoint: Endpoint; path: EndpointPath }): ReactNode {
  const { t } = useTranslation("access");
  const client = useQueryClient();
  const { url, types, description } = endpoint;
  const change = useMutation({
    mutationFn: async (is_on: boolean) => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), endpoint, said);
      return carriedOut(await api.PUT(ONE, { params: { path, header }, body: { url, types, description, is_on } }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["get", ONE] }),
  });
  return (
    <>
      <Switch size="md" label={t("isOn")} checked={endpoint.is_on} disabled={change.isPending} onChange={(event) => change.mutate(event.currentTarget.checked)} />
      <Wrong error={change.error} />
    </>
  );
}

function Actions({ endpoint, path, onSecret }: { endpoint: Endpoint; path: EndpointPath; onSecret: (secret: string) => void }): ReactNode {
  const { t } = useTranslation("access");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [hours, setHours] = useState("24");
  const done = { onSuccess: () => client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/webhooks") }) };
  const ping = $api.useMutation("post", `${ONE}/test`, done);
  const rotate = $api.useMutation("post", `${ONE}/rotate-secret`, done);
  const remove = useMutation({
    mutationFn: async () => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), endpoint, said);
      return carriedOut(await api.DELETE(ONE, { params: { path, header } }));
    },
    // somebody else was faster: what they wrote is shown
    onError: () => client.invalidateQueries({ queryKey: ["get", ONE] }),
  });
  return (
    <div className={classes.buttons}>
      <div>
        <Button loading={ping.isPending} disabled={!endpoint.is_on} onClick={() => ping.mutate({ params: { path, header: { "Idempotency-Key": newKey() } } })}>
          {t("ping")}
        </Button>
        <Wrong error={ping.error} />
      </div>
      <Confirm
        label={t("rotateSecret")}
        title={t("rotateSecret")}
        consequence={t("rotateHint")}
        action={t("rotateSecret")}
        isPending={rotate.isPending}
        error={rotate.error}
        onOpen={() => rotate.reset()}
        onConfirm={(close) => rotate.mutate({ params: { path }, body: { overlap_hours: Number(hours) } }, { onSuccess: (made) => (onSecret(made.secret), close()) })}
      >
        <Overlap value={hours} onChange={setHours} />
      </Confirm>
      <Confirm
        label={t("remove")}
        title={t("removeTitle")}
        consequence={t("removeHint")}
        action={t("remove")}
        isDangerous
        isPending={remove.isPending}
        error={remove.error}
        onOpen={() => remove.reset()}
        onConfirm={(close) =>
          remove.mutate(
            undefined,
            {
              onSuccess: async () => {
                close();
                await client.invalidateQueries({ queryKey: ["get", "/api/v1/estates/{estate_id}/webhooks"] });
                await navigate("..", { relative: "path" });
              },
            },
          )
        }
      />
    </div>
  );
}
