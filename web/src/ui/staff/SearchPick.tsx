import { Button, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useDeferredValue, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate, type Schemas } from "@api";
import classes from "./SearchPick.module.css";

export type Found = Schemas["FoundOut"];
const SHOWN = 6;

interface SearchPickProps {
  label: string;
  type: Found["type"];
  /** The name of what was chosen; null while nothing is. */
  chosen: string | null;
  onChoose: (found: Found | null) => void;
  isRequired?: boolean;
}

/** Find a unit, person or meter of the estate by a few letters, and choose it with the keyboard or a tap. */
export function SearchPick({ label, type, chosen, onChoose, isRequired = false }: SearchPickProps): ReactNode {
  const { t } = useTranslation("parts");
  const { path } = useEstate();
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  const found = $api.useQuery(
    "get",
    "/api/v1/estates/{estate_id}/search",
    { params: { path, query: { q, types: [type], limit: SHOWN } } },
    { enabled: q !== "" && chosen === null },
  );
  if (chosen !== null) {
    return (
      <div>
        <span className={classes.label}>{label}</span>
        <div className={classes.chosen}>
          <strong>{chosen}</strong>
          <Button variant="subtle" onClick={() => onChoose(null)}>
            {t("change")}
          </Button>
        </div>
      </div>
    );
  }
  const items = found.data?.items ?? [];
  return (
    <div>
      <TextInput
        label={label}
        required={isRequired}
        autoComplete="off"
        placeholder={t("typeToFind")}
        leftSection={<IconSearch aria-hidden size={18} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div role="status" className={classes.told}>
        {q !== "" && found.isSuccess && items.length === 0 ? t("nothingFound") : null}
      </div>
      {q === "" || items.length === 0 ? null : (
        <ul className={classes.found} aria-label={t("found", { label })}>
          {items.map((each) => (
            <li key={each.id}>
              <button
                type="button"
                onClick={() => {
                  onChoose(each);
                  setTyped("");
                }}
              >
                {each.title}
                {each.detail === "" ? null : <span>{each.detail}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
