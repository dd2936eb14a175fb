import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconDownload } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, Notice, Wrong } from "@ui";
import { Confirm, saveFile } from "@ui/staff";

/** The rights of a person to their data: to have it, and to have it erased. */
export function Privacy({ person }: { person: Schemas["PersonDetail"] }): ReactNode {
  const { t } = useTranslation("people");
  const { path } = useEstate();
  const [reason, setReason] = useState("");
  const params = { path: { ...path, person_id: person.person_id } };
  const take = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.GET("/api/v1/estates/{estate_id}/people/{person_id}/data", { params });
      if (data === undefined) throw error;
      saveFile(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }), `person-${person.person_id}.json`);
    },
  });
  const erase = $api.useMutation("post", "/api/v1/estates/{estate_id}/people/{person_id}/erasure", {
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const { name } = person;
  return (
    <Card title={t("privacy")}>
      <p className="quiet">{t("privacyHint")}</p>
      <Wrong error={take.error} />
      {erase.data === undefined ? null : (
        <Notice tone="good" role="status">
          {t("eraseDone")}
        </Notice>
      )}
      <p>
        <Button variant="default" leftSection={<IconDownload aria-hidden size={18} />} loading={take.isPending} onClick={() => take.mutate()}>
          {t("export")}
        </Button>{" "}
        <Confirm
          label={t("erase")}
          variant="subtle"
          title={t("eraseTitle", { name })}
          consequence={<p>{t("eraseHint")}</p>}
          action={t("erase")}
          isDangerous
          isReady={reason.trim() !== ""}
          isPending={erase.isPending}
          error={erase.error}
          onOpen={() => {
            erase.reset();
            setReason("");
          }}
          onConfirm={(close) => erase.mutate({ params, body: { reason: reason.trim(), is_forced: false } }, { onSuccess: close })}
        >
          <Textarea label={t("reason")} required data-autofocus value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        </Confirm>
      </p>
    </Card>
  );
}
