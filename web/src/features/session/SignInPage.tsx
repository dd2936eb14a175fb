import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useSearchParams } from "react-router";
import { takeTokens, useSession, type Schemas } from "@api";
import { LanguageChoice, Sign } from "@ui";
import { CodeForm } from "./CodeForm";
import { FactorForm } from "./FactorForm";
import { PasswordForm } from "./PasswordForm";
import classes from "./SignIn.module.css";

/** Which way somebody is going; a ticket waits for the second factor. */
export type Way = { is: "password" } | { is: "code" } | { is: "reset" } | { is: "factor"; ticket: string };

export interface StepProps {
  identifier: string;
  onIdentifier: (identifier: string) => void;
  onWay: (way: Way) => void;
  onDone: (answer: Schemas["SignInOut"]) => void;
}

export default function SignInPage(): ReactNode {
  const { t } = useTranslation("session");
  const session = useSession();
  const [asked] = useSearchParams();
  const [way, setWay] = useState<Way>({ is: "password" });
  const [identifier, setIdentifier] = useState("");
  const title = t(way.is === "factor" ? "factorTitle" : way.is === "reset" ? "resetTitle" : "title");
  useEffect(() => {
    document.title = `${title} · Mita`;
  }, [title]);
  if (session === "signed_in" || session === "offline") return <Navigate to={safe(asked.get("to"))} replace />;
  const onDone = (answer: Schemas["SignInOut"]): void => {
    if (answer.tokens !== null) takeTokens(answer.tokens);
    else if (answer.ticket !== null) setWay({ is: "factor", ticket: answer.ticket });
  };
  const step: StepProps = { identifier, onIdentifier: setIdentifier, onWay: setWay, onDone };
  return (
    <main className={classes.page}>
      <div className={classes.lead}>
        <Sign size={56} />
        <p>{t("lead")}</p>
      </div>
      <div className={classes.card}>
        <h1>{title}</h1>
        {way.is === "password" ? <PasswordForm {...step} /> : null}
        {way.is === "code" || way.is === "reset" ? <CodeForm key={way.is} {...step} isReset={way.is === "reset"} /> : null}
        {way.is === "factor" ? <FactorForm {...step} ticket={way.ticket} /> : null}
      </div>
      <div className={classes.language}>
        <LanguageChoice />
      </div>
    </main>
  );
}

/** A path of ours; anything else goes home. */
function safe(path: string | null): string {
  return path !== null && /^\/(?![/\\])/.test(path) ? path : "/";
}
