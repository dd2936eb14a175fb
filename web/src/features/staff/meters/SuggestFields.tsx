import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate, type Schemas } from "@api";
import { Notice, Row, Rows, sentence, Wrong } from "@ui";
import { ChangedMeanwhile, setUp } from "./setUp";
import classes from "./Meters.module.css";

type Field = Schemas["SuggestedField"];

/** Which of a frame's values look like registers; each is taken with one press. */
export function SuggestFields({ device, data }: { device: Schemas["DeviceWithState"]; data: Record<string, unknown> }): ReactNode {
  const { t } = useTranslation("devices");
  const { path, may } = useEstate();
  const ask = $api.useMutation("post", "/api/v1/estates/{estate_id}/suggested-fields");
  const take = useMutation({
    mutationFn: ({ path: at, register, unit, scale, places }: Field) =>
      setUp({ ...path, device_id: device.device_id }, device, { fields: [...device.fields, { path: at, register, unit, scale, places }] }),
    onSuccess: () => refreshEstate(path.estate_id),
  });
  if (!may("meters.write")) return null;
  if (ask.data === undefined) {
    return (
      <>
        <Wrong error={ask.error} />
        <Button variant="default" loading={ask.isPending} onClick={() => ask.mutate({ params: { path }, body: { data } })}>
          {t("suggest")}
        </Button>
      </>
    );
  }
  const isTaken = (field: Field): boolean => device.fields.some((each) => each.path === field.path);
  return (
    <div className={classes.form}>
      {take.error instanceof ChangedMeanwhile ? <Notice tone="low">{t("changedMeanwhile")}</Notice> : <Wrong error={take.error} />}
      {ask.data.items.length === 0 ? <p className="quiet">{t("nothingSuggested")}</p> : null}
      <Rows>
        {ask.data.items.map((each) => (
          <Row
            key={each.path}
            title={`${each.path} = ${each.value}`}
            hint={`${t("fieldIs", { register: each.register, unit: each.unit, scale: each.scale })} · ${sentence(each.reason)}`}
            value={
              <Button variant="default" disabled={isTaken(each)} loading={take.isPending} onClick={() => take.mutate(each)}>
                {t(isTaken(each) ? "taken" : "take")}
              </Button>
            }
          />
        ))}
      </Rows>
    </div>
  );
}
