import { TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Empty, Notice, Page, readAmount, Row, Rows, Show, Tag, useFormats, UtilityIcon } from "@ui";
import { Confirm } from "@ui/staff";
import { Areas } from "./Areas";
import classes from "./Meters.module.css";

type Round = Schemas["RoundMeterOut"];
const PLACES = 6;

/** The meters that people read, in walking order; each is read with one press. */
export default function RoundPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const round = $api.useQuery("get", "/api/v1/estates/{estate_id}/reading-rounds", { params: { path, query: { limit: 1000 } }, headers: { accept: "application/json" } });
  const day = (date: string): string => formats.date(date);
  return (
    <Page title={t("rounds")}>
      <Areas />
      <Card>
        <Show asked={round as { data: Schemas["ReadingRoundOut"] | undefined; error: unknown; isPending: boolean; refetch: () => unknown }} lines={6}>
          {(found) =>
            found.items.length === 0 ? (
              <Empty title={t("noRound")}>{t("noRoundHint")}</Empty>
            ) : (
              <>
                <p className="quiet">{t("roundOf", { done: found.done, meters: found.meters, from: day(found.from_on), last: day(found.last_on) })}</p>
                <Rows label={t("rounds")}>
                  {found.items.map((each) => (
                    <Row
                      key={each.meter_id}
                      icon={<UtilityIcon utility={each.utility} />}
                      title={each.unit}
                      hint={[each.door, each.meter].filter((word) => word !== "").join(" · ")}
                      value={each.is_done ? <Tag tone="good">{t("read")}</Tag> : <Read round={each} />}
                    />
                  ))}
                </Rows>
              </>
            )
          }
        </Show>
      </Card>
    </Page>
  );
}

/** The register that is next; what is typed for one is never another's. */
function Read({ round }: { round: Round }): ReactNode {
  const next = round.registers.find((each) => !each.is_done) ?? round.registers[0];
  return next === undefined ? null : <ReadRegister key={next.register} round={round} register={next} />;
}

function ReadRegister({ round, register }: { round: Round; register: Round["registers"][number] }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const [key, setKey] = useState(newKey);
  const [typed, setTyped] = useState("");
  const unit = (register.last_value?.unit ?? (round.utility === "electricity" || round.utility === "solar" ? "kWh" : "m3")) as Schemas["ManualReadingIn"]["unit"];
  const send = $api.useMutation("post", "/api/v1/estates/{estate_id}/meters/{meter_id}/manual-readings", { onSuccess: () => refreshEstate(path.estate_id) });
  const value = readAmount(typed, PLACES);
  const { last_value: last, expected_low: low, expected_high: high } = register;
  return (
    <Confirm
      label={t("readIt")}
      variant="default"
      title={[round.unit, round.meter, ...(round.registers.length > 1 ? [register.register] : [])].join(", ")}
      action={t("sendReading")}
      consequence={last === null ? t("neverRead") : t("lastShown", { value: formats.quantity(last.amount, last.unit), time: formats.moment(register.last_taken_at!) })}
      whyNot={may("readings.send") ? undefined : t("mayNot")}
      isReady={value !== null}
      isPending={send.isPending}
      error={send.error}
      onOpen={() => {
        send.reset();
        setKey(newKey());
      }}
      onConfirm={(close) =>
        send.mutate(
          { params: { path: { ...path, meter_id: round.meter_id }, header: { "Idempotency-Key": key } }, body: { value: value!, unit, register: register.register, note: "" } },
          { onSuccess: (done) => (done.waits_for_staff ? undefined : close()) },
        )
      }
    >
      <div className={classes.form}>
        <TextInput label={t("shows", { unit: unit === "m3" ? "m³" : unit })} inputMode="decimal" autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {low === null || high === null ? null : <p className="quiet small">{t("expected", { low: formats.quantity(low.amount, low.unit), high: formats.quantity(high.amount, high.unit) })}</p>}
        {send.data?.waits_for_staff ? <Notice tone="low" role="status">{t("isHeld")}</Notice> : null}
      </div>
    </Confirm>
  );
}
