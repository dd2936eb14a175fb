import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, useUnits, type Schemas } from "@api";
import { Card, Row, Rows, sentence, Show, Tag, useFormats, UtilityIcon } from "@ui";
import { Fact, Facts, ObjectPage } from "@ui/staff";
import { Checklist } from "./Checklist";
import { Frames } from "./Frames";
import { InstallMeter } from "./InstallMeter";
import { Issues } from "./Issues";
import { Setup } from "./Setup";
import { SetClock } from "./SetClock";
import classes from "./Meters.module.css";

type Device = Schemas["DeviceWithState"];

/** One device: whether it works and what is missing, what it says live, how it is set up. */
export default function DevicePage(): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path } = useEstate();
  const device_id = Number(useParams().deviceId);
  const device = $api.useQuery("get", "/api/v1/estates/{estate_id}/devices/{device_id}", { params: { path: { ...path, device_id } } });
  return (
    <Show asked={device} lines={8}>
      {(found) => (
        <ObjectPage
          title={found.name}
          back={{ to: `/estates/${estate.estate_id}/devices`, word: t("devices") }}
          state={<Tag tone={found.issues.length > 0 ? "low" : found.last_heard_at === null ? "plain" : "good"}>{t(found.issues.length > 0 ? "lookAfter" : found.last_heard_at === null ? "notHeard" : "fine")}</Tag>}
          id={found.device_id}
          actions={<SetClock device={found} />}
        >
          <div className={classes.two}>
            <Checklist deviceId={device_id} />
            <Frames device={found} />
          </div>
          {found.issues.length === 0 ? null : (
            <Card title={t("issues")}>
              <Issues items={found.issues} />
            </Card>
          )}
          <State device={found} />
          <MetersBehind device={found} />
          <Setup key={found.updated_at} device={found} />
        </ObjectPage>
      )}
    </Show>
  );
}

function State({ device: { driver, model, state } }: { device: Device }): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const formats = useFormats(useEstate().estate);
  const at = (time: string | null): string | null => (time === null ? null : formats.moment(time));
  const battery = [state.battery_percent === null ? null : `${state.battery_percent} %`, state.battery_mv === null ? null : `${state.battery_mv} mV`].filter((each) => each !== null).join(" · ");
  return (
    <Card title={t("itself")}>
      <Facts>
        <Fact label={t("driver")}>{model === "" ? driver : `${driver}, ${model}`}</Fact>
        <Fact label={t("heard")} hint={state.first_heard_at === null ? null : t("firstHeard", { time: at(state.first_heard_at) })}>
          {at(state.last_heard_at) ?? t("never")}
        </Fact>
        <Fact label={t("battery")}>{battery}</Fact>
        <Fact label={t("signal")}>{state.rssi_dbm === null ? null : `${state.rssi_dbm} dBm${state.snr === null ? "" : ` · SNR ${state.snr}`}`}</Fact>
        <Fact label={t("clock")}>{state.clock_drift_s === null ? null : t(state.clock_drift_s < 0 ? "behind" : "ahead", { seconds: formats.number(Math.abs(state.clock_drift_s)) })}</Fact>
        <Fact label={t("firmware")}>{state.firmware}</Fact>
        <Fact label={t("model")}>{state.model_told}</Fact>
        <Fact label={t("switch")} hint={at(state.switch_told_at)}>
          {state.switch_is_on === null ? null : t(state.switch_is_on ? "common:supply.on" : "common:supply.off")}
        </Fact>
        {state.failure === "" ? null : (
          <Fact label={t("failure")} hint={at(state.failed_since)}>
            {sentence(state.failure)}
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

function MetersBehind({ device }: { device: Device }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path } = useEstate();
  const { nameOf } = useUnits(path);
  return (
    <Card title={t("behindMeters")} action={<InstallMeter device={device.name} />}>
      {device.meters.length === 0 ? (
        <p className="quiet">{t("noneBehind")}</p>
      ) : (
        <Rows>
          {device.meters.map((each) => (
            <Row key={each.meter_id} to={`/estates/${estate.estate_id}/meters/${each.meter_id}`} icon={<UtilityIcon utility={each.utility as "water"} />} title={each.serial} hint={nameOf(each.unit_id)} />
          ))}
        </Rows>
      )}
      {device.has_secret ? <p className="quiet small">{t("hasSecret")}</p> : null}
      {device.codec_id === null ? null : <Link to={`/estates/${estate.estate_id}/codecs`}>{t("codecs")}</Link>}
    </Card>
  );
}
