import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, api, newKey, refreshEstate, useEstate } from "@api";
import { Card, Notice, Wrong } from "@ui";
import { ObjectPage } from "@ui/staff";
import { SettingRows } from "./SettingRows";
import { refusedOf, settingsOf, wrongOf, type Rows } from "./settings";
import classes from "./Meters.module.css";

/** A device that is registered: its driver, its address on the wire, what the driver must know. */
export default function NewDevicePage(): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const navigate = useNavigate();
  const [key] = useState(newKey);
  const [driver, setDriver] = useState("mita");
  const [address, setAddress] = useState("");
  const [model, setModel] = useState("");
  const [rows, setRows] = useState<Rows>([]);
  const [secret, setSecret] = useState<[string, string]>(["key", ""]);
  const drivers = $api.useQuery("get", "/api/v1/drivers", {}, { staleTime: Infinity });
  const chosen = drivers.data?.items.find((each) => each.name === driver);
  const takes = chosen?.takes ?? [];
  const valueOf = (name: string): string => rows.find(([each]) => each === name)?.[1].trim() ?? "";
  const isWrong = rows.some(([name, value]) => wrongOf(takes.find((each) => each.name === name), value) !== null);
  const isLacking = takes.some((each) => each.is_needed && valueOf(each.name) === "");
  const register = useMutation({
    mutationFn: async () => {
      const made = await api.POST("/api/v1/estates/{estate_id}/devices", {
        params: { path, header: { "Idempotency-Key": key } },
        body: { driver, address: address.trim(), model: model.trim(), settings: settingsOf(rows, takes), fields: [], notes: "" },
      });
      if (made.data === undefined) throw made.error;
      if (secret[1] !== "") {
        const sealed = await api.PUT("/api/v1/estates/{estate_id}/devices/{device_id}/secret", {
          params: { path: { ...path, device_id: made.data.device_id } },
          body: { secret: { [secret[0]]: secret[1] } },
        });
        if (!sealed.response.ok) throw sealed.error;
      }
      return made.data;
    },
    onSuccess: ({ device_id }) => {
      refreshEstate(path.estate_id);
      void navigate(`/estates/${estate.estate_id}/devices/${device_id}`);
    },
  });
  return (
    <ObjectPage title={t("addDevice")} back={{ to: `/estates/${estate.estate_id}/devices`, word: t("devices") }}>
      <Card>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            register.mutate();
          }}
        >
          <p className="quiet">{t("addDeviceHint")}</p>
          <NativeSelect
            label={t("driver")}
            value={driver}
            onChange={(event) => {
              setDriver(event.currentTarget.value);
              setRows([]);
              // a driver that has one secret calls it so
              const named = drivers.data?.items.find((each) => each.name === event.currentTarget.value)?.takes.find((each) => each.kind === "secret");
              setSecret([named?.name ?? "key", secret[1]]);
            }}
            data={(drivers.data?.items ?? []).map((each) => ({ value: each.name, label: each.name }))}
          />
          {chosen === undefined ? null : (
            <Notice>
              {t(`cut.${chosen.cut}`)} {t(`transport.${chosen.transport}`)} {chosen.sleeps ? t("sleeps") : null}
            </Notice>
          )}
          <TextInput label={t("address")} description={t("addressHint")} autoComplete="off" value={address} onChange={(event) => setAddress(event.currentTarget.value)} />
          <TextInput label={t("model")} description={t("modelHint")} autoComplete="off" value={model} onChange={(event) => setModel(event.currentTarget.value)} />
          <SettingRows key={`${driver} ${takes.length}`} rows={rows} takes={takes} onChange={setRows} error={register.error} />
          <div className={classes.pair}>
            <TextInput label={t("secretName")} autoComplete="off" value={secret[0]} onChange={(event) => setSecret([event.currentTarget.value, secret[1]])} />
            <PasswordInput label={t("secret")} autoComplete="off" value={secret[1]} onChange={(event) => setSecret([secret[0], event.currentTarget.value])} />
          </div>
          <p className="quiet small">{t("secretHint")}</p>
          {refusedOf(register.error, rows.map(([name]) => name)).size > 0 ? null : <Wrong error={register.error} />}
          <div className={classes.buttons}>
            <Button type="submit" loading={register.isPending} disabled={address.trim() === "" || isWrong || isLacking || !may("meters.write")}>
              {t("addDevice")}
            </Button>
            {may("meters.write") ? null : <span className="quiet small">{t("mayNot")}</span>}
          </div>
        </form>
      </Card>
    </ObjectPage>
  );
}
