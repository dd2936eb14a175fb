import { Button, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconSearch } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useHomes, type Home } from "@api";
import { Empty, Page, Tag, useFormats } from "@ui";
import { HomeCard } from "./HomeCard";
import { byNeed, stateOf, totals } from "./homes";
import classes from "./Family.module.css";

/** So many are looked through by eye; above it a name is typed. */
const EYE_MAX = 8;
const SHOWN = 24;

/** Every home over all estates, what needs somebody first. */
export default function HomesPage(): ReactNode {
  const { t } = useTranslation(["family", "common"]);
  const { homes } = useHomes();
  const [wanted, setWanted] = useState("");
  const [shown, setShown] = useState(SHOWN);
  const word = wanted.trim().toLocaleLowerCase();
  const found = byNeed(homes.filter((each) => `${each.name} ${each.estate.name}`.toLocaleLowerCase().includes(word)));
  return (
    <Page title={t("title")} isTitleHidden>
      <Together homes={homes} />
      {homes.length > EYE_MAX ? (
        <TextInput
          aria-label={t("find")}
          placeholder={t("find")}
          type="search"
          leftSection={<IconSearch aria-hidden size={20} />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      ) : null}
      {found.length === 0 ? <Empty title={t("noneFound")}>{t("noneFoundHint")}</Empty> : null}
      <ul className={classes.homes} aria-label={t("title")}>
        {found.slice(0, shown).map((home) => (
          <HomeCard key={`${home.estate.estate_id}-${home.wallet_id}`} home={home} />
        ))}
      </ul>
      {found.length > shown ? (
        <Button variant="default" fullWidth onClick={() => setShown(shown + SHOWN)}>
          {t("common:more")}
        </Button>
      ) : null}
    </Page>
  );
}

/** All of it in one look: how much, in how many, and whether somebody must act. */
function Together({ homes }: { homes: Home[] }): ReactNode {
  const { t } = useTranslation("family");
  const formats = useFormats(homes[0]?.estate ?? { currency: "XXX", time_zone: "UTC" });
  const needy = homes.filter((each) => stateOf(each) !== "fine").length;
  return (
    <section className={classes.together} aria-label={t("together")}>
      <p className="quiet">{t("inHomes", { count: homes.length })}</p>
      <p className={`${classes.sum} num`}>
        {totals(homes).map(({ currency, amount }) => (
          <span key={currency}>{formats.money(amount, { currency })}</span>
        ))}
      </p>
      {needy === 0 ? (
        <Tag tone="good" icon={<IconCircleCheck aria-hidden />}>
          {t("allFine")}
        </Tag>
      ) : (
        <Tag tone="low" icon={<IconAlertTriangle aria-hidden />}>
          {t("needYou", { count: needy })}
        </Tag>
      )}
    </section>
  );
}
