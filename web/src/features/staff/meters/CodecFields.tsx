import { Button, Textarea, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import { Notice, Wrong } from "@ui";
import { faultAt } from "@ui/staff";
import classes from "./Meters.module.css";

interface CodecFieldsProps {
  name: string;
  body: string;
  onName: (name: string) => void;
  onBody: (body: string) => void;
  /** Why it was not kept. */
  error: unknown;
}

/** A codec's name and text, typed or from a file. */
export function CodecFields({ name, body, onName, onBody, error }: CodecFieldsProps): ReactNode {
  const { t } = useTranslation("devices");
  return (
    <>
      <TextInput label={t("name")} autoComplete="off" maxLength={100} value={name} error={faultAt(error, "body.name")} onChange={(event) => onName(event.currentTarget.value)} />
      <FileField label={t("codecFile")} accept=".js,text/javascript" onText={onBody} />
      <Textarea
        size="md"
        label={t("codecText")}
        description={t("codecTextHint")}
        classNames={{ input: classes.code! }}
        autosize
        minRows={6}
        maxRows={24}
        spellCheck={false}
        autoCapitalize="off"
        dir="ltr"
        value={body}
        error={faultAt(error, "body.body")}
        onChange={(event) => onBody(event.currentTarget.value)}
      />
    </>
  );
}

function isPort(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= 255;
}

/** A codec is tried before it is kept: on a frame as it stands in a log, and on its maker's examples. */
export function TryCodec({ body }: { body: string }): ReactNode {
  const { t } = useTranslation("devices");
  const { path } = useEstate();
  const [frame, setFrame] = useState("");
  const [port, setPort] = useState("1");
  const [examples, setExamples] = useState<Record<string, unknown>[]>([]);
  const [isBad, setIsBad] = useState(false);
  const decode = $api.useMutation("post", "/api/v1/estates/{estate_id}/codec-frames");
  const tried = $api.useMutation("post", "/api/v1/estates/{estate_id}/codec-tests");
  const wrong = faultAt(decode.error, "body.frame");
  const isOfNow = decode.isSuccess && decode.variables.body.body === body;
  const readExamples = (text: string): void => {
    try {
      const read: unknown = JSON.parse(text);
      setExamples((Array.isArray(read) ? read : [read]) as Record<string, unknown>[]);
      setIsBad(false);
    } catch {
      setIsBad(true);
    }
  };
  return (
    <div className={classes.form}>
      <div className={classes.frameLine}>
        <TextInput label={t("pastedFrame")} description={t("pastedFrameHint")} classNames={{ input: classes.code! }} autoComplete="off" spellCheck={false} dir="ltr" value={frame} error={wrong} onChange={(event) => setFrame(event.currentTarget.value)} />
        <TextInput label={t("fPort")} description={t("fPortHint")} inputMode="numeric" autoComplete="off" maxLength={3} value={port} error={port === "" || isPort(port) ? null : t("fPortHint")} onChange={(event) => setPort(event.currentTarget.value.trim())} />
      </div>
      <div>
        <Button variant="default" disabled={body === "" || frame.trim() === "" || !isPort(port)} loading={decode.isPending} onClick={() => decode.mutate({ params: { path }, body: { body, frame, f_port: Number(port) } })}>
          {t("decodeIt")}
        </Button>
      </div>
      {wrong === null ? <Wrong error={decode.error} /> : null}
      {isOfNow ? <Decoded decoded={decode.data} /> : null}
      <FileField label={t("examplesFile")} accept=".json,application/json" onText={readExamples} />
      {isBad ? (
        <Notice tone="out" role="alert">
          {t("badExamples")}
        </Notice>
      ) : null}
      <Wrong error={tried.error} />
      {tried.data === undefined || tried.variables.body.body !== body ? null : <Outcome tried={tried.data} />}
      <div>
        <Button variant="default" disabled={body === "" || examples.length === 0} loading={tried.isPending} onClick={() => tried.mutate({ params: { path }, body: { body, examples } })}>
          {t("try")}
        </Button>
      </div>
    </div>
  );
}

function Decoded({ decoded }: { decoded: Schemas["DecodedOut"] }): ReactNode {
  const { t } = useTranslation("devices");
  const told = [...decoded.errors, ...decoded.warnings];
  return (
    <div role="status" className={classes.form}>
      {decoded.data === null ? <Notice tone="out">{t("decodedNothing")}</Notice> : <Notice tone="good">{t("decodedTo")}</Notice>}
      {decoded.data === null ? null : (
        <pre className={classes.decoded} tabIndex={0}>
          {decoded.data}
        </pre>
      )}
      {told.map((each) => (
        <p key={each} className={classes.fault} lang="en">
          {each}
        </p>
      ))}
      {decoded.console.length === 0 ? null : <pre className={classes.decoded}>{decoded.console.join("\n")}</pre>}
    </div>
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
        {tried.failed.length === 0 ? (
          <li>
            <IconCircleCheck size={22} aria-hidden className={classes.done} />
          </li>
        ) : null}
      </ul>
    </>
  );
}
