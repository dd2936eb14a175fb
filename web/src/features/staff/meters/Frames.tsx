import { Button } from "@mantine/core";
import { IconArrowDownLeft, IconArrowUpRight, IconEye } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate, useLiveState, type Schemas } from "@api";
import { Card, Empty, Show, Tag, useFormats, Wrong } from "@ui";
import classes from "./Meters.module.css";
import { SuggestFields } from "./SuggestFields";

type Device = Schemas["DeviceWithState"];
const SHOWN = 12;

/** What passes on a device's wire while somebody watches it; hints of the server bring each as it comes. */
export function Frames({ device }: { device: Device }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path: of, may } = useEstate();
  const formats = useFormats(estate);
  const live = useLiveState();
  const path = { ...of, device_id: device.device_id };
  const frames = $api.useQuery("get", "/api/v1/estates/{estate_id}/devices/{device_id}/frames", { params: { path, query: { limit: SHOWN } } });
  const watch = $api.useMutation("post", "/api/v1/estates/{estate_id}/devices/{device_id}/watch", { onSuccess: () => refreshEstate(of.estate_id) });
  const until = device.state.watched_until;
  const isWatched = until !== null && new Date(until) > new Date();
  return (
    <Card
      title={t("frames")}
      action={
        isWatched && live === "live" ? (
          <Tag tone="good" icon={<span className={classes.live} aria-hidden />}>
            {t("liveUntil", { time: formats.time(until) })}
          </Tag>
        ) : isWatched ? (
          <Tag>{t("watchedUntil", { time: formats.time(until) })}</Tag>
        ) : null
      }
    >
      <Wrong error={watch.error} />
      <Show asked={frames} lines={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={isWatched ? t("waiting") : t("noFrames")}>{isWatched ? t("waitingHint") : t("noFramesHint")}</Empty>
          ) : (
            <div aria-live="polite">
              {items.map((each) => (
                <Frame key={each.frame_id} frame={each} device={device} />
              ))}
            </div>
          )
        }
      </Show>
      {isWatched ? null : (
        <div className={classes.buttons}>
          <Button leftSection={<IconEye aria-hidden size={18} />} loading={watch.isPending} disabled={!may("meters.write")} onClick={() => watch.mutate({ params: { path } })}>
            {t("watch")}
          </Button>
          {may("meters.write") ? null : <span className="quiet small">{t("mayNot")}</span>}
        </div>
      )}
    </Card>
  );
}

function Frame({ frame, device }: { frame: Schemas["FrameOut"]; device: Device }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const Icon = frame.is_ours ? IconArrowUpRight : IconArrowDownLeft;
  const data = readable(frame.text);
  return (
    <details className={classes.frame}>
      <summary>
        <Icon size={20} role="img" aria-label={t(frame.is_ours ? "sentByUs" : "cameIn")} />
        <span className="num">{formats.moment(frame.at)}</span>
        <span className={`quiet small ${classes.what}`}>{frame.wire}</span>
      </summary>
      <pre tabIndex={0}>{frame.text ?? frame.payload}</pre>
      {Object.keys(frame.found).length === 0 ? null : (
        <>
          <p className="quiet small">{t("found")}</p>
          <pre tabIndex={0}>{JSON.stringify(frame.found, null, 2)}</pre>
        </>
      )}
      {data === null || frame.is_ours ? null : <SuggestFields device={device} data={data} />}
    </details>
  );
}

function readable(text: string | null): Record<string, unknown> | null {
  try {
    const data: unknown = JSON.parse(text ?? "");
    return typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
