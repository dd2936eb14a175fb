import { NativeSelect, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, type Schemas } from "@api";
import { Confirm } from "@ui/staff";

type Draft = Required<Pick<Schemas["EstateIn"], "name" | "currency" | "time_zone" | "kind" | "address">>;

const KINDS: Draft["kind"][] = ["building", "sectional_title", "energy_community", "shared_household"];
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

function nothing(): Draft {
  return { name: "", currency: "", time_zone: HERE, kind: "building", address: "" };
}

/** A further estate, for who may make one: of the installation, or of the organisation that gave them their role. */
export function NewEstate(): ReactNode {
  const { t, i18n } = useTranslation(["estates", "common"]);
  const me = $api.useQuery("get", "/api/v1/me", {}, { staleTime: 300_000 });
  const client = useQueryClient();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(nothing);
  const create = $api.useMutation("post", "/api/v1/estates");
  const makers = me.data?.roles.filter((each) => each.permissions.includes("estates.create") && each.scope !== "estate") ?? [];
  const maker = makers.find((each) => each.scope === "platform") ?? makers[0];
  if (maker === undefined) return null;
  const names = new Intl.DisplayNames(i18n.language, { type: "currency", fallback: "code" });
  const set = (part: Partial<Draft>): void => setDraft({ ...draft, ...part });
  return (
    <Confirm
      label={t("new")}
      icon={<IconPlus aria-hidden size={18} />}
      title={t("new")}
      consequence={<p>{t("newHint")}</p>}
      action={t("create")}
      isReady={draft.name.trim() !== "" && draft.currency !== ""}
      isPending={create.isPending}
      error={create.error}
      onOpen={() => {
        create.reset();
        setDraft(nothing());
      }}
      onConfirm={(close) =>
        create.mutate(
          { body: { ...draft, languages: [i18n.language.slice(0, 2)], name: draft.name.trim(), address: draft.address.trim(), organisation_id: maker.organisation_id } },
          {
            onSuccess: (made) => {
              close();
              void client.invalidateQueries();
              void navigate(`/estates/${made.estate_id}`);
            },
          },
        )
      }
    >
      <TextInput label={t("name")} required data-autofocus maxLength={200} value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} />
      <NativeSelect
        label={t("currency")}
        description={t("lasting")}
        required
        value={draft.currency}
        onChange={(event) => set({ currency: event.currentTarget.value })}
        data={[{ value: "", label: "" }, ...Intl.supportedValuesOf("currency").map((each) => ({ value: each, label: `${each} · ${names.of(each)}` }))]}
      />
      <NativeSelect
        label={t("zone")}
        description={t("zoneHint")}
        value={draft.time_zone}
        onChange={(event) => set({ time_zone: event.currentTarget.value })}
        data={[...new Set([HERE, ...Intl.supportedValuesOf("timeZone")])]}
      />
      <NativeSelect
        label={t("kindWord")}
        value={draft.kind}
        onChange={(event) => set({ kind: event.currentTarget.value as Draft["kind"] })}
        data={KINDS.map((each) => ({ value: each, label: t(`kind.${each}`) }))}
      />
      <TextInput label={t("address")} maxLength={500} value={draft.address} onChange={(event) => set({ address: event.currentTarget.value })} />
    </Confirm>
  );
}
