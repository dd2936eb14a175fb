import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { api, problemOf, refreshEstate, useEstate, usePages, type Pages, type Schemas } from "@api";
import { Card, Notice, Row, Rows, Show, useFormats, Wrong } from "@ui";
import { Confirm, Fact, Facts, faultAt, ObjectPage } from "@ui/staff";
import { CodecFields, TryCodec } from "./CodecFields";
import classes from "./Meters.module.css";

const ONE = "/api/v1/estates/{estate_id}/codecs/{codec_id}";
const NAMED_MAX = 5;

interface Shown {
  codec: Schemas["CodecWithBody"];
  /** What was read, by its name: a change is refused if somebody else was faster. */
  etag: string;
}

/** One codec: who uses it, its text to change and try, its end. */
export default function CodecPage(): ReactNode {
  const { estate } = useEstate();
  const path = { estate_id: estate.estate_id, codec_id: Number(useParams().codecId) };
  const asked = useQuery<Shown>({
    queryKey: ["get", ONE, { params: { path } }, "tagged"],
    queryFn: async () => {
      const { data, error, response } = await api.GET(ONE, { params: { path } });
      if (data === undefined) throw error;
      return { codec: data, etag: response.headers.get("etag") ?? "*" };
    },
  });
  return (
    <Show asked={asked} lines={8}>
      {(shown) => <Codec key={shown.codec.updated_at} shown={shown} again={() => void asked.refetch()} />}
    </Show>
  );
}

function Codec({ shown: { codec, etag }, again }: { shown: Shown; again: () => void }): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { estate, path: of, may } = useEstate();
  const navigate = useNavigate();
  const path = { ...of, codec_id: codec.codec_id };
  const header = { "If-Match": etag };
  const back = `/estates/${estate.estate_id}/codecs`;
  const [name, setName] = useState(codec.name);
  const [body, setBody] = useState(codec.body);
  const users = usePages("/api/v1/estates/{estate_id}/devices", { params: { path: of, query: { codec_id: codec.codec_id, limit: 100 } } }, { by: "after_id" });
  const used = users.data ?? [];
  const save = useMutation({
    mutationFn: async () => {
      const { error } = await api.PUT(ONE, { params: { path, header }, body: { name: name.trim(), body } });
      if (error !== undefined) throw error;
    },
    onSuccess: () => refreshEstate(of.estate_id),
  });
  const remove = useMutation({
    mutationFn: async () => {
      const { error, response } = await api.DELETE(ONE, { params: { path, header } });
      if (!response.ok) throw error;
    },
    onSuccess: async () => {
      await navigate(back);
      refreshEstate(of.estate_id);
    },
  });
  const isMeanwhile = save.isError && problemOf(save.error).status === 412;
  const isChanged = name.trim() !== codec.name || body !== codec.body;
  const names = used.slice(0, NAMED_MAX).map((each) => each.name).join(", ");
  const whyNotDelete = !may("meters.write") ? t("mayNot") : used.length > 0 ? t("usedBy", { count: used.length, names }) : undefined;
  return (
    <ObjectPage
      title={codec.name}
      back={{ to: back, word: t("codecs") }}
      id={codec.codec_id}
      actions={
        <Confirm label={t("deleteCodec")} title={t("deleteCodecOf", { name: codec.name })} consequence={t("deleteCodecHint")} action={t("deleteCodec")} isDangerous whyNot={whyNotDelete} isPending={remove.isPending} error={remove.error} onOpen={() => remove.reset()} onConfirm={() => remove.mutate()} />
      }
    >
      <CodecFacts codec={codec} />
      <div className={classes.two}>
        <Card title={t("changeCodec")}>
          <form
            className={classes.form}
            onSubmit={(event) => {
              event.preventDefault();
              save.mutate();
            }}
          >
            <CodecFields name={name} body={body} onName={setName} onBody={setBody} error={save.error} />
            {isMeanwhile ? (
              <Notice tone="low" role="alert">
                {t("changedMeanwhile")}{" "}
                <Button variant="default" onClick={again}>
                  {t("lookAgain")}
                </Button>
              </Notice>
            ) : faultAt(save.error, "body.name") ?? faultAt(save.error, "body.body") ? null : (
              <Wrong error={save.error} />
            )}
            <p className="quiet small">{used.length > 0 ? t("changeCodecHint", { count: used.length }) : t("changeCodecUnused")}</p>
            <div className={classes.buttons}>
              <Button type="submit" loading={save.isPending} disabled={!may("meters.write") || !isChanged || name.trim() === "" || body === ""}>
                {t("common:save")}
              </Button>
              {may("meters.write") ? null : <span className="quiet small">{t("mayNot")}</span>}
            </div>
          </form>
        </Card>
        <Card title={t("tryTitle")}>
          <TryCodec body={body} />
        </Card>
      </div>
      <Users users={users} />
    </ObjectPage>
  );
}

function CodecFacts({ codec }: { codec: Schemas["CodecWithBody"] }): ReactNode {
  const { t } = useTranslation("devices");
  const formats = useFormats(useEstate().estate);
  return (
    <Card>
      <Facts>
        <Fact label={t("lastChange")}>{formats.moment(codec.updated_at)}</Fact>
        <Fact label={t("madeAt")}>{formats.moment(codec.created_at)}</Fact>
        <Fact label="SHA-256">{`${codec.sha256.slice(0, 16)}…`}</Fact>
      </Facts>
    </Card>
  );
}

function Users({ users }: { users: Pages<Schemas["DeviceOut"]> }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  return (
    <Card title={t("usedTitle")}>
      <Show asked={users} lines={2}>
        {(items) =>
          items.length === 0 ? (
            <p className="quiet">{t("usedByNone")}</p>
          ) : (
            <Rows label={t("usedTitle")}>
              {items.map((each) => (
                <Row key={each.device_id} to={`/estates/${estate.estate_id}/devices/${each.device_id}`} title={each.name} hint={each.last_heard_at === null ? t("notHeard") : t("heardAt", { time: formats.moment(each.last_heard_at) })} />
              ))}
            </Rows>
          )
        }
      </Show>
    </Card>
  );
}
