import type { ReactNode } from "react";
import { Link } from "react-router";
import { isNegative } from "@ui";
import type { Say, Told } from "./say";
import { accountOf, moverOf, noteOf } from "./words";
import classes from "./Told.module.css";

/** When, by whom, from where to where; what only support asks for stands behind a word. */
export function Facts({ told, say }: { told: Told; say: Say }): ReactNode {
  const { t, exact } = say;
  const note = noteOf(told);
  return (
    <>
      <dl className={classes.facts}>
        <Sides told={told} say={say} />
        {told.reversed === null ? null : (
          <Fact name={t("undone")}>
            <Link to={`../${told.reversed.seq}`} relative="path" className={classes.see}>
              {told.reversed.kind === null ? t("entry", { seq: told.reversed.seq }) : say.kind(told.reversed.kind)}
            </Link>
            {told.reversed.amount === null ? null : <span className={classes.hint}>{exact.money(told.reversed.amount.amount)}</span>}
            {told.reversed.event_at === null ? null : <span className={classes.hint}>{exact.day(told.reversed.event_at)}</span>}
          </Fact>
        )}
        {note === "" ? null : <Fact name={t("note")}>{note}</Fact>}
        {told.mover === null ? null : <Fact name={t("by")}>{moverOf(told.mover, say)}</Fact>}
        {told.event_at === told.booked_at ? null : <Fact name={t("when")}>{exact.minute(told.event_at)}</Fact>}
        <Fact name={t("booked")}>{exact.minute(told.booked_at)}</Fact>
        {told.meter === null ? null : <Fact name={t("meter")}>{told.meter}</Fact>}
      </dl>
      <details className={classes.details}>
        <summary>{t("details")}</summary>
        <dl className={classes.facts}>
          <Fact name={t("number")}>{told.seq}</Fact>
          {told.register === null ? null : <Fact name={t("register")}>{told.register}</Fact>}
          {told.journal_id === null ? null : <Fact name={t("journal")}>{told.journal_id}</Fact>}
          {told.key === null ? null : <Fact name={t("key")}>{told.key}</Fact>}
          {told.memo === "" || told.memo === note ? null : <Fact name={t("memo")}>{told.memo}</Fact>}
        </dl>
      </details>
    </>
  );
}

/** From which account to which, and what else the same money went to. */
function Sides({ told, say }: { told: Told; say: Say }): ReactNode {
  const { t, exact } = say;
  if (told.account_words === null || told.other_account_words.length === 0) return null;
  const own = [accountOf(told.account_words, say)];
  const others = [...told.other_account_words.map((each) => accountOf(each, say)), ...(told.has_more_accounts ? [t("more")] : [])];
  const [from, to] = isNegative(told.amount.amount) ? [own, others] : [others, own];
  return (
    <>
      <Fact name={t("from")}>
        <Names names={from} />
      </Fact>
      <Fact name={t("to")}>
        <Names names={to} />
      </Fact>
      {told.beside.length === 0 ? null : (
        <Fact name={t("beside")}>
          <Names names={told.beside.map((each) => t("besideTo", { account: accountOf(each.account, say), amount: exact.money(each.amount.amount) }))} />
        </Fact>
      )}
    </>
  );
}

function Names({ names }: { names: string[] }): ReactNode {
  return names.map((each, at) => (
    <span key={at} className={classes.name}>
      {each}
    </span>
  ));
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
