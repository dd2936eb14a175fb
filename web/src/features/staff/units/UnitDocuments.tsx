import { Button, FileButton } from "@mantine/core";
import { IconPaperclip } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMutation } from "@tanstack/react-query";
import { api, fileBody, newKey, refreshEstate, useEstate, usePages, type Schemas } from "@api";
import { Card, useFormats, Wrong } from "@ui";
import { type Column, DataTable, useFile } from "@ui/staff";

type Document = Schemas["DocumentOut"];
const KINDS = "application/pdf,image/jpeg,image/png,image/webp";

/** Papers of a unit: contracts, protocols, photos. */
export function UnitDocuments({ unitId }: { unitId: number }): ReactNode {
  const { t } = useTranslation("units");
  const { estate, path, may } = useEstate();
  const formats = useFormats(estate);
  const documents = usePages("/api/v1/estates/{estate_id}/documents", { params: { path, query: { subject: "unit", subject_id: unitId } } });
  const open = useFile(
    ({ document_id }: Document) => api.GET("/api/v1/estates/{estate_id}/documents/{document_id}/file", { params: { path: { ...path, document_id } }, parseAs: "blob" }),
    ({ name }) => name,
  );
  const add = useMutation({
    mutationFn: async (file: File) => {
      const { error } = await api.POST("/api/v1/estates/{estate_id}/documents", {
        params: { path, query: { subject: "unit", subject_id: unitId, name: file.name }, header: { "Idempotency-Key": newKey() } },
        ...fileBody(file, file.type),
      });
      if (error !== undefined) throw error;
    },
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const columns: Column<Document>[] = [
    {
      key: "name",
      title: t("document"),
      cell: (each) => (
        <Button variant="subtle" onClick={() => open.mutate(each)}>
          {each.name}
        </Button>
      ),
    },
    { key: "when", title: t("when"), cell: (each) => formats.moment(each.created_at), phone: "value" },
    { key: "who", title: t("sees"), cell: (each) => t(each.for_residents ? "forResidents" : "forStaff"), phone: "bare" },
  ];
  return (
    <Card
      title={t("documents")}
      action={
        may("units.write") ? (
          <FileButton accept={KINDS} onChange={(file) => (file === null ? undefined : add.mutate(file))}>
            {(props) => (
              <Button {...props} variant="default" loading={add.isPending} leftSection={<IconPaperclip aria-hidden size={18} />}>
                {t("attach")}
              </Button>
            )}
          </FileButton>
        ) : null
      }
    >
      <Wrong error={add.error ?? open.error} />
      <DataTable label={t("documents")} columns={columns} pages={documents} keyOf={(each) => each.document_id} empty={{ title: t("noDocuments"), hint: t("noDocumentsHint") }} />
    </Card>
  );
}
