import { NativeSelect, TextInput } from "@mantine/core";
import { IconCash } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, useEstate, type Schemas } from "@api";
import { Notice, readAmount, useFormats } from "@ui";
import { Confirm } from "@ui/staff";

type Utility = Schemas["UnitUtility"]["utility"];

/** Book money that came to the estate's account or desk: once, however often it is sent. */
export function Receipt({ walletId, utilities }: { walletId: number; utilities: Utility[] }): ReactNode {
  const { t } = useTranslation(["units", "common"]);
  const { estate, path } = useEstate();
  const formats = useFormats(estate);
  const [key, setKey] = useState(newKey);
  const [typed, setTyped] = useState("");
  const [method, setMethod] = useState<"eft" | "cash">("eft");
  const [utility, setUtility] = useState<Utility | "">("");
  const [reference, setReference] = useState("");
  const amount = readAmount(typed);
  const book = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/top-ups", {
    onSuccess: () => refreshEstate(path.estate_id),
  });
  return (
    <>
      {book.isSuccess ? (
        <Notice tone="good" role="status">
          {t("receiptDone")}
        </Notice>
      ) : null}
      <Confirm
        label={t("receipt")}
        icon={<IconCash aria-hidden size={18} />}
        title={t("receipt")}
        consequence={<p>{t("receiptHint")}</p>}
        action={amount === null ? t("receipt") : t("receiptDo", { amount: formats.money(amount) })}
        isReady={amount !== null}
        isPending={book.isPending}
        error={book.error}
        onOpen={() => {
          book.reset();
          setTyped("");
          setReference("");
          setKey(newKey());
        }}
        onConfirm={(close) =>
          book.mutate(
            {
              params: { path: { ...path, wallet_id: walletId }, header: { "Idempotency-Key": key } },
              body: { amount: amount!, method, reference, utility: utility === "" ? null : utility },
            },
            { onSuccess: close },
          )
        }
      >
        <TextInput
          label={t("amountIn", { currency: estate.currency })}
          inputMode="decimal"
          required
          data-autofocus
          value={typed}
          error={typed !== "" && amount === null ? t("amountWrong") : null}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <NativeSelect
          label={t("method")}
          value={method}
          onChange={(event) => setMethod(event.currentTarget.value as "eft")}
          data={[
            { value: "eft", label: t("eft") },
            { value: "cash", label: t("cash") },
          ]}
        />
        <NativeSelect
          label={t("account")}
          value={utility}
          onChange={(event) => setUtility(event.currentTarget.value as Utility)}
          data={[{ value: "", label: t("asAgreed") }, ...utilities.map((each) => ({ value: each, label: t(`common:utility.${each}`) }))]}
        />
        <TextInput label={t("reference")} maxLength={200} value={reference} onChange={(event) => setReference(event.currentTarget.value)} />
      </Confirm>
    </>
  );
}
