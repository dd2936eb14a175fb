import { TextInput } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { $api, api, asShown, carriedOut, refreshEstate, useEstate, type Schemas } from "@api";
import { Card, localDate, Tag, useFormats } from "@ui";
import { type Column, Confirm, DataTable, Fact, Facts, givenList, ObjectPage, Until } from "@ui/staff";
import { Access } from "./Access";
import { Privacy } from "./Privacy";

type Person = Schemas["PersonDetail"];
type Stay = Person["occupancies"][number];
type Share = Person["ownerships"][number];
const WHOLE = 1_000_000;
const ONE = "/api/v1/estates/{estate_id}/people/{person_id}";

/** One person: how they are reached, where they live and lived, what they own, what they may see, and their rights to their data. */
export default function PersonPage(): ReactNode {
  const { t } = useTranslation("people");
  const { path } = useEstate();
  const personId = Number(useParams().personId);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/people/{person_id}", { params: { path: { ...path, person_id: personId } } });
  return (
    <Until title={t("person")} asked={asked}>
      {(found) => <Loaded person={found} />}
    </Until>
  );
}

function Loaded({ person }: { person: Person }): ReactNode {
  const { t } = useTranslation("people");
  const { estate, may } = useEstate();
  const today = localDate(new Date(), estate.time_zone);
  const isHere = person.occupancies.some(({ from_on, until_on }) => from_on <= today && (until_on === null || until_on > today));
  return (
    <ObjectPage
      title={person.name}
      back={{ to: "..", word: t("title") }}
      state={isHere ? <Tag tone="good">{t("livesHere")}</Tag> : null}
      id={person.person_id}
      actions={may("people.write") ? <Rename person={person} /> : null}
    >
      <Card>
        <Facts>
          <Fact label={t("email")}>{person.email === null ? null : <a href={`mailto:${person.email}`}>{person.email}</a>}</Fact>
          <Fact label={t("phone")}>{person.phone === null ? null : <a href={`tel:${person.phone}`}>{person.phone}</a>}</Fact>
        </Facts>
      </Card>
      <Lives person={person} />
      {may("wallets.read") ? <Access person={person} today={today} /> : null}
      {may("privacy.manage") ? <Privacy person={person} /> : null}
    </ObjectPage>
  );
}

function Lives({ person }: { person: Person }): ReactNode {
  const { t } = useTranslation("people");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  const day = (on: string | null): string | null => (on === null ? null : formats.date(on));
  const unit: Column<Stay | Share> = { key: "unit", title: t("unit"), cell: (each) => each.unit_name ?? `#${each.unit_id}` };
  const days: Column<Stay | Share>[] = [
    { key: "from", title: t("from"), cell: (each) => day(each.from_on) },
    { key: "until", title: t("until"), cell: (each) => day(each.until_on) ?? t("open") },
  ];
  const share = (of: string): string => formats.number(Number(of.replace(".", "")) / WHOLE, { style: "percent", maximumFractionDigits: 2 });
  const to = (each: Stay | Share): string => `../../units/${each.unit_id}`;
  return (
    <>
      <Card title={t("lives")}>
        <DataTable
          label={t("lives")}
          columns={[unit as Column<Stay>, ...(days as Column<Stay>[])]}
          pages={givenList(person.occupancies)}
          keyOf={(each) => each.occupancy_id}
          to={to}
          empty={{ title: t("livesNowhere") }}
        />
      </Card>
      {person.ownerships.length === 0 ? null : (
        <Card title={t("owns")}>
          <DataTable
            label={t("owns")}
            columns={[unit as Column<Share>, { key: "share", title: t("share"), cell: (each) => share(each.share) }, ...(days as Column<Share>[])]}
            pages={givenList(person.ownerships)}
            keyOf={(each) => each.ownership_id}
            to={to}
            empty={{ title: t("livesNowhere") }}
          />
        </Card>
      )}
    </>
  );
}

function Rename({ person }: { person: Person }): ReactNode {
  const { t } = useTranslation(["people", "common"]);
  const { path } = useEstate();
  const [name, setName] = useState(person.name);
  const at = { ...path, person_id: person.person_id };
  const save = useMutation({
    mutationFn: async (body: Schemas["EstatePersonPatch"]) => {
      const header = await asShown(() => api.GET(ONE, { params: { path: at } }), person, (each) => each.name);
      return carriedOut(await api.PATCH(ONE, { params: { path: at, header }, body }));
    },
    onSettled: () => refreshEstate(path.estate_id),
  });
  return (
    <Confirm
      label={t("rename")}
      icon={<IconPencil aria-hidden size={18} />}
      title={t("rename")}
      consequence={<p>{t("renameHint")}</p>}
      action={t("common:save")}
      isReady={name.trim() !== ""}
      isPending={save.isPending}
      error={save.error}
      onOpen={() => {
        save.reset();
        setName(person.name);
      }}
      onConfirm={(close) => save.mutate({ name: name.trim() }, { onSuccess: close })}
    >
      <TextInput label={t("name")} required data-autofocus maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
    </Confirm>
  );
}
