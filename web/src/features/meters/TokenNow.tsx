import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Place, type Schemas } from "@api";
import { Notice, Row, Tag, useFormats, type Formats, type TagTone } from "@ui";
import classes from "./Meters.module.css";

type Token = Schemas["MeterTokenOut"];
const AGAIN_MS = 5_000;

export const isOpen = ({ state }: Token): boolean => state === "waiting" || state === "sent";

/** What became of a token so far; it is asked again until that is known. */
export function TokenNow({ first, place }: { first: Token; place: Place }): ReactNode {
  const { estate_id } = place.estate;
  const path = { estate_id, meter_id: first.meter_id, meter_token_id: first.meter_token_id };
  const asked = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/meters/{meter_id}/tokens/{meter_token_id}",
    { params: { path } },
    { refetchInterval: ({ state }) => (state.data === undefined || isOpen(state.data) ? AGAIN_MS : false) },
  );
  return <TokenSays token={asked.data ?? first} place={place} />;
}

function TokenSays({ token, place }: { token: Token; place: Place }): ReactNode {
  const { t } = useTranslation("meters");
  const formats = useFormats(place.estate);
  const { state, reason } = token;
  const balance = balanceOf(token, formats);
  return (
    <Notice tone={state === "given" ? "good" : state === "failed" ? "out" : "info"} role="status">
      <strong>{t(`token.says.${state}`)}</strong>
      {state === "waiting" || state === "sent" ? <p>{t(`token.says.${state}Hint`)}</p> : null}
      {state === "given" && balance !== null ? <p className={classes.figures}>{t("token.balance", balance)}</p> : null}
      {reason === null ? null : <p>{t(`token.reason.${reason}`)}</p>}
      {state === "failed" && !token.is_masked ? (
        <p>
          {t("token.digits")}: <span className={classes.code}>{token.token.replace(/-/g, " ")}</span>
        </p>
      ) : null}
    </Notice>
  );
}

function balanceOf({ balance_before, balance_after }: Token, formats: Formats): { before: string; after: string } | null {
  if (balance_before === null || balance_after === null) return null;
  return { before: formats.money(balance_before.amount), after: formats.money(balance_after.amount) };
}

const TONES: Record<Token["state"], TagTone> = { waiting: "asked", sent: "asked", given: "good", failed: "out" };

/** A token among those of its meter: when it was keyed in, and what became of it. */
export function TokenRow({ token, place }: { token: Token; place: Place }): ReactNode {
  const { t } = useTranslation("meters");
  const formats = useFormats(place.estate);
  const { state, reason } = token;
  const balance = state === "given" ? balanceOf(token, formats) : null;
  return (
    <Row
      title={<span className="num">•••• {token.token.slice(-4)}</span>}
      hint={formats.moment(token.created_at)}
      value={<Tag tone={TONES[state]}>{t(`token.state.${state}`)}</Tag>}
    >
      {balance === null ? null : <p className={`quiet small ${classes.figures} ${classes.below}`}>{t("token.balance", balance)}</p>}
      {reason === null ? null : <p className={`quiet small ${classes.below}`}>{t(`token.reason.${reason}`)}</p>}
    </Row>
  );
}
