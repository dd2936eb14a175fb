import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, usePages, useUnits, type Schemas } from "@api";
import { Card, Empty, Row, Rows, Show, Tag, useFormats } from "@ui";
import { DataTable, Fact, Facts, ObjectPage } from "@ui/staff";
import { Issues } from "./Issues";
import { SwapMeter } from "./SwapMeter";
import { Tokens } from "./Tokens";

type Path = { estate_id: number; meter_id: number };
const META = "/api/v1/estates/{estate_id}/meters/{meter_id}";

/** One meter: what it is, what it showed last, what is wrong with it, where it has been. */
export default function MeterPage(): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { estate } = useEstate();
  const path = { estate_id: estate.estate_id, meter_id: Number(useParams().meterId) };
  const meter = $api.useQuery("get", META, { params: { path } });
  const history = $api.useQuery("get", `${META}/history`, { params: { path } });
  return (
    <Show asked={meter} lines={8}>
      {(found) => (
        <ObjectPage
          title={found.serial}
          back={{ to: `/estates/${estate.estate_id}/meters`, word: t("meters") }}
          state={history.data === undefined ? null : <Status status={history.data.status} />}
          id={found.meter_id}
          actions={<SwapMeter meter={found} isGone={history.data?.status === "removed"} />}
        >
          <MeterFacts meter={found} notes={history.data?.notes ?? ""} />
          <Looked path={path} />
          <Tokens meterId={path.meter_id} />
          {found.registers.map((each) => (
            <Readings key={each.register_id} register={each} hasSeveral={found.registers.length > 1} />
          ))}
          <History asked={history} />
        </ObjectPage>
      )}
    </Show>
  );
}

function Status({ status }: { status: Schemas["MeterHistory"]["status"] }): ReactNode {
  const { t } = useTranslation("devices");
  return <Tag tone={status === "active" ? "good" : status === "faulty" ? "low" : "plain"}>{t(`status.${status}`)}</Tag>;
}

function MeterFacts({ meter, notes }: { meter: Schemas["MeterWithRegisters"]; notes: string }): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const device = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/devices",
    { params: { path, query: { q: meter.device ?? "", limit: 20 } } },
    { enabled: meter.device !== null },
  );
  const found = device.data?.items.find((each) => each.name === meter.device);
  const made = meter.registers.map((each) => (each.is_virtual ? t("isVirtual") : each.factor ? t("factor", { factor: each.factor }) : each.pulse_weight ? t("pulse", { weight: each.pulse_weight }) : null));
  return (
    <Card>
      <Facts>
        <Fact label={t("unit")}>
          <Link to={`/estates/${estate.estate_id}/units/${meter.unit_id}`}>{nameOf(meter.unit_id)}</Link>
        </Fact>
        <Fact label={t("utility")}>{t(`common:utility.${meter.utility}`)}</Fact>
        <Fact label={t("device")} hint={found?.last_heard_at == null ? null : t("heardAt", { time: formats.moment(found.last_heard_at) })}>
          {found === undefined ? (meter.device ?? t(meter.is_read_by_hand ? "byHand" : "noDevice")) : <Link to={`/estates/${estate.estate_id}/devices/${found.device_id}`}>{found.name}</Link>}
        </Fact>
        <Fact label={t("registers")} hint={made.filter((each) => each !== null).join(", ") || null}>
          {meter.registers.map((each) => `${each.name} (${each.unit === "m3" ? "m³" : each.unit})`).join(", ")}
        </Fact>
        <Fact label={t("maxRate")} hint={t("maxRateHint")}>
          {meter.max_rate === null ? t("anyRate") : t("perHour", { amount: formats.quantity(meter.max_rate.amount, meter.max_rate.unit) })}
        </Fact>
        <Fact label={t("notes")}>{notes}</Fact>
      </Facts>
    </Card>
  );
}

function Looked({ path }: { path: Path }): ReactNode {
  const { t } = useTranslation("devices");
  const issues = $api.useQuery("get", "/api/v1/estates/{estate_id}/issues", {
    params: { path, query: { meter_id: path.meter_id, state: "open", limit: 50 } },
  });
  if (issues.data?.items.length === 0) return null;
  return (
    <Card title={t("issues")}>
      <Show asked={issues} lines={2}>
        {({ items }) => <Issues items={items} />}
      </Show>
    </Card>
  );
}

function Readings({ register, hasSeveral }: { register: Schemas["RegisterOut"]; hasSeveral: boolean }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const query = { register_id: register.register_id, limit: 12 };
  const readings = usePages("/api/v1/estates/{estate_id}/readings", { params: { path, query } }, { isEnabled: may("readings.read") });
  if (!may("readings.read")) return null;
  return (
    <Card title={hasSeveral ? t("readingsOf", { register: register.name }) : t("readings")}>
      <DataTable
        label={t("readings")}
        pages={readings}
        keyOf={(each) => each.taken_at ?? each.received_at}
        empty={{ title: t("noReadings"), hint: t("noReadingsHint") }}
        columns={[
          { key: "at", title: t("takenAt"), cell: (each) => (each.taken_at == null ? null : formats.moment(each.taken_at)) },
          { key: "value", title: t("value"), isNumber: true, phone: "value", cell: (each) => (each.value == null ? null : formats.quantity(each.value.amount, each.value.unit)) },
          {
            key: "class",
            title: t("state"),
            phone: "bare",
            cell: (each) => <Tag tone={each.class === "held" || each.class === "backwards" ? "low" : "plain"}>{t(`class.${each.class}`)}</Tag>,
          },
          { key: "why", title: t("why"), phone: "bare", cell: (each) => each.reason || null },
        ]}
      />
    </Card>
  );
}

function History({ asked }: { asked: { data: Schemas["MeterHistory"] | undefined; error: unknown; isPending: boolean; refetch: () => unknown } }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  return (
    <Card title={t("history")}>
      <Show asked={asked} lines={2}>
        {({ placements, swaps, meter_id }) =>
          placements.length + swaps.length === 0 ? (
            <Empty title={t("noHistory")} />
          ) : (
            <Rows>
              {swaps.map((each) => (
                <Row
                  key={each.swap_id}
                  to={`/estates/${estate.estate_id}/meters/${each.old_meter_id === meter_id ? each.new_meter_id : each.old_meter_id}`}
                  title={each.old_meter_id === meter_id ? t("replacedBy", { id: each.new_meter_id }) : t("replaced", { id: each.old_meter_id })}
                  hint={`${each.reason} · ${formats.moment(each.swapped_at)}`}
                />
              ))}
              {placements.map((each) => (
                <Row
                  key={each.from_at}
                  title={t("inUnit", { unit: nameOf(each.unit_id) })}
                  hint={each.until_at === null ? t("sinceTime", { time: formats.moment(each.from_at) }) : `${formats.moment(each.from_at)} – ${formats.moment(each.until_at)}`}
                />
              ))}
            </Rows>
          )
        }
      </Show>
    </Card>
  );
}
