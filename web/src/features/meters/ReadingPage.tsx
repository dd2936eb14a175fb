import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { $api, usePlace } from "@api";
import { Card, Page, Row, Rows, Show, useFormats } from "@ui";
import { NotCounted } from "./NotCounted";
import { ReadingForm } from "./ReadingForm";

const EARLIER = 6;

/** A reading typed off the meter, with a photo; below, those that were sent before. */
export default function ReadingPage(): ReactNode {
  const { t } = useTranslation(["meters", "common"]);
  const place = usePlace();
  const formats = useFormats(place.estate);
  const path = { estate_id: place.estate.estate_id, meter_id: Number(useParams().meterId) };
  const meter = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path } });
  const earlier = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}/manual-readings", {
    params: { path, query: { limit: EARLIER } },
  });
  return (
    <Page
      title={t("readingTitle")}
      aside={
        <Button component={Link} to="../meters" variant="subtle" leftSection={<IconArrowLeft aria-hidden className="turns" size={20} />}>
          {t("common:back")}
        </Button>
      }
    >
      <Card>
        <Show asked={meter} lines={5}>
          {(found) => <ReadingForm meter={found} place={place} />}
        </Show>
      </Card>
      {earlier.data === undefined || earlier.data.items.length === 0 ? null : (
        <Card title={t("earlier")}>
          <Rows>
            {earlier.data.items.map((each) => (
              <Row
                key={each.manual_reading_id}
                title={formats.quantity(each.value.amount, each.value.unit)}
                hint={
                  <>
                    {formats.moment(each.taken_at)} <NotCounted reading={each} />
                  </>
                }
              />
            ))}
          </Rows>
        </Card>
      )}
    </Page>
  );
}
