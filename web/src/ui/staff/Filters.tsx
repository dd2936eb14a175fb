import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useContext, useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { UNSAFE_DataRouterContext, useSearchParams } from "react-router";
import classes from "./Filters.module.css";

const PAUSE_MS = 250;

export interface Filtering<Name extends string> {
  /** What is asked for; empty where anything is right. */
  values: Record<Name, string>;
  set: (name: Name, value: string) => void;
  clear: () => void;
  isFiltered: boolean;
}

/** Filters that stand in the address: they can be sent to somebody, and the way back from a row finds them. */
export function useFilters<Name extends string>(...names: Name[]): Filtering<Name> {
  const [asked, setAsked] = useSearchParams();
  const change = (values: Partial<Record<string, string>>): void =>
    setAsked(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(values)) {
          if (value === undefined || value === "") after.delete(name);
          else after.set(name, value);
        }
        return after;
      },
      { replace: true, preventScrollReset: true },
    );
  const values = Object.fromEntries(names.map((name) => [name, asked.get(name) ?? ""])) as Record<Name, string>;
  return {
    values,
    set: (name, value) => change({ [name]: value }),
    clear: () => change(Object.fromEntries(names.map((name) => [name, ""]))),
    isFiltered: names.some((name) => values[name] !== ""),
  };
}

/** One choice among a few: its name in the address, its word, and what can be chosen. */
export interface FilterField<Name extends string> {
  name: Name;
  label: string;
  options: [value: string, word: string][];
}

interface FiltersProps<Name extends string> {
  filtering: Filtering<Name>;
  /** A field for words, by this name of the address. */
  search?: { name: Name; label: string };
  fields?: FilterField<Name>[];
}

/** What a list is narrowed by, above it. */
export function Filters<Name extends string>({ filtering, search, fields = [] }: FiltersProps<Name>): ReactNode {
  const { t } = useTranslation("parts");
  const { values, set, clear, isFiltered } = filtering;
  return (
    <search className={classes.filters}>
      {search === undefined ? null : (
        <Words key={search.name} label={search.label} value={values[search.name]} onChange={(value) => set(search.name, value)} />
      )}
      {fields.map(({ name, label, options }) => (
        <NativeSelect
          key={name}
          aria-label={label}
          className={classes.choice}
          data-chosen={values[name] !== "" || undefined}
          value={values[name]}
          onChange={(event) => set(name, event.currentTarget.value)}
          data={[{ value: "", label }, ...options.map(([value, word]) => ({ value, label: word }))]}
        />
      ))}
      {isFiltered ? (
        <Button variant="subtle" onClick={clear}>
          {t("clear")}
        </Button>
      ) : null}
    </search>
  );
}

function Words({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }): ReactNode {
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  // cleared, or come back to: the field follows the address
  if (told !== value) {
    setTold(value);
    if (typed.trim() !== value) setTyped(value);
  }
  const router = useContext(UNSAFE_DataRouterContext)?.router;
  useEffect(() => {
    if (typed.trim() === value) return undefined;
    const here = router?.state.location.pathname;
    const timer = window.setTimeout(() => {
      // who clicked on something meanwhile has gone on, or is about to: another address would call them back. The router is
      // asked itself, since on a busy device what `useNavigation` tells is drawn only after the pause
      const { location, navigation } = router?.state ?? {};
      if (location?.pathname === here && navigation?.location === undefined) onChange(typed.trim());
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
    // the newest `onChange` is not waited for: it changes with each render
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [typed]);
  return (
    <TextInput
      type="search"
      className={classes.words}
      aria-label={label}
      placeholder={label}
      maxLength={100}
      leftSection={<IconSearch aria-hidden size={18} />}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
