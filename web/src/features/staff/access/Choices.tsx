import { Checkbox } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Access.module.css";

interface ChoicesProps<Word extends string> {
  label: string;
  words: readonly Word[];
  chosen: Word[];
  onChange: (chosen: Word[]) => void;
}

/** Some of many words, as the API calls them: programs read the same. */
export function Choices<Word extends string>({ label, words, chosen, onChange }: ChoicesProps<Word>): ReactNode {
  return (
    <fieldset className={classes.choices}>
      <legend>{label}</legend>
      {words.map((word) => (
        <Checkbox
          key={word}
          label={word}
          checked={chosen.includes(word)}
          onChange={(event) => onChange(event.currentTarget.checked ? [...chosen, word] : chosen.filter((each) => each !== word))}
        />
      ))}
    </fieldset>
  );
}
