import { Switch } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMutation } from "@tanstack/react-query";
import { $api, api, refreshEstate, tagIfAsShown, useEstate, type Schemas } from "@api";
import { CopyId, Card, Show, Wrong } from "@ui";
import { Confirm } from "@ui/staff";
import classes from "./Settings.module.css";

const PATH = "/api/v1/estates/{estate_id}/join-code";

/** The code that residents sign up with. */
export function JoinCode(): ReactNode {
  const { t } = useTranslation("settings");
  const { path } = useEstate();
  const asked = $api.useQuery("get", PATH, { params: { path } });
  const refresh = (): void => refreshEstate(path.estate_id);
  const put = async (body: Schemas["JoinCodeIn"]): Promise<void> => {
    const shown = asked.data;
    const header = await tagIfAsShown(() => api.GET(PATH, { params: { path } }), (now) => now.code === shown?.code && now.is_on === shown?.is_on);
    const { error } = await api.PUT(PATH, { params: { path, header }, body });
    if (error !== undefined) throw error;
  };
  // somebody else was faster: what they made of it is shown
  const change = useMutation({ mutationFn: put, onSuccess: refresh, onError: refresh });
  const renew = useMutation({ mutationFn: put, onSuccess: refresh, onError: refresh });
  return (
    <Card title={t("join.title")}>
      <p className="quiet small">{t("join.hint")}</p>
      <Show asked={asked} lines={2}>
        {({ code, is_on }) => (
          <div className={classes.form}>
            <Switch size="md" label={t("join.isOn")} checked={is_on} disabled={change.isPending} onChange={(event) => change.mutate({ is_on: event.currentTarget.checked, is_new: false })} />
            <Wrong error={change.error} />
            {code === null || !is_on ? null : (
              <>
                <CopyId id={code} word={code} />
                <Confirm label={t("join.renew")} title={t("join.renew")} consequence={t("join.renewHint")} action={t("join.renew")} isPending={renew.isPending} error={renew.error} onConfirm={(close) => renew.mutate({ is_on: true, is_new: true }, { onSuccess: close })} />
              </>
            )}
          </div>
        )}
      </Show>
    </Card>
  );
}
