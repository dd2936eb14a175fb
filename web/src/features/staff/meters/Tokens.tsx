import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useEstate, usePages, type Schemas } from "@api";
import { Card, Tag, useFormats, type TagTone } from "@ui";
import { DataTable } from "@ui/staff";

type Token = Schemas["MeterTokenOut"];
const TONES: Record<Token["state"], TagTone> = { waiting: "asked", sent: "asked", given: "good", failed: "out" };

/** Tokens that were keyed in for a meter that counts money itself; nothing where none ever was. */
export function Tokens({ meterId }: { meterId: number }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const tokens = usePages(
    "/api/v1/estates/{estate_id}/meters/{meter_id}/tokens",
    { params: { path: { ...path, meter_id: meterId }, query: { limit: 12 } } },
    { isEnabled: may("supply.read") },
  );
  if (tokens.data === undefined || tokens.data.length === 0) return null;
  return (
    <Card title={t("token.title")}>
      <DataTable
        label={t("token.title")}
        pages={tokens}
        keyOf={(each) => each.meter_token_id}
        empty={{ title: t("token.none"), hint: t("token.noneHint") }}
        columns={[
          { key: "at", title: t("token.at"), cell: (each) => formats.moment(each.created_at) },
          { key: "token", title: t("token.digits"), cell: (each) => <span className="num">•••• {each.token.slice(-4)}</span> },
          { key: "state", title: t("state"), phone: "bare", cell: (each) => <Tag tone={TONES[each.state]}>{t(`token.state.${each.state}`)}</Tag> },
          { key: "before", title: t("token.before"), isNumber: true, cell: (each) => (each.balance_before === null ? null : formats.money(each.balance_before.amount)) },
          { key: "after", title: t("token.after"), isNumber: true, cell: (each) => (each.balance_after === null ? null : formats.money(each.balance_after.amount)) },
          { key: "why", title: t("why"), phone: "bare", cell: (each) => each.failure || null },
        ]}
      />
    </Card>
  );
}
