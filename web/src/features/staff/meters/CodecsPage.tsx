import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate } from "@api";
import { Card, Empty, Notice, Page, Row, Rows, Show, useFormats, Wrong } from "@ui";
import { faultAt } from "@ui/staff";
import { Areas } from "./Areas";
import { CodecFields, TryCodec } from "./CodecFields";
import classes from "./Meters.module.css";

/** Manufacturers' codecs: what there is, and a new one that is tried before it is kept. */
export default function CodecsPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const codecs = $api.useQuery("get", "/api/v1/estates/{estate_id}/codecs", { params: { path, query: { limit: 1000 } } });
  return (
    <Page title={t("codecs")}>
      <Areas />
      <Card>
        <Show asked={codecs} lines={3}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t("noCodecs")}>{t("noCodecsHint")}</Empty>
            ) : (
              <Rows label={t("codecs")}>
                {items.map((each) => (
                  <Row key={each.codec_id} to={`${each.codec_id}`} title={each.name} hint={t("changedAt", { time: formats.moment(each.updated_at) })} value={`${each.sha256.slice(0, 12)}…`} />
                ))}
              </Rows>
            )
          }
        </Show>
      </Card>
      {may("meters.write") ? <NewCodec /> : null}
    </Page>
  );
}

function NewCodec(): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { path } = useEstate();
  const [key, setKey] = useState(newKey);
  const [name, setName] = useState("");
  const [body, setBody] = useState("");
  const keep = $api.useMutation("post", "/api/v1/estates/{estate_id}/codecs", {
    onSuccess: () => {
      setKey(newKey());
      refreshEstate(path.estate_id);
    },
  });
  return (
    <div className={classes.two}>
      <Card title={t("newCodec")}>
        <div className={classes.form}>
          <CodecFields name={name} body={body} onName={setName} onBody={setBody} error={keep.error} />
          {faultAt(keep.error, "body.name") ?? faultAt(keep.error, "body.body") ? null : <Wrong error={keep.error} />}
          {keep.isSuccess ? <Notice tone="good" role="status">{t("common:saved")}</Notice> : null}
          <div>
            <Button disabled={body === "" || name.trim() === ""} loading={keep.isPending} onClick={() => keep.mutate({ params: { path, header: { "Idempotency-Key": key } }, body: { name: name.trim(), body } })}>
              {t("keepCodec")}
            </Button>
          </div>
        </div>
      </Card>
      <Card title={t("tryTitle")}>
        <TryCodec body={body} />
      </Card>
    </div>
  );
}
