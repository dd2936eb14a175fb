import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, usePages, type Schemas } from "@api";
import { Card, Empty, Page, Show, Tag, useFormats, Wrong } from "@ui";
import { Areas } from "./Areas";
import classes from "./Meters.module.css";

type Virtual = Schemas["VirtualMeterOut"];

/** Registers that are made of others, and what they would show. */
export default function VirtualPage(): ReactNode {
  const { t } = useTranslation("devices");
  const { path } = useEstate();
  const virtual = usePages("/api/v1/estates/{estate_id}/virtual-meters", { params: { path, query: { limit: 100 } } }, { by: "after_id" });
  return (
    <Page title={t("virtual")}>
      <Areas />
      <Show asked={virtual} lines={5}>
        {(items) =>
          items.length === 0 ? (
            <Card>
              <Empty title={t("noVirtual")}>{t("noVirtualHint")}</Empty>
            </Card>
          ) : (
            items.map((each) => <One key={each.virtual_meter_id} virtual={each} />)
          )
        }
      </Show>
    </Page>
  );
}

function One({ virtual }: { virtual: Virtual }): ReactNode {
  const { t } = useTranslation("devices");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const preview = $api.useMutation("post", "/api/v1/estates/{estate_id}/virtual-meters/preview");
  const { into, of, less, from_at, step_minutes } = virtual;
  return (
    <Card title={`#${virtual.virtual_meter_id} · ${t(`kind.${virtual.kind}`)}`} action={virtual.is_waiting ? <Tag tone="low">{t("isWaiting")}</Tag> : <Tag tone="good">{t("isMade")}</Tag>}>
      <p>{t("madeOf", { of: of.map((each) => `#${each}`).join(" + "), less: less.length === 0 ? "" : ` − ${less.map((each) => `#${each}`).join(" − ")}` })}</p>
      <p className="quiet">{into.map((each) => t("into", { register: each.register_id, share: each.share })).join(", ")}</p>
      <p className="quiet small">{virtual.until_at === null ? t("sinceTime", { time: formats.moment(from_at) }) : `${formats.moment(from_at)} – ${formats.moment(virtual.until_at)}`}</p>
      <Wrong error={preview.error} />
      {preview.data === undefined ? (
        <div className={classes.buttons}>
          <Button variant="default" loading={preview.isPending} disabled={!may("meters.write")} onClick={() => preview.mutate({ params: { path }, body: { into, of, less, from_at, step_minutes } })}>
            {t("preview")}
          </Button>
        </div>
      ) : (
        <ul className={classes.list}>
          {preview.data.values.slice(-10).map((each) => (
            <li key={`${each.register_id} ${each.taken_at}`} className="num">
              {formats.moment(each.taken_at)}: {formats.quantity(each.value.amount, each.value.unit)} {each.is_estimated ? t("estimated") : null}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
