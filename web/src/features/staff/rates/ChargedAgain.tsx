import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, problemOf, useEstate, useUnits, type Schemas } from "@api";
import { Failure, Loading, Notice, useFormats } from "@ui";

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
  const { registers, charged_again, since, is_at_once, units } = found.data;
  if (charged_again === 0 || since === null) return <Notice tone="info" role="status">{`${t("namesRegisters", { count: registers })} ${t("nothingAgain")}`}</Notice>;
  const names = units.slice(0, NAMED_MAX).map((each) => nameOf(each.unit_id)).join(", ");
  const more = units.length > NAMED_MAX ? ", …" : "";
  return (
    <Notice tone="low" role="status">
      <p>{t("chargedAgain", { count: charged_again, of: registers, time: formats.moment(since) })}</p>
      <p className="small">{`${names}${more}. ${t(is_at_once ? "againAtOnce" : "againSoon")}`}</p>
    </Notice>
  );
}
