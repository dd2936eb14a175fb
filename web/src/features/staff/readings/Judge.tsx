import { Button, TextInput } from "@mantine/core";
import { IconArrowsExchange, IconCheck, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { $api, refreshEstate, useEstate, useUnits, type Schemas } from "@api";
import { Card, isNegative, Loading, Notice, sentence, useFormats } from "@ui";
import { Confirm, Fact, Facts } from "@ui/staff";
import { isElsewhere } from "./keys";
import { Picture } from "./Picture";
import classes from "./Readings.module.css";

type Reading = Schemas["ReadingOut"];
const CODES = ["implausible_rise", "no_rate_table", "register_not_priced"] as const;

/** One held reading: why it waits, what its register showed, and what somebody can say of it. */
export function Judge({ reading }: { reading: Reading }): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const box = useRef<HTMLDivElement>(null);
  const found = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters", { params: { path, query: { q: reading.meter ?? "", limit: 50 } } });
  const meter = found.data?.items.find((each) => each.serial === reading.meter);
  const code = CODES.find((each) => each === reading.code);
  const isRise = code === "implausible_rise";
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isElsewhere(event)) return;
      box.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"] :is(button:enabled, a)`)?.click();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return (
    <Card title={t("inHand", { meter: reading.meter })}>
      <Notice tone="low">
        <strong>{code === undefined ? sentence(reading.reason) : t(`code.${code}`)}</strong>
        {code === undefined ? null : <p>{t(`codeHint.${code}`)}</p>}
      </Notice>
      <Picture reading={reading} />
      <Facts>
        <Fact label={t("unit")}>{meter === undefined ? null : <Link to={`/estates/${estate.estate_id}/units/${meter.unit_id}`}>{nameOf(meter.unit_id)}</Link>}</Fact>
        <Fact label={t("register")}>{reading.register}</Fact>
        <Fact label={t("received")}>{formats.moment(reading.received_at)}</Fact>
        <Fact label={t("limit")}>{meter?.max_rate == null ? null : t("perHour", { amount: formats.quantity(meter.max_rate.amount, meter.max_rate.unit) })}</Fact>
      </Facts>
      <div ref={box}>
        <div className={classes.actions}>
          <span data-key="a">
            <Accept reading={reading} isRise={isRise} />
          </span>
          <span data-key="r">
            <SetAside reading={reading} isRise={isRise} />
          </span>
          {meter === undefined ? null : (
            <span data-key="s">
              <Button component={Link} to={`/estates/${estate.estate_id}/meters/${meter.meter_id}`} variant="default" leftSection={<IconArrowsExchange aria-hidden size={18} />}>
                {t("swap")}
              </Button>
            </span>
          )}
        </div>
      </div>
      <p className={`quiet small ${classes.keys}`}>
        <kbd>J</kbd> <kbd>K</kbd> {t("keyMove")} · <kbd>A</kbd> {t("accept")} · <kbd>R</kbd> {t("setAside")} · <kbd>S</kbd> {t("swap")}
      </p>
    </Card>
  );
}

const ACCEPT = "/api/v1/estates/{estate_id}/registers/{register_id}/readings/{taken_at}/accept";

function Accept({ reading, isRise }: { reading: Reading; isRise: boolean }): ReactNode {
  const { t } = useTranslation("judging");
  const { estate, path: of, may } = useEstate();
  const formats = useFormats(estate);
  const path = { ...of, register_id: reading.register_id ?? 0, taken_at: reading.taken_at ?? "" };
  const tried = $api.useMutation("post", ACCEPT);
  const accept = $api.useMutation("post", ACCEPT, { onSuccess: () => refreshEstate(of.estate_id) });
  const does = tried.data;
  const [net, tax, used] = does === undefined ? ["0", "0", ""] : [does.net.amount, does.tax.amount, formats.quantity(does.quantity.amount, does.quantity.unit)];
  return (
    <Confirm
      label={t("accept")}
      icon={<IconCheck aria-hidden size={18} />}
      variant="filled"
      title={t("acceptTitle")}
      action={t("accept")}
      whyNot={!isRise ? t("needsPrice") : may("readings.judge") ? undefined : t("mayNot")}
      isReady={does !== undefined}
      isPending={accept.isPending}
      error={accept.error ?? tried.error}
      onOpen={() => {
        accept.reset();
        tried.mutate({ params: { path, query: { dry_run: true } } });
      }}
      onConfirm={(close) => accept.mutate({ params: { path } }, { onSuccess: close })}
      consequence={
        does === undefined ? (
          tried.isPending ? <Loading lines={1} /> : null
        ) : (
          <>
            <p>
              <strong>{t(isNegative(net) ? "refunds" : "charges", { used, net: formats.money(net), tax: formats.money(tax) })}</strong>
            </p>
            <p>{t("acceptHint")}</p>
          </>
        )
      }
    />
  );
}

function SetAside({ reading, isRise }: { reading: Reading; isRise: boolean }): ReactNode {
  const { t } = useTranslation("judging");
  const { path: of, may } = useEstate();
  const [reason, setReason] = useState("");
  const path = { ...of, register_id: reading.register_id ?? 0, taken_at: reading.taken_at ?? "" };
  const setAside = $api.useMutation("post", "/api/v1/estates/{estate_id}/registers/{register_id}/readings/{taken_at}/set-aside", {
    onSuccess: () => refreshEstate(of.estate_id),
  });
  return (
    <Confirm
      label={t("setAside")}
      icon={<IconX aria-hidden size={18} />}
      title={t("setAsideTitle")}
      action={t("setAside")}
      consequence={t("setAsideHint")}
      whyNot={isRise && !may("readings.judge") ? t("mayNot") : isRise ? undefined : t("needsPrice")}
      isReady={reason.trim() !== ""}
      isPending={setAside.isPending}
      error={setAside.error}
      onOpen={() => setAside.reset()}
      onConfirm={(close) => setAside.mutate({ params: { path }, body: { reason: reason.trim() } }, { onSuccess: close })}
    >
      <TextInput label={t("reason")} data-autofocus autoComplete="off" maxLength={200} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Confirm>
  );
}
