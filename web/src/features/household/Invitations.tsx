import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, newKey, refreshEstate, type Place, type Schemas } from "@api";
import { Card, CopyId, Wrong, Notice, readAmount, Row, Rows, useFormats } from "@ui";
import type { WalletPath } from "./People";
import classes from "./Household.module.css";

type RightWord = Schemas["GrantOut"]["right"];
const RIGHTS: RightWord[] = ["view", "top_up", "manage"];

/** Open invitations, and a new one; its code is shown once. */
export function Invitations({ path, place }: { path: WalletPath; place: Place }): ReactNode {
  const { t } = useTranslation(["household", "common"]);
  const formats = useFormats(place.estate);
  const [email, setEmail] = useState("");
  const [right, setRight] = useState<RightWord>("top_up");
  const [limit, setLimit] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [key, setKey] = useState(newKey);
  const open = $api.useQuery("get", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/invitations", { params: { path } });
  const invite = $api.useMutation("post", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/invitations", {
    onSuccess: () => {
      setEmail("");
      setKey(newKey());
      refreshEstate(path.estate_id);
    },
  });
  const withdraw = $api.useMutation("delete", "/api/v1/estates/{estate_id}/wallets/{wallet_id}/invitations/{invitation_id}", {
    onSuccess: () => refreshEstate(path.estate_id),
  });
  const submit = (): void => {
    const amount = limit === "" ? null : readAmount(limit);
    if (limit !== "" && amount === null) return setWrong(t("limitWrong"));
    invite.mutate({
      params: { path, header: { "Idempotency-Key": key } },
      body: { email, right, top_up_limit: right === "view" ? null : amount, valid_days: 7 },
    });
  };
  return (
    <Card title={t("invite")}>
      {(open.data?.items ?? []).length === 0 ? null : (
        <Rows label={t("invited")}>
          {open.data!.items.map((each) => (
            <Row key={each.invitation_id} title={each.email} hint={`${t("invited")}, ${t("until", { time: formats.moment(each.expires_at) })}`}>
              <Button variant="subtle" disabled={withdraw.isPending} onClick={() => withdraw.mutate({ params: { path: { ...path, invitation_id: each.invitation_id } } })}>
                {t("withdraw")}
              </Button>
            </Row>
          ))}
        </Rows>
      )}
      {invite.data === undefined ? null : (
        <Notice tone="good" role="status">
          <strong>{t("codeTitle")}</strong>
          <p className={classes.code}>
            <CopyId id={invite.data.code} word={invite.data.code} />
          </p>
          <p>{t("codeHint", { email: invite.data.email })}</p>
        </Notice>
      )}
      <Wrong error={invite.error ?? withdraw.error} />
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextInput label={t("email")} type="email" required withAsterisk={false} value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <NativeSelect label={t("may")} value={right} onChange={(event) => setRight(event.currentTarget.value as RightWord)}>
          {RIGHTS.map((each) => (
            <option key={each} value={each}>
              {t(`right.${each}`)}
            </option>
          ))}
        </NativeSelect>
        {right === "view" ? null : (
          <TextInput
            label={t("topUpLimit", { currency: place.estate.currency })}
            description={t("common:optional")}
            inputMode="decimal"
            value={limit}
            error={wrong}
            onChange={(event) => {
              setLimit(event.currentTarget.value);
              setWrong(null);
            }}
          />
        )}
        <Button type="submit" variant="default" loading={invite.isPending}>
          {t("sendInvitation")}
        </Button>
      </form>
    </Card>
  );
}
