import { TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, useEstate, usePages, type Schemas } from "@api";
import { Card, Page, Tag } from "@ui";
import { Confirm, DataTable, type Column } from "@ui/staff";
import { Choices } from "./Choices";
import { Once } from "./Once";
import { TOPICS } from "./topics";
import classes from "./Access.module.css";

type Endpoint = Schemas["WebhookEndpointOut"];
const LIST = "/api/v1/estates/{estate_id}/webhooks";

/** Addresses of other programs that are told of what happens here. */
export default function WebhooksPage(): ReactNode {
  const { t } = useTranslation("access");
  const { path } = useEstate();
  const [secret, setSecret] = useState<string | null>(null);
  const endpoints = usePages(LIST, { params: { path, query: { limit: 100 } } }, { by: "after_id" });
  const columns: Column<Endpoint>[] = [
    { key: "url", title: t("hook.url"), cell: (each) => each.url },
    { key: "state", title: t("state"), phone: "value", cell: (each) => <EndpointState endpoint={each} /> },
    { key: "description", title: t("hook.description"), phone: "bare", cell: (each) => each.description || null },
    { key: "types", title: t("hook.types"), phone: "bare", cell: (each) => each.types.join(", ") },
  ];
  return (
    <Page title={t("webhooks")} aside={<Make onSecret={setSecret} />}>
      {secret === null ? null : <Once secret={secret} onDone={() => setSecret(null)} />}
      <Card>
        <p className="quiet small">{t("webhooksHint")}</p>
        <DataTable label={t("webhooks")} columns={columns} pages={endpoints} keyOf={(each) => each.endpoint_id} to={(each) => `${each.endpoint_id}`} empty={{ title: t("noWebhooks"), hint: t("noWebhooksHint") }} />
      </Card>
    </Page>
  );
}

export function EndpointState({ endpoint }: { endpoint: Endpoint }): ReactNode {
  const { t } = useTranslation("access");
  if (!endpoint.is_on) return <Tag tone={endpoint.off_reason === null ? "plain" : "out"}>{t("off")}</Tag>;
  return endpoint.failing_since === null ? <Tag tone="good">{t("on")}</Tag> : <Tag tone="low">{t("failing")}</Tag>;
}

function Make({ onSecret }: { onSecret: (secret: string) => void }): ReactNode {
  const { t } = useTranslation("access");
  const { path } = useEstate();
  const client = useQueryClient();
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [types, setTypes] = useState<Schemas["Topic"][]>([]);
  const [idempotency, setIdempotency] = useState(newKey);
  const make = $api.useMutation("post", LIST, { onSuccess: () => client.invalidateQueries({ queryKey: ["get", LIST] }) });
  const submit = (close: () => void): void =>
    make.mutate(
      { params: { path, header: { "Idempotency-Key": idempotency } }, body: { url: url.trim(), description: description.trim(), types, is_on: true } },
      { onSuccess: (made) => (onSecret(made.secret), close()) },
    );
  return (
    <Confirm
      label={t("makeWebhook")}
      variant="filled"
      title={t("makeWebhook")}
      consequence={t("makeWebhookHint")}
      action={t("makeWebhook")}
      isReady={url.trim() !== "" && types.length > 0}
      isPending={make.isPending}
      error={make.error}
      onConfirm={submit}
      onOpen={() => {
        make.reset();
        setIdempotency(newKey());
      }}
    >
      <div className={classes.form}>
        <TextInput label={t("hook.url")} type="url" placeholder="https://" maxLength={2000} value={url} onChange={(event) => setUrl(event.currentTarget.value)} />
        <TextInput label={t("hook.description")} maxLength={200} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        <Choices label={t("hook.types")} words={TOPICS} chosen={types} onChange={setTypes} />
      </div>
    </Confirm>
  );
}
