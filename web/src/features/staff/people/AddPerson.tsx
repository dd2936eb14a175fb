import { TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { $api, newKey, refreshEstate, useEstate } from "@api";
import { Confirm } from "@ui/staff";

const NOBODY = { name: "", email: "", phone: "" };

/** Make somebody known to the estate; whoever has the address already is that person. */
export function AddPerson(): ReactNode {
  const { t } = useTranslation("people");
  const { path } = useEstate();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(NOBODY);
  const [key, setKey] = useState(newKey);
  const add = $api.useMutation("post", "/api/v1/estates/{estate_id}/people");
  const field = (name: keyof typeof NOBODY) => ({
    label: t(name),
    value: draft[name],
    onChange: (event: { currentTarget: HTMLInputElement }) => setDraft({ ...draft, [name]: event.currentTarget.value }),
  });
  return (
    <Confirm
      label={t("add")}
      icon={<IconPlus aria-hidden size={18} />}
      variant="filled"
      title={t("add")}
      consequence={<p>{t("addHint")}</p>}
      action={t("add")}
      isReady={draft.name.trim() !== ""}
      isPending={add.isPending}
      error={add.error}
      onOpen={() => {
        add.reset();
        setDraft(NOBODY);
        setKey(newKey());
      }}
      onConfirm={(close) =>
        add.mutate(
          {
            params: { path, header: { "Idempotency-Key": key } },
            body: { name: draft.name.trim(), email: draft.email.trim() || null, phone: draft.phone.trim() || null },
          },
          {
            onSuccess: ({ person_id }) => {
              close();
              refreshEstate(path.estate_id);
              void navigate(`${person_id}`);
            },
          },
        )
      }
    >
      <TextInput {...field("name")} required data-autofocus maxLength={200} />
      <TextInput {...field("email")} type="email" />
      <TextInput {...field("phone")} type="tel" />
    </Confirm>
  );
}
