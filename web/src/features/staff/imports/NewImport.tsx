import { Button, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconDownload } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, api, useEstate } from "@api";
import { Card, Wrong } from "@ui";
import { useFile } from "@ui/staff";
import { DropFile } from "./DropFile";
import { keepFile } from "./kept";
import { sendReadings, sendRows } from "./send";
import { KINDS, type Kind } from "./words";
import classes from "./Imports.module.css";

/** Choose what a file is and the file; it is looked at first, and changes nothing by that. */
export function NewImport(): ReactNode {
  const { t } = useTranslation("imports");
  const { path, may } = useEstate();
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind | "readings">("units");
  const [file, setFile] = useState<File | null>(null);
  const templates = $api.useQuery("get", "/api/v1/import-templates", {}, { staleTime: 3_600_000 });
  const template = templates.data?.items.find((each) => each.kind === kind);
  const look = useMutation({
    mutationFn: async (given: File): Promise<string> => {
      const sent = { file: given, mode: "valid_rows" as const, isTried: true };
      const id = kind === "readings" ? await sendReadings(path, sent) : await sendRows(path, kind, sent);
      keepFile(id, given);
      return kind === "readings" ? `../reading-files/${id}` : id;
    },
    onSuccess: (to) => void navigate(to, { relative: "path" }),
  });
  const take = useFile((of: Kind) => api.GET("/api/v1/import-templates/{kind}.csv", { params: { path: { kind: of } }, parseAs: "blob" }), (of) => `${of}.csv`);
  return (
    <Card title={t("new")}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          look.mutate(file!);
        }}
      >
        <NativeSelect
          label={t("kindWord")}
          value={kind}
          onChange={(event) => {
            look.reset();
            setKind(event.currentTarget.value as Kind);
          }}
          data={[...KINDS.map((each) => ({ value: each, label: t(`kind.${each}`) })), ...(may("readings.send") ? [{ value: "readings", label: t("kind.readings") }] : [])]}
        />
        {kind === "readings" ? (
          <p className="quiet small">{t("readingsHint")}</p>
        ) : (
          <>
            <div className={classes.line}>
              <Button variant="default" leftSection={<IconDownload aria-hidden size={18} />} loading={take.isPending} onClick={() => take.mutate(kind)}>
                {t("template")}
              </Button>
              <span className="quiet small">{t("templateHint")}</span>
            </div>
            {template === undefined ? null : (
              <details>
                <summary>{t("columns")}</summary>
                <ul className={classes.columns}>
                  {template.columns.map(({ name, is_needed, description }) => (
                    <li key={name}>
                      <strong>{name}</strong>
                      {is_needed ? ` (${t("needed")})` : ""}: {description}
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </>
        )}
        <DropFile
          accept={kind === "readings" ? ".csv,.xml,.txt,.dat,.nem,.nem12,.nem13,text/csv" : ".csv,text/csv"}
          file={file}
          onFile={(chosen) => {
            look.reset();
            setFile(chosen);
          }}
        />
        <Wrong error={look.error ?? take.error} />
        <Button type="submit" disabled={file === null} loading={look.isPending}>
          {t("look")}
        </Button>
      </form>
    </Card>
  );
}
