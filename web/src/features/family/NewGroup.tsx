import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, newKey, refreshEstate, type Home } from "@api";
import { Card, Wrong } from "@ui";
import classes from "./Family.module.css";

/** Homes that may join a group: of one estate, one's own to manage, and in no other group. */
function mayJoin(homes: readonly Home[]): Home[] {
  return homes.filter((each) => each.group_id === null && (each.right === "manage" || each.right === null));
}

/** A new group and the homes that are in it from the start. Nothing where no home could join. */
export function NewGroup({ homes }: { homes: readonly Home[] }): ReactNode {
  const { t } = useTranslation("family");
  const navigate = useNavigate();
  const free = mayJoin(homes);
  const estates = [...new Map(free.map(({ estate }) => [estate.estate_id, estate])).values()];
  const [name, setName] = useState("");
  const [estateId, setEstateId] = useState<number | null>(null);
  const [left, setLeft] = useState<readonly number[]>([]);
  const [key] = useState(newKey);
  const chosen = estates.find((each) => each.estate_id === estateId) ?? estates[0];
  const inside = free.filter((each) => each.estate.estate_id === chosen?.estate_id);
  const joining = inside.filter((each) => !left.includes(each.wallet_id));
  const make = useMutation({
    mutationFn: async ({ estate_id }: { estate_id: number }) => {
      const made = await api.POST("/api/v1/estates/{estate_id}/wallet-groups", {
        params: { path: { estate_id }, header: { "Idempotency-Key": key } },
        body: { name: name.trim() },
      });
      if (made.data === undefined) throw made.error;
      for (const { wallet_id } of joining) {
        const joined = await api.POST("/api/v1/estates/{estate_id}/wallet-groups/{group_id}/members", {
          params: { path: { estate_id, group_id: made.data.group_id } },
          body: { wallet_id },
        });
        if (joined.data === undefined) throw joined.error;
      }
      return made.data;
    },
    onSuccess: ({ group_id }, { estate_id }) => void navigate(`${estate_id}/${group_id}`),
    onSettled: (_made, _error, { estate_id }) => refreshEstate(estate_id),
  });
  if (chosen === undefined) return null;
  return (
    <Card title={t("newGroup")}>
      <p className="quiet small">{t("newGroupHint")}</p>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate({ estate_id: chosen.estate_id });
        }}
      >
        <Wrong error={make.error} />
        <TextInput label={t("groupName")} required withAsterisk={false} maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        {estates.length < 2 ? null : (
          <NativeSelect label={t("estate")} value={chosen.estate_id} onChange={(event) => setEstateId(Number(event.currentTarget.value))}>
            {estates.map((each) => (
              <option key={each.estate_id} value={each.estate_id}>
                {each.name}
              </option>
            ))}
          </NativeSelect>
        )}
        <fieldset className={classes.choices}>
          <legend>{t("whichHomes")}</legend>
          {inside.map(({ wallet_id, name: home }) => (
            <Checkbox
              key={wallet_id}
              size="md"
              classNames={{ root: classes.check, body: classes.checkBody }}
              label={home}
              checked={!left.includes(wallet_id)}
              onChange={({ currentTarget: { checked } }) => setLeft(checked ? left.filter((each) => each !== wallet_id) : [...left, wallet_id])}
            />
          ))}
        </fieldset>
        <Button type="submit" variant="default" loading={make.isPending}>
          {t("makeGroup")}
        </Button>
      </form>
    </Card>
  );
}
