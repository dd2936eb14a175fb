import { NativeSelect } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, speak } from "./language";

/** The languages by their own names; says where a machine helped, and where a language could not be fetched. */
export function LanguageChoice(): ReactNode {
  const { t, i18n } = useTranslation("common");
  const [isFailed, setIsFailed] = useState(false);
  const choose = (code: string): void => {
    setIsFailed(false);
    speak(code).catch(() => setIsFailed(true));
  };
  return (
    <NativeSelect
      label={t("language")}
      description={LANGUAGES[i18n.language]?.isMachineAssisted === true ? t("machineAssisted") : undefined}
      error={isFailed ? t("state.failed") : undefined}
      value={i18n.language}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {Object.entries(LANGUAGES).map(([code, { name }]) => (
        <option key={code} value={code} lang={code}>
          {name}
        </option>
      ))}
    </NativeSelect>
  );
}
