import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, refreshEstate, useEstate, usePages, type Schemas } from "@api";
import { Card, useFormats } from "@ui";
import { Confirm, DataTable, SearchPick, type Column, type Found } from "@ui/staff";

type Request = Schemas["JoinRequestOut"];

/** Who asks to join the estate: let in with a unit, or refused. Nothing is shown while nobody waits. */
export function JoinRequests(): ReactNode {
  const { t } = useTranslation("people");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const asked = usePages("/api/v1/estates/{estate_id}/join-requests", { params: { path } });
  if (asked.error === null && (asked.data ?? []).length === 0) return null;
  const columns: Column<Request>[] = [
    { key: "name", title: t("name"), cell: (each) => each.name },
    { key: "unit", title: t("saysUnit"), cell: (each) => each.unit_name },
    { key: "when", title: t("asked"), cell: (each) => formats.moment(each.created_at), phone: "bare" },
    { key: "do", title: t("decide"), cell: (each) => <Decide request={each} />, phone: "bare" },
  ];
  return (
    <Card title={t("requests")}>
      <DataTable label={t("requests")} columns={columns} pages={asked} keyOf={(each) => each.join_request_id} empty={{ title: t("none") }} />
    </Card>
  );
}

function Decide({ request }: { request: Request }): ReactNode {
  const { t } = useTranslation("people");
  const { path } = useEstate();
  const [unit, setUnit] = useState<Found | null>(null);
  const done = { onSuccess: () => refreshEstate(path.estate_id) };
  const approve = $api.useMutation("post", "/api/v1/estates/{estate_id}/join-requests/{join_request_id}/approve", done);
  const refuse = $api.useMutation("post", "/api/v1/estates/{estate_id}/join-requests/{join_request_id}/refuse", done);
  const params = { path: { ...path, join_request_id: request.join_request_id } };
  const { name } = request;
  return (
    <>
      <Confirm
        label={t("approve")}
        title={t("approveTitle", { name })}
        consequence={<p>{t("approveHint")}</p>}
        action={t("approve")}
        isReady={unit !== null}
        isPending={approve.isPending}
        error={approve.error}
        onConfirm={() => approve.mutate({ params, body: { unit_id: unit!.id } })}
      >
        <SearchPick label={t("unit")} type="unit" chosen={unit?.title ?? null} onChoose={setUnit} isRequired />
      </Confirm>{" "}
      <Confirm
        label={t("refuse")}
        variant="subtle"
        title={t("refuseTitle", { name })}
        consequence={<p>{t("refuseHint")}</p>}
        action={t("refuse")}
        isDangerous
        isPending={refuse.isPending}
        error={refuse.error}
        onConfirm={() => refuse.mutate({ params })}
      />
    </>
  );
}
