import { IconAlertTriangle, IconCircleCheck, IconCircleDashed } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Card, Notice, Show } from "@ui";
import classes from "./Meters.module.css";

const ICONS = { done: IconCircleCheck, missing: IconAlertTriangle, open: IconCircleDashed };

/** What is missing until a device works, in the order in which one goes through it; it follows by itself. */
export function Checklist({ deviceId }: { deviceId: number }): ReactNode {
  const { t } = useTranslation("devices");
  const { path } = useEstate();
  const list = $api.useQuery("get", "/api/v1/estates/{estate_id}/devices/{device_id}/checklist", { params: { path: { ...path, device_id: deviceId } } });
  return (
    <Card title={t("checklist")}>
      <Show asked={list} lines={5}>
        {({ is_done, items }) => (
          <>
            <Notice tone={is_done ? "good" : "info"} role="status">
              {is_done ? t("works") : t("left", { count: items.filter((each) => each.state !== "done").length })}
            </Notice>
            <ol className={classes.list}>
              {items.map((each) => {
                const Icon = ICONS[each.state];
                return (
                  <li key={each.name} className={classes.item} data-state={each.state}>
                    <Icon size={22} role="img" aria-label={t(`check.${each.state}`)} className={classes[each.state]} />
                    <span className={classes.what}>{each.sentence}</span>
                  </li>
                );
              })}
            </ol>
          </>
        )}
      </Show>
    </Card>
  );
}
