import { NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { $api, useEstate } from "@api";
import { Card, Empty, Notice, Page, Show, useFormats } from "@ui";
import { canCheck } from "./bytes";
import { ChainCheck } from "./ChainCheck";
import { OwnProof } from "./OwnProof";
import { PastedProof } from "./PastedProof";
import classes from "./Proofs.module.css";

/** Proofs that the reader's own browser checks: of an account against a signed checkpoint, of its chain, of a file. */
export default function ProofsPage(): ReactNode {
  const { t } = useTranslation("proofs");
  const [asked, setAsked] = useSearchParams();
  const [what, setWhat] = useState<"account" | "file">("account");
  const [key, setKey] = useState("");
  const account = asked.get("account") ?? "";
  return (
    <Page title={t("title")}>
      <p className="quiet">{t("intro")}</p>
      {canCheck() ? null : <Notice tone="low">{t("cannot")}</Notice>}
      <Card title={t("key")}>
        <TextInput
          aria-label={t("key")}
          description={t("keyHint")}
          placeholder="mita+1f2e3d4c+AQOh…"
          autoComplete="off"
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value.trim())}
        />
      </Card>
      <SegmentedControl
        aria-label={t("what")}
        value={what}
        onChange={(next) => setWhat(next as "account" | "file")}
        data={[
          { value: "account", label: t("ofAccount") },
          { value: "file", label: t("ofFile") },
        ]}
      />
      {what === "file" ? (
        <PastedProof trusted={key} />
      ) : (
        <>
          <Card title={t("which")}>
            <WhichAccount chosen={account} choose={(next) => setAsked(next === "" ? {} : { account: next }, { replace: true })} />
          </Card>
          {account === "" || !canCheck() ? null : (
            <>
              <OwnProof key={`proof-${account}`} accountId={Number(account)} trusted={key} />
              <ChainCheck key={`chain-${account}`} accountId={Number(account)} />
            </>
          )}
        </>
      )}
    </Page>
  );
}

function WhichAccount({ chosen, choose }: { chosen: string; choose: (account: string) => void }): ReactNode {
  const { t } = useTranslation("proofs");
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [words, setWords] = useState("");
  const asked = $api.useQuery("get", "/api/v1/estates/{estate_id}/ledger/accounts", { params: { path, query: { limit: 1000 } } });
  return (
    <Show asked={asked} lines={2}>
      {({ items, next }) => {
        const found = items.filter((each) => `${each.account_id}` === chosen || `${each.name} ${each.code}`.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase()));
        return items.length === 0 ? (
          <Empty title={t("noAccounts")} />
        ) : (
          <div className={classes.form}>
            <TextInput type="search" label={t("find")} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
            <NativeSelect
              label={t("account")}
              value={chosen}
              onChange={(event) => choose(event.currentTarget.value)}
              data={[
                { value: "", label: t("choose", { count: found.length }) },
                ...found.map((each) => ({ value: `${each.account_id}`, label: `${each.name} · ${formats.money(each.posted.amount)}` })),
              ]}
            />
            {next === null || next === undefined ? null : <p className="quiet small">{t("notAll")}</p>}
          </div>
        );
      }}
    </Show>
  );
}
