import { useTranslation } from "react-i18next";

/** The word of a kind of journal or entry; one that is newer than this app stands as the API tells it. */
export function useKind(): (kind: string) => string {
  const { t } = useTranslation("ledger");
  const word = t as unknown as (key: string, options: object) => string;
  return (kind) => word(`kind.${kind}`, { defaultValue: kind });
}
