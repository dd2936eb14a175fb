import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, refreshEstate, useEstate, usePages, type Schemas } from "@api";
import { Card, Empty, Page, Show, Tag, useFormats } from "@ui";
import { Confirm, faultAt, InstantInput, instantOf, localOf } from "@ui/staff";
import { Areas } from "./Areas";
import classes from "./Meters.module.css";

type Virtual = Schemas["VirtualMeterOut"];
const VIRTUAL = "/api/v1/estates/{estate_id}/virtual-meters";

/** Registers that are made of others: how, since when, what they would show; they are made, changed and ended here. */
export default function VirtualPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { path, may } = useEstate();
  const virtual = usePages(VIRTUAL, { params: { path, query: { limit: 100 } } }, { by: "after_id" });
  const add = may("meters.write") ? (
    <Button component={Link} to="new" leftSection={<IconPlus aria-hidden size={18} />}>
      {t("newVirtual")}
    </Button>
  ) : null;
  return (
    <Page title={t("virtual")} aside={add}>
      <Areas />
      <Show asked={virtual} lines={5}>
        {(items) =>
          items.length === 0 ? (
            <Card>
              <Empty title={t("noVirtual")}>{t("noVirtualHint")}</Empty>
            </Card>
          ) : (
            <>
              {items.map((each) => (
                <One key={each.virtual_meter_id} virtual={each} />
              ))}
              {virtual.hasMore ? (
                <Button variant="default" loading={virtual.isFetchingMore} onClick={virtual.fetchMore}>
                  {t("moreVirtual")}
                </Button>
              ) : null}
            </>
          )
        }
      </Show>
    </Page>
  );
}

function One({ virtual }: { virtual: Virtual }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  const { into, of, less, from_at, until_at, step_minutes, virtual_meter_id } = virtual;
  const name = (id: number): string => {
    const found = virtual.registers.find((each) => each.register_id === id);
    return found === undefined ? `#${id}` : `${found.meter} ${found.register}`;
  };
  const to = (id: number): string => `/estates/${estate.estate_id}/meters/${virtual.registers.find((each) => each.register_id === id)?.meter_id ?? ""}`;
  const isOver = until_at !== null && new Date(until_at) <= new Date();
  const tag = isOver ? <Tag>{t("isOver")}</Tag> : virtual.is_waiting ? <Tag tone="low">{t("isWaiting")}</Tag> : <Tag tone="good">{t("isMade")}</Tag>;
  const how = step_minutes === null ? t("whereAllAreRead") : step_minutes === 1440 ? t("everyDay") : t("everyMinutes", { count: step_minutes });
  return (
    <Card title={`${into.map((each) => name(each.register_id)).join(", ")}`} action={tag}>
      <div className={classes.form}>
        <p className={classes.formula}>
          {t(`kind.${virtual.kind}`)}:
          {[...of.map((id) => [id, "+"] as const), ...less.map((id) => [id, "−"] as const)].map(([id, sign], at) => (
            <span key={id} className={classes.formula}>
              {at === 0 && sign === "+" ? null : sign} <Link to={to(id)}>{name(id)}</Link>
            </span>
          ))}
        </p>
        <p className={classes.formula}>
          {into.map((each) => (
            <Link key={each.register_id} to={to(each.register_id)}>
              {t("readingsOf", { register: name(each.register_id) })}
            </Link>
          ))}
        </p>
        {virtual.kind === "share" ? <p className="quiet">{into.map((each) => t("into", { register: name(each.register_id), share: each.share })).join(", ")}</p> : null}
        <p className="quiet small">
          {until_at === null ? t("sinceTime", { time: formats.moment(from_at) }) : `${formats.moment(from_at)} – ${formats.moment(until_at)}`} · {how} · #{virtual_meter_id}
        </p>
        <div className={classes.buttons}>
          {isOver ? null : (
            <Button component={Link} to={`new?replaces=${virtual_meter_id}`} variant="default" disabled={!may("meters.write")}>
              {t("changeIt")}
            </Button>
          )}
          {isOver ? null : <End virtual={virtual} name={into.map((each) => name(each.register_id)).join(", ")} />}
        </div>
        {may("meters.write") ? null : <p className="quiet small">{t("mayNot")}</p>}
      </div>
    </Card>
  );
}

function End({ virtual, name }: { virtual: Virtual; name: string }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const [until, setUntil] = useState("");
  const end = $api.useMutation("post", `${VIRTUAL}/{virtual_meter_id}/end`, { onSuccess: () => refreshEstate(path.estate_id) });
  const untilAt = instantOf(until, estate.time_zone);
  return (
    <Confirm
      label={t("endIt")}
      title={t("endOf", { name })}
      consequence={t("endHint")}
      action={t("endIt")}
      isDangerous
      whyNot={may("meters.write") ? undefined : t("mayNot")}
      isReady={untilAt !== null}
      isPending={end.isPending}
      error={faultAt(end.error, "body.until_at") === null ? end.error : null}
      onOpen={() => {
        end.reset();
        setUntil(localOf(Math.floor(Date.now() / 60_000) * 60_000, estate.time_zone));
      }}
      onConfirm={(close) => untilAt !== null && end.mutate({ params: { path: { ...path, virtual_meter_id: virtual.virtual_meter_id } }, body: { until_at: untilAt } }, { onSuccess: close })}
    >
      <InstantInput label={t("endWhen")} value={until} onChange={setUntil} error={faultAt(end.error, "body.until_at")} isRequired />
    </Confirm>
  );
}
