import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Empty, micro, Row, Rows, Show, useFormats } from "@ui";

const MOST = 8;

/** Units in which nobody lives, the longest empty first, and what they cost meanwhile. */
export function Vacancy(): ReactNode {
  const { t } = useTranslation("estates");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/reports/vacancy", { params: { path } });
  return (
    <Card title={t("vacancy")}>
      <Show asked={asked} lines={4}>
        {({ items, vacant, units }) =>
          items.length === 0 ? (
            <Empty title={t("noVacancy")}>{t("noVacancyHint")}</Empty>
          ) : (
            <>
              <p className="quiet small">{t("vacantOf", { count: vacant, total: formats.number(units) })}</p>
              <Rows label={t("vacancy")}>
                {[...items]
                  .sort((one, other) => (other.days ?? Infinity) - (one.days ?? Infinity))
                  .slice(0, MOST)
                  .map((each) => (
                    <Row
                      key={each.unit_id}
                      {...(may("units.read") ? { to: `units/${each.unit_id}` } : {})}
                      title={each.name}
                      hint={each.days === null ? t(`vacantWord.${each.state}`) : t("emptyFor", { count: each.days })}
                      {...(micro(each.standing_charges.amount) === 0n
                        ? {}
                        : { value: formats.money(each.standing_charges.amount), valueHint: t("standingCharges") })}
                    />
                  ))}
              </Rows>
            </>
          )
        }
      </Show>
    </Card>
  );
}
