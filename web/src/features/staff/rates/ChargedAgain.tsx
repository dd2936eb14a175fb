import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, useEstate, useUnits, type Schemas } from "@api";
import { Failure, Loading, micro, Notice, useFormats } from "@ui";

const NAMED_MAX = 6;

/** What putting a table in force so would charge again, before anybody does it. */
export function ChargedAgain({ body }: { body: Schemas["RateAssignmentIn"] }): ReactNode {
  const { t } = useTranslation("rates");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const { nameOf } = useUnits(path);
  const found = $api.useQuery("post", "/api/v1/estates/{estate_id}/rate-assignments/preview", { params: { path }, body }, { retry: false, staleTime: 0 });
  if (found.isPending) return <Loading lines={1} />;
  if (found.data === undefined) return <Failure problem={problemOf(found.error)} />;
  const { registers, charged_again, since, is_at_once, units, money } = found.data;
  if (charged_again === 0 || since === null) return <Notice tone="info" role="status">{`${t("namesRegisters", { count: registers })} ${t("nothingAgain")}`}</Notice>;
  const names = units.slice(0, NAMED_MAX).map((each) => nameOf(each.unit_id)).join(", ");
  const more = units.length > NAMED_MAX ? ", …" : "";
  return (
    <Notice tone="low" role="status">
      <p>{t("chargedAgain", { count: charged_again, of: registers, time: formats.moment(since) })}</p>
      <InMoney money={money ?? null} nameOf={nameOf} />
      <p className="small">{`${names}${more}. ${t(is_at_once ? "againAtOnce" : "againSoon")}`}</p>
    </Notice>
  );
}

type Money = NonNullable<Schemas["AssignmentPreview"]["money"]>;

/** What that does to the wallets: taken and given back, and whose changes most. */
function InMoney({ money, nameOf }: { money: Money | null; nameOf: (unit_id: number) => string }): ReactNode {
  const { t } = useTranslation("rates");
  const { estate } = useEstate();
  const formats = useFormats(estate);
  if (money === null) return <p>{t("moneyUnknown")}</p>;
  const { wallets, more, less, largest } = money;
  if (largest === null) return <p>{`${t("noWalletChanges")} ${t("moneyWithout")}`}</p>;
  const isBack = micro(largest.change.amount) < 0n;
  const most = { amount: formats.money(largest.change.amount.replace("-", "")), unit: nameOf(largest.unit_id) };
  const said = [
    t("walletsChange", { count: wallets }),
    micro(more.amount) > 0n ? t("paysMore", { amount: formats.money(more.amount) }) : null,
    micro(less.amount) > 0n ? t("getsBack", { amount: formats.money(less.amount) }) : null,
  ];
  return (
    <>
      <p>
        <strong>{said.filter((each) => each !== null).join(" ")}</strong>
      </p>
      <p className="small">{`${wallets > 1 ? `${t(isBack ? "largestBack" : "largestMore", most)} ` : ""}${t("moneyWithout")}`}</p>
    </>
  );
}
