import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, Row, Rows, Show, Wrong } from "@ui";
import { SettingRows } from "./SettingRows";
import { refusedOf, rowsOf, settingsOf, wrongOf, type Setting } from "./settings";
import { ChangedMeanwhile, setUp } from "./setUp";
import classes from "./Meters.module.css";

/** How a device is set up; drawn when its driver has said what it takes. */
export function Setup({ device }: { device: Schemas["DeviceWithState"] }): ReactNode {
  const { t } = useTranslation("devices");
  const drivers = $api.useQuery("get", "/api/v1/drivers", {}, { staleTime: Infinity });
  return (
    <Card title={t("setup")}>
      <Show asked={drivers} lines={6}>
        {({ items }) => <SetupForm device={device} takes={items.find((each) => each.name === device.driver)?.takes ?? []} />}
      </Show>
    </Card>
  );
}

/** Its driver's settings, which of its values are registers, its codec, notes. */
function SetupForm({ device, takes }: { device: Schemas["DeviceWithState"]; takes: Setting[] }): ReactNode {
  const { t } = useTranslation(["devices", "common"]);
  const { path: of, may } = useEstate();
  const path = { ...of, device_id: device.device_id };
  const [rows, setRows] = useState(() => rowsOf(device.settings, takes));
  const [fields, setFields] = useState(device.fields);
  const [codec, setCodec] = useState(`${device.codec_id ?? ""}`);
  const [notes, setNotes] = useState(device.notes);
  const codecs = $api.useQuery("get", "/api/v1/estates/{estate_id}/codecs", { params: { path: of, query: { limit: 1000 } } });
  const save = useMutation({
    mutationFn: () => setUp(path, device, { settings: settingsOf(rows, takes), fields, codec_id: codec === "" ? null : Number(codec), notes }),
    onSuccess: () => refreshEstate(of.estate_id),
  });
  const isAtFields = refusedOf(save.error, rows.map(([name]) => name)).size > 0;
  const isWrong = rows.some(([name, value]) => wrongOf(takes.find((each) => each.name === name), value) !== null);
  return (
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <SettingRows rows={rows} takes={takes} onChange={setRows} error={save.error} />
        <p className="quiet small">{t("fieldsHint")}</p>
        <Rows>
          {fields.map((each) => (
            <Row
              key={`${each.path} ${each.register}`}
              title={each.path}
              hint={t("fieldIs", { register: each.register, unit: each.unit, scale: each.scale ?? "1" })}
              value={
                <ActionIcon variant="subtle" size={44} aria-label={t("remove", { name: each.path })} onClick={() => setFields(fields.filter((other) => other !== each))}>
                  <IconX aria-hidden size={20} />
                </ActionIcon>
              }
            />
          ))}
        </Rows>
        <NativeSelect
          label={t("codec")}
          value={codec}
          onChange={(event) => setCodec(event.currentTarget.value)}
          data={[{ value: "", label: t("noCodec") }, ...(codecs.data?.items ?? []).map((each) => ({ value: `${each.codec_id}`, label: each.name }))]}
        />
        <TextInput label={t("notes")} value={notes} onChange={(event) => setNotes(event.currentTarget.value)} />
        {save.error instanceof ChangedMeanwhile ? (
          <Notice tone="low" role="alert">
            {t("changedMeanwhile")}
          </Notice>
        ) : (
          <>{isAtFields ? null : <Wrong error={save.error} />}</>
        )}
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending} disabled={!may("meters.write") || isWrong}>
            {t("common:save")}
          </Button>
          {save.isSuccess ? <Notice tone="good" role="status">{t("common:saved")}</Notice> : null}
          {may("meters.write") ? null : <span className="quiet small">{t("mayNot")}</span>}
        </div>
      </form>
  );
}
