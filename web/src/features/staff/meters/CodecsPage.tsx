import { Button, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Empty, Notice, Page, Row, Rows, Show, useFormats, Wrong } from "@ui";
import { Areas } from "./Areas";
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
                  <Row key={each.codec_id} title={each.name} hint={t("changedAt", { time: formats.moment(each.updated_at) })} value={`${each.sha256.slice(0, 12)}…`} />
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
  const [examples, setExamples] = useState<Record<string, unknown>[]>([]);
  const [wrong, setWrong] = useState<string | null>(null);
  const tried = $api.useMutation("post", "/api/v1/estates/{estate_id}/codec-tests");
  const keep = $api.useMutation("post", "/api/v1/estates/{estate_id}/codecs", {
    onSuccess: () => {
      setKey(newKey());
      refreshEstate(path.estate_id);
    },
  });
  const readExamples = (text: string): void => {
    try {
      const read: unknown = JSON.parse(text);
      setExamples((Array.isArray(read) ? read : [read]) as Record<string, unknown>[]);
      setWrong(null);
    } catch {
      setWrong(t("badExamples"));
    }
  };
  return (
    <Card title={t("newCodec")}>
      <div className={classes.form}>
        <TextInput label={t("name")} autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <FileField label={t("codecFile")} accept=".js,text/javascript" onText={setBody} />
        <FileField label={t("examplesFile")} accept=".json,application/json" onText={readExamples} />
        {wrong === null ? null : <Notice tone="out" role="alert">{wrong}</Notice>}
        <Wrong error={tried.error ?? keep.error} />
        {tried.data === undefined ? null : <Outcome tried={tried.data} />}
        {keep.isSuccess ? <Notice tone="good" role="status">{t("common:saved")}</Notice> : null}
        <div className={classes.buttons}>
          <Button variant="default" disabled={body === "" || examples.length === 0} loading={tried.isPending} onClick={() => tried.mutate({ params: { path }, body: { body, examples } })}>
            {t("try")}
          </Button>
          <Button disabled={body === "" || name.trim() === ""} loading={keep.isPending} onClick={() => keep.mutate({ params: { path, header: { "Idempotency-Key": key } }, body: { name: name.trim(), body } })}>
            {t("keepCodec")}
          </Button>
        </div>
      </div>
    </Card>
  );
}

function FileField({ label, accept, onText }: { label: string; accept: string; onText: (text: string) => void }): ReactNode {
  return (
    <label className={classes.form}>
      <span>{label}</span>
      <input type="file" accept={accept} onChange={(event) => void event.currentTarget.files?.[0]?.text().then(onText)} />
    </label>
  );
}

function Outcome({ tried }: { tried: Schemas["TriedOut"] }): ReactNode {
  const { t } = useTranslation("devices");
  return (
    <>
      <Notice tone={tried.failed.length === 0 ? "good" : "low"} role="status">
        {t("triedOut", { passed: tried.passed, failed: tried.failed.length, left: tried.left_out })}
      </Notice>
      <ul className={classes.list}>
        {tried.failed.map((each) => (
          <li key={`${each.place} ${each.name}`} className={classes.item}>
            <IconAlertTriangle size={22} aria-hidden className={classes.missing} />
            <div className={classes.what}>
              <strong>{each.name || each.place}</strong>
              <p>{each.reason}</p>
              {each.differs.map((one) => (
                <p key={one.path} className="quiet small">
                  {one.path}: {one.expected} ≠ {one.given}
                </p>
              ))}
            </div>
          </li>
        ))}
        {tried.failed.length === 0 ? <IconCircleCheck size={22} aria-hidden className={classes.done} /> : null}
      </ul>
    </>
  );
}
