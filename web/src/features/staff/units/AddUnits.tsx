import { NativeSelect, Textarea } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate } from "@api";
import { Confirm } from "@ui/staff";
import { KINDS } from "./words";

/** Make one unit or many: a name a line. */
export function AddUnits(): ReactNode {
  const { t } = useTranslation("units");
  const { path } = useEstate();
  const [typed, setTyped] = useState("");
  const [kind, setKind] = useState<(typeof KINDS)[number]>("flat");
  const [key, setKey] = useState(newKey);
  const names = typed.split("\n").map((each) => each.trim()).filter((each) => each !== "");
  const add = $api.useMutation("post", "/api/v1/estates/{estate_id}/units", { onSuccess: () => refreshEstate(path.estate_id) });
  return (
    <Confirm
      label={t("add")}
      icon={<IconPlus aria-hidden size={18} />}
      variant="filled"
      title={t("add")}
      consequence={<p>{t("addHint")}</p>}
      action={t("addDo", { count: names.length })}
      isReady={names.length > 0}
      isPending={add.isPending}
      error={add.error}
      onOpen={() => {
        add.reset();
        setTyped("");
        setKey(newKey());
      }}
      onConfirm={(close) =>
        add.mutate(
          { params: { path, header: { "Idempotency-Key": key } }, body: { units: names.map((name) => ({ name, kind })) as never } },
          { onSuccess: close },
        )
      }
    >
      <Textarea label={t("names")} data-autofocus rows={4} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <NativeSelect
        label={t("kindWord")}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as typeof kind)}
        data={KINDS.map((each) => ({ value: each, label: t(`kind.${each}`) }))}
      />
    </Confirm>
  );
}
