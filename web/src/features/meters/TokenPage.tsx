import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useEffect, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, usePages, usePlace, useSupplies } from "@api";
import { Card, Empty, Page, Rows, Show } from "@ui";
import { TokenForm } from "./TokenForm";
import { isOpen, TokenRow } from "./TokenNow";

const LENGTH = 10;
const AGAIN_MS = 10_000;

/** A token typed for a meter that counts money itself; below, those before it and what became of them. */
export default function TokenPage(): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id, meter_id: Number(useParams().meterId) };
  const meter = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path } });
  const supplies = useSupplies(place);
  const isTaker = supplies.data?.items.some((each) => each.token_meter_ids.includes(path.meter_id)) ?? true;
  return (
    <Page
      title={t("token.title")}
      aside={
        <Button component={Link} to="../meters" variant="subtle" leftSection={<IconArrowLeft aria-hidden className="turns" size={20} />}>
          {t("common:back")}
        </Button>
      }
    >
      <Card>
        {isTaker ? (
          <Show asked={meter} lines={5}>
            {(found) => <TokenForm meter={found} place={place} />}
          </Show>
        ) : (
          <Empty title={t("token.takesNone")}>{t("token.takesNoneHint")}</Empty>
        )}
      </Card>
      <Earlier meterId={path.meter_id} />
    </Page>
  );
}

function Earlier({ meterId }: { meterId: number }): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const place = usePlace();
  const path = { estate_id: place.estate.estate_id, meter_id: meterId };
  const tokens = usePages("/api/v1/estates/{estate_id}/meters/{meter_id}/tokens", { params: { path, query: { limit: LENGTH } } });
  const { refetch } = tokens;
  const isMoving = tokens.data?.some(isOpen) ?? false;
  useEffect(() => {
    if (!isMoving) return undefined;
    const timer = window.setInterval(() => void refetch(), AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isMoving, refetch]);
  return (
    <Card title={t("token.earlier")}>
      <Show asked={tokens} lines={2}>
        {(items) =>
          items.length === 0 ? (
            <Empty title={t("token.none")}>{t("token.noneHint")}</Empty>
          ) : (
            <Rows label={t("token.earlier")}>
              {items.map((each) => (
                <TokenRow key={each.meter_token_id} token={each} place={place} />
              ))}
            </Rows>
          )
        }
      </Show>
      {tokens.hasMore ? (
        <Button variant="default" fullWidth loading={tokens.isFetchingMore} onClick={tokens.fetchMore}>
          {t("common:more")}
        </Button>
      ) : null}
    </Card>
  );
}
