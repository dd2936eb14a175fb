import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, useUnits, type Schemas } from "@api";
import { Card, Empty, Notice, sentence, Show, SupplyTag, useFormats } from "@ui";
import { Fact, Facts, ObjectPage } from "@ui/staff";
import { Actions } from "./Actions";
import { isOpen, knownOf } from "./known";
import { Timeline } from "./Timeline";

const SHOWN = 100;

/** One supply: its real state, why it is so, what was asked of its device and how far that got. */
export default function SupplyPage(): ReactNode {
  const { t } = useTranslation(["supplies", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const params = useParams();
  const unit_id = Number(params.unitId);
  const utility = params.utility as Schemas["SupplyOut"]["utility"];
  const isThis = (each: { unit_id: number; utility: string }): boolean => each.unit_id === unit_id && each.utility === utility;
  // the page of supplies from this unit on: its own is among the first
  const supplies = $api.useQuery("get", "/api/v1/estates/{estate_id}/supplies", { params: { path, query: { limit: 10, after_id: Math.max(0, unit_id - 1) } } });
  const commands = $api.useQuery("get", "/api/v1/estates/{estate_id}/supply-commands", { params: { path, query: { unit_id, limit: SHOWN } } });
  const stops = $api.useQuery("get", "/api/v1/estates/{estate_id}/supply-stops", { params: { path, query: { unit_id, limit: 20 } } });
  const limits = $api.useQuery("get", "/api/v1/estates/{estate_id}/supply-limits", { params: { path, query: { limit: 10, after_id: Math.max(0, unit_id - 1) } } });
  const own = commands.data?.items.filter(isThis) ?? [];
  const supply = supplies.data?.items.find(isThis);
  const known = knownOf({ unit_id, utility }, supply, own.filter(isOpen));
  const causes = stops.data?.items.filter(isThis) ?? [];
  const limit = limits.data?.items.find(isThis);
  const isReady = supplies.data !== undefined && commands.data !== undefined;
  return (
    <ObjectPage
      title={`${nameOf(unit_id)}, ${t(`common:utility.${utility}`)}`}
      back={{ to: `/estates/${estate.estate_id}/supply`, word: t("supplies") }}
      state={isReady ? <SupplyTag supply={known} /> : null}
      actions={<Actions unitId={unit_id} utility={utility} unitName={nameOf(unit_id)} stop={causes.find((each) => each.cause === "staff")} limit={limit} />}
    >
      <Card>
        <Facts>
          <Fact label={t("deviceSays")} hint={known.since === null ? t("saidNothingHint") : t("since", { time: formats.moment(known.since) })}>
            {known.since === null ? t("saidNothing") : t(known.is_on ? "common:supply.on" : "common:supply.off")}
          </Fact>
          <Fact label={t("asked")}>{known.asked === null ? t("nothingAsked") : `${t(`action.${known.asked}`)}: ${t(`step.${known.step!}`)}`}</Fact>
          <Fact label={t("heldTo")} hint={limit?.wanted_w != null && limit.wanted_w !== limit.held_w ? t("wanted", { watts: formats.number(limit.wanted_w) }) : null}>
            {limit?.held_w == null ? t("noLimit") : t("watts", { watts: formats.number(limit.held_w) })}
          </Fact>
          <Fact label={t("unit")}>
            <Link to={`/estates/${estate.estate_id}/units/${unit_id}`}>{nameOf(unit_id)}</Link>
          </Fact>
        </Facts>
      </Card>
      {causes.length === 0 ? null : (
        <Card title={t("why")}>
          {causes.map((each) => (
            <Notice key={each.cause} tone={each.is_asked ? "out" : "low"}>
              <strong>{t(`cause.${each.cause}`)}</strong>
              <p>
                {sentence(each.reason)} {each.is_asked ? t("since", { time: formats.moment(each.since) }) : t("deferred", { time: formats.moment(each.due_at) })}
              </p>
              <p>{t(`restores.${each.cause}`)}</p>
            </Notice>
          ))}
        </Card>
      )}
      <Card title={t("commands")}>
        <p className="quiet small">{t("nothingDone")}</p>
        <Show asked={commands} lines={4}>{() => (own.length === 0 ? <Empty title={t("noCommands")} /> : <Timeline commands={own} />)}</Show>
      </Card>
    </ObjectPage>
  );
}
