import { IconArrowLeft } from "@tabler/icons-react";
import { useEffect, type ReactNode } from "react";
import { Link } from "react-router";
import { CopyId } from "../CopyId";
import pages from "../Page.module.css";
import classes from "./ObjectPage.module.css";

interface ObjectPageProps {
  title: string;
  /** The list that it is in, beginning at the address of the page: `..`. */
  back: { to: string; word: string };
  /** Its state, a `Tag`. */
  state?: ReactNode;
  /** What others call it by: a number or a name that can be copied. */
  id?: string | number;
  /** What can be done with it: buttons, the main one first. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The page of one thing: the way back, its name, state and id, what can be done; then facts, money, timeline. */
export function ObjectPage({ title, back, state, id, actions, children }: ObjectPageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Mita`;
  }, [title]);
  return (
    <div className={pages.page}>
      <header className={classes.head}>
        <Link to={back.to} relative="path" className={classes.back}>
          <IconArrowLeft aria-hidden size={18} className="turns" />
          {back.word}
        </Link>
        <div className={classes.line}>
          <h1 tabIndex={-1}>{title}</h1>
          {state}
          {id === undefined ? null : <CopyId id={`${id}`} />}
          {actions === undefined || actions === null ? null : <div className={classes.actions}>{actions}</div>}
        </div>
      </header>
      {children}
    </div>
  );
}
