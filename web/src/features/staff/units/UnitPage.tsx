import { Button } from "@mantine/core";
import { IconDoorEnter, IconDoorExit } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, useEstate, type Place, type Schemas } from "@api";
import { Card, plain, UsageChart, useFormats } from "@ui";
import { Fact, Facts, ObjectPage, Until } from "@ui/staff";
import { ArchiveUnit, EditUnit } from "./EditUnit";
import { UnitDocuments } from "./UnitDocuments";
import { UnitMeters } from "./UnitMeters";
import { UnitMoney } from "./UnitMoney";
import { UnitPeople } from "./UnitPeople";
import { StateTag } from "./words";

type Unit = Schemas["UnitDetail"];

/** One unit: its facts, money, people, meters and use, and what can be done with it. */
export default function UnitPage(): ReactNode {
  const { t } = useTranslation("units");
  const { path } = useEstate();
  const unitId = Number(useParams().unitId);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/units/{unit_id}", { params: { path: { ...path, unit_id: unitId } } });
  return (
    <Until title={t("unit")} asked={asked}>
      {(found) => <Loaded unit={found} />}
    </Until>
  );
}

function Loaded({ unit }: { unit: Unit }): ReactNode {
  const { t } = useTranslation("units");
  const { estate, may } = useEstate();
  const formats = useFormats(estate);
  // the chart asks for an estate and a unit, and for nothing of the wallet
  const place = { estate, unitId: unit.unit_id, unitName: unit.name } as Place;
  return (
    <ObjectPage
      title={unit.name}
      back={{ to: "..", word: t("title") }}
      state={<StateTag state={unit.state} />}
      id={unit.unit_id}
      actions={
        <>
          {may("tenancies.write") ? <Handover unit={unit} /> : null}
          {may("units.write") ? <EditUnit unit={unit} /> : null}
          {may("units.write") ? <ArchiveUnit unit={unit} /> : null}
        </>
      }
    >
      <Card>
        <Facts>
          <Fact label={t("kindWord")}>{t(`kind.${unit.kind}`)}</Fact>
          <Fact label={t("occupant")} hint={unit.occupancy === null ? null : t("since", { day: formats.date(unit.occupancy.from_on) })}>
            {unit.occupancy?.person_name}
          </Fact>
          <Fact label={t("area")}>{unit.floor_area === null ? null : formats.quantity(unit.floor_area.amount, "m²")}</Fact>
          <Fact label={t("participation")}>{unit.participation === null ? null : plain(unit.participation)}</Fact>
          <Fact label={t("door")}>{unit.door}</Fact>
          <Fact label={t("address")}>{unit.address}</Fact>
        </Facts>
      </Card>
      {may("wallets.read") && unit.wallet_id !== null ? <UnitMoney unit={unit} walletId={unit.wallet_id} /> : null}
      {may("people.read") ? <UnitPeople unitId={unit.unit_id} /> : null}
      <UnitMeters unit={unit} />
      {unit.meters.length === 0 || !may("readings.read") ? null : (
        <Card title={t("use")}>
          <UsageChart place={place} withAll />
        </Card>
      )}
      {unit.notes === null || unit.notes === "" ? null : (
        <Card title={t("notes")}>
          <p>{unit.notes}</p>
        </Card>
      )}
      <UnitDocuments unitId={unit.unit_id} />
    </ObjectPage>
  );
}

function Handover({ unit }: { unit: Unit }): ReactNode {
  const { t } = useTranslation("units");
  const isOut = unit.occupancy !== null;
  return (
    <Button
      component={Link}
      to={`../../tenancies/${isOut ? "out" : "in"}?unit=${unit.unit_id}`}
      relative="path"
      leftSection={isOut ? <IconDoorExit aria-hidden size={18} /> : <IconDoorEnter aria-hidden size={18} />}
    >
      {isOut ? t("moveOut") : t("moveIn")}
    </Button>
  );
}
