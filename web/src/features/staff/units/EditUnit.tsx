import { NativeSelect, Switch, Textarea, TextInput } from "@mantine/core";
import { IconArchive, IconPencil } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, refreshEstate, useEstate, type Schemas } from "@api";
import { readAmount, writeAmount } from "@ui";
import { Confirm } from "@ui/staff";
import { KINDS } from "./words";

type Unit = Schemas["UnitDetail"];
const PLACES = 6;

function draftOf(unit: Unit) {
  return {
    name: unit.name,
    kind: unit.kind,
    door: unit.door,
    address: unit.address,
    area: writeAmount(unit.floor_area?.amount ?? ""),
    participation: writeAmount(unit.participation ?? ""),
    notes: unit.notes ?? "",
    isOutOfUse: unit.is_out_of_use,
  };
}

/** Change what a unit is; who changed it meanwhile is not overwritten. */
export function EditUnit({ unit }: { unit: Unit }): ReactNode {
  const { t } = useTranslation(["units", "common"]);
  const { path } = useEstate();
  const [draft, setDraft] = useState(() => draftOf(unit));
  const save = $api.useMutation("patch", "/api/v1/estates/{estate_id}/units/{unit_id}", { onSuccess: () => refreshEstate(path.estate_id) });
  const area = draft.area === "" ? null : readAmount(draft.area, PLACES);
  const participation = draft.participation === "" ? null : readAmount(draft.participation, PLACES);
  const isWrong = (typed: string, read: string | null): boolean => typed !== "" && read === null;
  const set = (part: Partial<typeof draft>): void => setDraft({ ...draft, ...part });
  const { name, kind, door, address, notes } = draft;
  return (
    <Confirm
      label={t("edit")}
      icon={<IconPencil aria-hidden size={18} />}
      title={t("editTitle", { name: unit.name })}
      consequence={<p>{t("editHint")}</p>}
      action={t("common:save")}
      isReady={name.trim() !== "" && !isWrong(draft.area, area) && !isWrong(draft.participation, participation)}
      isPending={save.isPending}
      error={save.error}
      onOpen={() => {
        save.reset();
        setDraft(draftOf(unit));
      }}
      onConfirm={(close) =>
        save.mutate(
          {
            params: { path: { ...path, unit_id: unit.unit_id } },
            body: { name: name.trim(), kind, door, address, notes, floor_area: area, participation, is_out_of_use: draft.isOutOfUse, version: unit.version },
          },
          { onSuccess: close },
        )
      }
    >
      <TextInput label={t("name")} required data-autofocus maxLength={200} value={name} onChange={(event) => set({ name: event.currentTarget.value })} />
      <NativeSelect
        label={t("kindWord")}
        value={kind}
        onChange={(event) => set({ kind: event.currentTarget.value as Unit["kind"] })}
        data={KINDS.map((each) => ({ value: each, label: t(`kind.${each}`) }))}
      />
      <TextInput label={t("door")} value={door} onChange={(event) => set({ door: event.currentTarget.value })} />
      <TextInput label={t("address")} value={address} onChange={(event) => set({ address: event.currentTarget.value })} />
      <TextInput
        label={`${t("area")} (m²)`}
        inputMode="decimal"
        value={draft.area}
        error={isWrong(draft.area, area) ? t("numberWrong") : null}
        onChange={(event) => set({ area: event.currentTarget.value })}
      />
      <TextInput
        label={t("participation")}
        inputMode="decimal"
        value={draft.participation}
        error={isWrong(draft.participation, participation) ? t("numberWrong") : null}
        onChange={(event) => set({ participation: event.currentTarget.value })}
      />
      <Textarea label={t("notes")} rows={3} value={notes} onChange={(event) => set({ notes: event.currentTarget.value })} />
      <Switch size="md" label={t("state.out_of_use")} checked={draft.isOutOfUse} onChange={(event) => set({ isOutOfUse: event.currentTarget.checked })} />
    </Confirm>
  );
}

/** Take a unit off the lists, where nobody and nothing is in it. */
export function ArchiveUnit({ unit }: { unit: Unit }): ReactNode {
  const { t } = useTranslation("units");
  const { path } = useEstate();
  const navigate = useNavigate();
  const archive = $api.useMutation("delete", "/api/v1/estates/{estate_id}/units/{unit_id}");
  if (unit.occupancy !== null || unit.meters.length > 0) return null;
  return (
    <Confirm
      label={t("archive")}
      icon={<IconArchive aria-hidden size={18} />}
      title={t("archiveTitle", { name: unit.name })}
      consequence={<p>{t("archiveHint")}</p>}
      action={t("archive")}
      isDangerous
      isPending={archive.isPending}
      error={archive.error}
      onOpen={() => archive.reset()}
      onConfirm={() =>
        archive.mutate(
          { params: { path: { ...path, unit_id: unit.unit_id } } },
          {
            onSuccess: () => {
              void navigate("..", { relative: "path" });
              refreshEstate(path.estate_id);
            },
          },
        )
      }
    />
  );
}
