import type { ReactNode } from "react";
import type { Group, Made } from "./lines";
import classes from "./Told.module.css";

/** What an amount is made of, line by line, and its sum. */
export function Reckoning({ made }: { made: Made }): ReactNode {
  return (
    <div className={classes.reckoning}>
      {made.before.map((each) => (
        <p key={each}>{each}</p>
      ))}
      {made.groups.map((each) => (
        <Lines key={each.heading ?? ""} group={each} />
      ))}
      <dl className={classes.sums}>
        {made.sums.map(({ title, amount, isTotal }) => (
          <div key={title} className={classes.line} data-total={isTotal || undefined}>
            <dt>{title}</dt>
            <dd className="num">{amount}</dd>
          </div>
        ))}
      </dl>
      {made.after.map((each) => (
        <p key={each} className="quiet small">
          {each}
        </p>
      ))}
    </div>
  );
}

function Lines({ group }: { group: Group }): ReactNode {
  return (
    <section>
      {group.heading === null ? null : <h3 className={classes.heading}>{group.heading}</h3>}
      <ul className={classes.lines}>
        {group.lines.map((each, at) => (
          <li key={at} className={classes.line}>
            <span>
              <span className={classes.title}>{each.title}</span>
              {each.hints.map((hint) => (
                <span key={hint} className={`${classes.hint} num`}>
                  {hint}
                </span>
              ))}
            </span>
            <span className={`${classes.amount} num`}>{each.amount}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
