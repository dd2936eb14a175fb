import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { problemOf, sendSafely, type Place, type Schemas } from "@api";
import { Notice, Wrong } from "@ui";
import { Kept } from "./Kept";
import { TokenNow } from "./TokenNow";
import { caretAfter, digitsOf, grouped, isToken, missing } from "./token";
import classes from "./Meters.module.css";

/** 20 digits, written down on the device first: whatever happens on the way, the meter gets them once. */
export function TokenForm({ meter, place }: { meter: Schemas["MeterWithRegisters"]; place: Place }): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const [digits, setDigits] = useState("");
  const [isWrong, setWrong] = useState(false);
  const isSending = useRef(false);
  const path = { estate_id: place.estate.estate_id, meter_id: meter.meter_id };
  const send = useMutation({
    mutationFn: async (token: string) => {
      const outcome = await sendSafely("meter_token", { ...path, token, serial: meter.serial, home: place.unitName });
      // it may be mended at once, here where it was typed
      if (outcome.state === "refused") throw outcome.problem;
      return outcome;
    },
    onSuccess: () => setDigits(""),
  });
  const again = (): void => send.reset();
  if (send.data?.state === "waiting") return <Kept title={t("token.kept")} hint={t("token.keptHint")} another={t("token.another")} again={again} />;
  if (send.data !== undefined) return <Sent token={send.data.answer} place={place} again={again} />;
  const isDone = missing(digits) === 0;
  const wrong = isDone ? t("token.wrongNumber") : t("token.missing", { count: missing(digits) });
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isToken(digits)) setWrong(true);
        // a second tap comes before the button knows of the first
        else if (!isSending.current) {
          isSending.current = true;
          send.mutate(digits, { onSettled: () => (isSending.current = false) });
        }
      }}
    >
      <p className="quiet">{t("token.hint")}</p>
      {send.error === null ? null : <Wrong error={problemOf(send.error)} />}
      <Digits
        digits={digits}
        error={isWrong || (isDone && !isToken(digits)) ? wrong : null}
        onChange={(next) => {
          setDigits(next);
          setWrong(false);
        }}
      />
      <Notice>{t("token.consequence", { serial: meter.serial })}</Notice>
      <Button type="submit" size="lg" fullWidth loading={send.isPending}>
        {t("token.send")}
      </Button>
    </form>
  );
}

interface DigitsProps {
  digits: string;
  error: string | null;
  onChange: (digits: string) => void;
}

/** One field that groups what is typed or pasted, and leaves the cursor where it was. */
function Digits({ digits, error, onChange }: DigitsProps): ReactNode {
  const { t } = useTranslation("meters");
  const field = useRef<HTMLInputElement>(null);
  const caret = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (caret.current !== null) field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });
  const left = missing(digits);
  return (
    <TextInput
      ref={field}
      label={t("token.label")}
      description={error !== null ? undefined : digits === "" ? t("token.describe") : left === 0 ? t("token.complete") : t("token.left", { count: left })}
      inputMode="numeric"
      autoComplete="off"
      spellCheck={false}
      size="lg"
      classNames={{ input: classes.digits }}
      value={grouped(digits)}
      error={error}
      onChange={({ currentTarget }) => {
        const before = currentTarget.value.slice(0, currentTarget.selectionStart ?? currentTarget.value.length);
        const next = digitsOf(currentTarget.value);
        caret.current = caretAfter(Math.min(digitsOf(before).length, next.length));
        onChange(next);
      }}
    />
  );
}

function Sent({ token, place, again }: { token: Schemas["MeterTokenOut"] | null; place: Place; again: () => void }): ReactNode {
  const { t } = useTranslation("meters");
  return (
    <div className={classes.form}>
      {token === null ? (
        // another tab was faster and has the answer
        <Notice tone="good" role="status">
          <strong>{t("token.sent")}</strong>
        </Notice>
      ) : (
        <TokenNow first={token} place={place} />
      )}
      <Button variant="default" fullWidth onClick={again}>
        {t("token.another")}
      </Button>
    </div>
  );
}
