import { Button, FileButton } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useState, type DragEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Imports.module.css";

/** A place to drop a file on, or to choose one from. */
export function DropFile({ accept, file, onFile }: { accept: string; file: File | null; onFile: (file: File) => void }): ReactNode {
  const { t } = useTranslation("imports");
  const [isOver, setIsOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped !== undefined) onFile(dropped);
  };
  return (
    <div
      className={classes.drop}
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <IconFileUpload aria-hidden size={32} stroke={1.5} />
      <strong>{file === null ? t("drop") : file.name}</strong>
      <FileButton accept={accept} onChange={(chosen) => (chosen === null ? undefined : onFile(chosen))} inputProps={{ "aria-label": t("choose") }}>
        {(props) => (
          <Button {...props} variant="default">
            {t(file === null ? "choose" : "chooseOther")}
          </Button>
        )}
      </FileButton>
    </div>
  );
}
