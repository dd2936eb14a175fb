import { Button, TextInput } from "@mantine/core";
import { IconCamera } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, sendSafely, serverNow, type Place, type Schemas } from "@api";
import { Notice, readAmount, useFormats, Wrong } from "@ui";
import { Kept } from "./Kept";
import { NotCounted } from "./NotCounted";
import { shrink } from "./photo";
import classes from "./Meters.module.css";

const PLACES = 3;

/** What is sent once, whatever happens on the way: it is written down on the device first, with its key. */
export function ReadingForm({ meter, place }: { meter: Schemas["MeterWithRegisters"]; place: Place }): ReactNode {
  const { t } = useTranslation(["meters", "common", "outbox"]);
  const formats = useFormats(place.estate);
  const path = { estate_id: place.estate.estate_id, meter_id: meter.meter_id };
  const window = $api.useQuery("get", "/api/v1/estates/{estate_id}/reading-window", {
    params: { path: { estate_id: place.estate.estate_id } },
  });
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [photo, setPhoto] = useState<Blob | null>(null);
  const [photoWrong, setPhotoWrong] = useState<string | null>(null);
  const isSending = useRef(false);
  const register = meter.registers[0];
  const unit = (register?.unit ?? "kWh") as Schemas["ManualReadingIn"]["unit"];
  const send = useMutation({
    mutationFn: async (value: string) => {
      const outcome = await sendSafely("manual_reading", {
        ...path,
        register: register?.name ?? null,
        value,
        unit,
        taken_at: serverNow().toISOString(),
        photo,
        photo_id: null,
        photo_key: newKey(),
        serial: meter.serial,
        utility: meter.utility,
        home: place.unitName,
      });
      // it may be mended at once, here where it was typed
      if (outcome.state === "refused") throw outcome.problem;
      return outcome;
    },
  });
  if (send.data?.state === "waiting") return <Kept title={t("outbox:kept")} hint={t("outbox:keptHint")} another={t("outbox:another")} again={() => send.reset()} />;
  if (send.data !== undefined) return <Sent done={send.data.answer} place={place} />;
  const rule = window.data?.rule;
  // who came by an old link learns it before they climb to the meter
  if (window.data !== undefined && (!meter.is_read_by_hand || rule == null || rule.least_right === "none")) {
    return <Notice>{t(meter.is_read_by_hand ? "staffReads" : "byItself")}</Notice>;
  }
  const open = window.data?.window;
  const needsPhoto = rule?.needs_photo === true;
  const choose = (chosen: Blob | null): void => {
    setPhoto(chosen);
    setPhotoWrong(chosen === null ? t("photoWrong") : null);
  };
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const value = readAmount(typed, PLACES);
        if (value === null) setWrong(t("valueWrong"));
        else if (needsPhoto && photo === null) setPhotoWrong(t("needsPhoto"));
        // a second tap comes before the button knows of the first
        else if (!isSending.current) {
          isSending.current = true;
          send.mutate(value, { onSettled: () => (isSending.current = false) });
        }
      }}
    >
      <p className="quiet">{t("readingHint")}</p>
      {open == null || open.is_open ? null : (
        <Notice tone="low">
          {t("windowClosed", { from: formats.date(open.from_on), to: formats.date(open.last_on) })}
        </Notice>
      )}
      <Wrong error={send.error} />
      <TextInput
        label={t("value", { unit: unit === "m3" ? "m³" : unit })}
        inputMode="decimal"
        autoComplete="off"
        value={typed}
        error={wrong}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(null);
        }}
      />
      <Photo photo={photo} onPhoto={choose} isNeeded={needsPhoto} wrong={photoWrong} />
      <Button type="submit" size="lg" fullWidth loading={send.isPending}>
        {t("send")}
      </Button>
    </form>
  );
}

interface PhotoProps {
  photo: Blob | null;
  /** Told null where the file is no picture that this browser knows. */
  onPhoto: (photo: Blob | null) => void;
  isNeeded: boolean;
  wrong: string | null;
}

function Photo({ photo, onPhoto, isNeeded, wrong }: PhotoProps): ReactNode {
  const { t } = useTranslation("meters");
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => () => URL.revokeObjectURL(url ?? ""), [url]);
  const choose = (file: File | undefined): void => {
    if (file === undefined) return;
    shrink(file).then(
      (small) => {
        onPhoto(small);
        setUrl(URL.createObjectURL(small));
      },
      () => {
        onPhoto(null);
        setUrl(null);
      },
    );
  };
  return (
    <>
      {url === null ? null : <img src={url} alt={t("photoAlt")} className={classes.photo} />}
      <label className={classes.choose}>
        <IconCamera aria-hidden size={22} />
        {t(photo === null ? "photoTake" : "photoAgain")}
        <input type="file" accept="image/*" capture="environment" aria-label={t("photo")} onChange={(event) => choose(event.currentTarget.files?.[0])} />
      </label>
      {wrong !== null ? (
        <p className={`${classes.wrong} small`} role="alert">
          {wrong}
        </p>
      ) : isNeeded ? (
        <p className="quiet small">{t("needsPhoto")}</p>
      ) : null}
    </>
  );
}

function Sent({ done, place }: { done: Schemas["ManualReadingDone"] | null; place: Place }): ReactNode {
  const { t } = useTranslation("meters");
  const formats = useFormats(place.estate);
  // another tab was faster and has the answer
  if (done === null) {
    return (
      <Notice tone="good" role="status">
        <strong>{t("sent")}</strong>
      </Notice>
    );
  }
  return (
    <Notice tone={done.waits_for_staff || done.reading.class === "backwards" ? "low" : "good"} role="status">
      <strong>{t("sent")}</strong>
      <p className="num">{formats.quantity(done.reading.value.amount, done.reading.value.unit)}</p>
      <p>{done.waits_for_staff ? t("waits") : t("charged", { amount: formats.money(done.charged.amount) })}</p>
      <p className="small">
        <NotCounted reading={done.reading} />
      </p>
    </Notice>
  );
}
