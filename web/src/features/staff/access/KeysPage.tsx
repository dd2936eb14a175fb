import { NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, asShown, carriedOut, newKey, useAccess, useEstate, usePages, type Permission, type Schemas } from "@api";
import { Card, Page, Tag, useFormats } from "@ui";
import { Confirm, DataTable, type Column } from "@ui/staff";
import { Choices } from "./Choices";
import { Once } from "./Once";
import classes from "./Access.module.css";

type Key = Schemas["ApiKeyOut"];
const LIST = "/api/v1/api-keys";
const ONE = "/api/v1/api-keys/{api_key_id}";
const DAY_MS = 86_400_000;
const SPANS = [30, 90, 365] as const;

/** Keys of programs: what each may do, when it was used, and its end. */
export default function KeysPage(): ReactNode {
  const { t } = useTranslation("access");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const [secret, setSecret] = useState<string | null>(null);
  const keys = usePages(LIST, { params: { query: { limit: 100 } } }, { by: "after_id" });
  const columns: Column<Key>[] = [
    { key: "name", title: t("key.name"), cell: (each) => each.name },
    { key: "state", title: t("state"), phone: "value", cell: (each) => <State item={each} /> },
    { key: "prefix", title: t("key.begins"), cell: (each) => <code>{each.shown_prefix}</code> },
    { key: "may", title: t("key.may"), phone: "bare", cell: (each) => each.permissions.join(", ") },
    { key: "used", title: t("key.used"), isNumber: true, cell: (each) => (each.last_used_at === null ? t("never") : formats.moment(each.last_used_at)) },
    { key: "ends", title: t("key.ends"), isNumber: true, cell: (each) => (each.expires_at === null ? t("never") : formats.day(each.expires_at)) },
    { key: "actions", title: t("actions"), phone: "bare", cell: (each) => (isLive(each) ? <Actions item={each} onSecret={setSecret} /> : null) },
  ];
  return (
    <Page title={t("keys")} aside={<Make onSecret={setSecret} />}>
      {secret === null ? null : <Once secret={secret} onDone={() => setSecret(null)} />}
      <Card>
        <p className="quiet small">{t("keysHint")}</p>
        <DataTable label={t("keys")} columns={columns} pages={keys} keyOf={(each) => each.api_key_id} empty={{ title: t("noKeys"), hint: t("noKeysHint") }} />
      </Card>
    </Page>
  );
}

/** The key of a write and the time that its spans begin at: sent again, it says the same, and is answered with the same secret. */
function begin(): { key: string; at: number } {
  return { key: newKey(), at: Date.now() };
}

function isLive({ revoked_at, expires_at }: Key): boolean {
  return revoked_at === null && (expires_at === null || new Date(expires_at) > new Date());
}

function State({ item }: { item: Key }): ReactNode {
  const { t } = useTranslation("access");
  if (item.revoked_at !== null) return <Tag>{t("revoked")}</Tag>;
  return isLive(item) ? <Tag tone="good">{t("live")}</Tag> : <Tag>{t("expired")}</Tag>;
}

function Make({ onSecret }: { onSecret: (secret: string) => void }): ReactNode {
  const { t } = useTranslation(["access", "common"]);
  const { estate, may } = useEstate();
  const me = $api.useQuery("get", "/api/v1/me", {}, { staleTime: 300_000 });
  const access = useAccess();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Permission[]>([]);
  const [days, setDays] = useState("90");
  const [begun, setBegun] = useState(begin);
  // a key may do no more than who makes it
  const own = [...new Set((me.data?.roles ?? []).flatMap((role) => role.permissions))].filter((each) => access.may(each, estate)).sort();
  const make = $api.useMutation("post", LIST, { onSuccess: () => client.invalidateQueries({ queryKey: ["get", LIST] }) });
  const submit = (close: () => void): void => {
    const expires_at = days === "" ? null : new Date(begun.at + Number(days) * DAY_MS).toISOString();
    const body = { name: name.trim(), permissions: chosen, estate_ids: [estate.estate_id], expires_at, requests_per_minute: 600 };
    make.mutate({ params: { header: { "Idempotency-Key": begun.key } }, body }, { onSuccess: (made) => (onSecret(made.secret), close()) });
  };
  return (
    <Confirm
      label={t("makeKey")}
      variant="filled"
      title={t("makeKey")}
      consequence={t("makeKeyHint", { estate: estate.name })}
      action={t("makeKey")}
      whyNot={may("keys.manage") ? undefined : t("mayNot")}
      isReady={name.trim() !== "" && chosen.length > 0}
      isPending={make.isPending}
      error={make.error}
      onConfirm={submit}
      onOpen={() => {
        make.reset();
        setBegun(begin());
        setName("");
        setChosen([]);
      }}
    >
      <div className={classes.form}>
        <TextInput label={t("key.name")} maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <NativeSelect label={t("key.ends")} value={days} onChange={(event) => setDays(event.currentTarget.value)} data={[...SPANS.map((count) => ({ value: `${count}`, label: t("inDays", { count }) })), { value: "", label: t("never") }]} />
        <Choices label={t("key.may")} words={own} chosen={chosen} onChange={setChosen} />
      </div>
    </Confirm>
  );
}

function Actions({ item, onSecret }: { item: Key; onSecret: (secret: string) => void }): ReactNode {
  const { t } = useTranslation("access");
  const client = useQueryClient();
  const [hours, setHours] = useState("24");
  const [begun, setBegun] = useState(begin);
  const again = () => client.invalidateQueries({ queryKey: ["get", LIST] });
  const path = { api_key_id: item.api_key_id };
  const rotate = $api.useMutation("post", `${ONE}/rotate`, { onSuccess: again });
  const revoke = useMutation({
    mutationFn: async () => {
      const header = await asShown(() => api.GET(ONE, { params: { path } }), item, (each) => ({ ...each, last_used_at: null }));
      return carriedOut(await api.DELETE(ONE, { params: { path, header } }));
    },
    onSettled: again,
  });
  return (
    <div className={classes.buttons}>
      <Confirm
        label={t("rotate")}
        title={t("rotateTitle", { name: item.name })}
        consequence={t("rotateHint")}
        action={t("rotate")}
        isPending={rotate.isPending}
        error={rotate.error}
        onOpen={() => {
          rotate.reset();
          setBegun(begin());
        }}
        onConfirm={(close) => {
          const overlap_until = hours === "0" ? null : new Date(begun.at + Number(hours) * 3_600_000).toISOString();
          rotate.mutate({ params: { path, header: { "Idempotency-Key": begun.key } }, body: { overlap_until } }, { onSuccess: (made) => (onSecret(made.secret), close()) });
        }}
      >
        <Overlap value={hours} onChange={setHours} />
      </Confirm>
      <Confirm
        label={t("revoke")}
        title={t("revokeTitle", { name: item.name })}
        consequence={t("revokeHint")}
        action={t("revoke")}
        isDangerous
        isPending={revoke.isPending}
        error={revoke.error}
        onOpen={() => revoke.reset()}
        onConfirm={(close) => revoke.mutate(undefined, { onSuccess: close })}
      />
    </div>
  );
}

/** For how long the old secret works beside the new one. */
export function Overlap({ value, onChange }: { value: string; onChange: (hours: string) => void }): ReactNode {
  const { t } = useTranslation("access");
  return (
    <NativeSelect
      label={t("overlap")}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={[
        { value: "0", label: t("overlapNone") },
        { value: "24", label: t("overlapDay") },
        { value: "168", label: t("overlapWeek") },
      ]}
    />
  );
}
