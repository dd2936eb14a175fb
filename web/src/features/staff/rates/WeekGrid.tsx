import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { DAY_TYPES, letterAt, lettersOf, painted, type DayType, type Week } from "./document";
import classes from "./Rates.module.css";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const MORE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

interface WeekGridProps {
  week: Week;
  /** Of which season, where the table has some. */
  season: string;
  /** Without it the week is only shown. */
  onPaint?: (week: Week) => void;
}

/** Which hours of which days have which letter; painted by choosing a letter and pressing, or pulling over, hours. */
export function WeekGrid({ week, season, onPaint }: WeekGridProps): ReactNode {
  const { t } = useTranslation("rates");
  const letters = lettersOf(week);
  const [chosen, setChosen] = useState<string | null>(null);
  const [extra, setExtra] = useState<string[]>([]);
  const all = [...new Set([...letters, ...extra])].sort();
  const brush = chosen ?? all[0]!;
  const paint = (day: DayType, hour: number): void => onPaint?.(painted(week, day, hour, brush));
  const tone = (letter: string): number => all.indexOf(letter) % 5;
  return (
    <div className={classes.week}>
      {onPaint === undefined ? null : (
        <div className={classes.brushes} role="group" aria-label={t("brush")}>
          <span className="quiet small">{t("brush")}</span>
          {all.map((letter) => (
            <button key={letter} type="button" className={classes.brush} data-tone={tone(letter)} aria-pressed={letter === brush} onClick={() => setChosen(letter)}>
              {letter}
            </button>
          ))}
          <button
            type="button"
            className={classes.brush}
            aria-label={t("newLetter")}
            onClick={() => {
              const letter = [...MORE].find((each) => !all.includes(each))!;
              setExtra([...extra, letter]);
              setChosen(letter);
            }}
          >
            +
          </button>
        </div>
      )}
      {DAY_TYPES.map((day) => (
        <div key={day} className={classes.dayLine}>
          <span className={classes.dayName}>{t(`day.${day}`)}</span>
          {onPaint === undefined ? (
            <Hours week={week} day={day} tone={tone} />
          ) : (
            <div className={classes.hours} role="group" aria-label={[season, t(`day.${day}`)].filter(Boolean).join(", ")}>
              {HOURS.map((hour) => (
                <button
                  key={hour}
                  type="button"
                  className={classes.hour}
                  data-tone={tone(letterAt(week, day, hour))}
                  aria-label={`${clock(hour)}, ${letterAt(week, day, hour)}`}
                  onPointerDown={() => paint(day, hour)}
                  onPointerEnter={(event) => event.buttons === 1 && paint(day, hour)}
                  onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && paint(day, hour)}
                >
                  <small aria-hidden>{hour}</small>
                  <span aria-hidden>{letterAt(week, day, hour)}</span>
                </button>
              ))}
            </div>
          )}
        </div>
      ))}
    </div>
  );
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** The hours of a day as spans: 06:00–09:00 P. */
function Hours({ week, day, tone }: { week: Week; day: DayType; tone: (letter: string) => number }): ReactNode {
  const line = week[day];
  const spans: { letter: string; from: number; until: number }[] = [];
  [...line].forEach((letter, at) => {
    const last = spans.at(-1);
    if (last?.letter === letter) last.until = at + 1;
    else spans.push({ letter, from: at, until: at + 1 });
  });
  const minutes = (24 * 60) / line.length;
  const time = (at: number): string => `${String(Math.floor((at * minutes) / 60)).padStart(2, "0")}:${String((at * minutes) % 60).padStart(2, "0")}`;
  return (
    <ol className={classes.spans}>
      {spans.map(({ letter, from, until }) => (
        <li key={from} className={classes.span} data-tone={tone(letter)}>
          <strong>{letter}</strong> <span className="num">{`${time(from)}–${time(until)}`}</span>
        </li>
      ))}
    </ol>
  );
}
