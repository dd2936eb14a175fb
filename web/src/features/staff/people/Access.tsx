import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import { Card, Loading, Row, Rows, useFormats, Wrong } from "@ui";

type Person = Schemas["PersonDetail"];

/** What somebody may do with the wallets of the units where they live or that they own now. */
export function Access({ person, today }: { person: Person; today: string }): ReactNode {
  const { t } = useTranslation("people");
  const now = [...person.occupancies, ...person.ownerships].filter(({ from_on, until_on }) => from_on <= today && (until_on === null || until_on > today));
  const units = new Map(now.map(({ unit_id, unit_name }) => [unit_id, unit_name ?? `#${unit_id}`]));
  if (units.size === 0) return null;
  return (
    <Card title={t("access")}>
      <Rows label={t("access")}>
        {[...units].map(([unitId, name]) => (
          <OfUnit key={unitId} unitId={unitId} name={name} personId={person.person_id} />
        ))}
      </Rows>
    </Card>
  );
}

function OfUnit({ unitId, name, personId }: { unitId: number; name: string; personId: number }): ReactNode {
  const { t } = useTranslation("people");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const wallets = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets", { params: { path, query: { unit_id: unitId } } });
  const walletId = wallets.data?.items[0]?.wallet_id;
  const grants = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/wallets/{wallet_id}/grants",
    { params: { path: { ...path, wallet_id: walletId ?? 0 } } },
    { enabled: walletId !== undefined },
  );
  if (wallets.isPending || grants.isLoading) return <Loading lines={1} />;
  if (wallets.error ?? grants.error) return <Wrong error={wallets.error ?? grants.error} />;
  const mine = grants.data?.items.find(({ person_id }) => person_id === personId);
  return (
    <Row
      title={name}
      hint={mine === undefined ? t("noAccess") : t("accessSince", { moment: formats.moment(mine.granted_at) })}
      value={mine === undefined ? null : t(`right.${mine.right}`)}
      to={`/estates/${estate.estate_id}/units/${unitId}`}
    />
  );
}
