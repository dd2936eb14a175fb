import { NativeSelect } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Show } from "@ui";
import { SearchPick, type Found } from "@ui/staff";

interface TargetPickProps {
  scope: "unit" | "meter" | "register";
  /** The utility that the table prices; a meter of another one is not for it. */
  utility: string;
  onChoose: (id: number | null) => void;
}

/** Find what a table is to hold for: a unit, a meter, or one of a meter's registers. */
export function TargetPick({ scope, utility, onChoose }: TargetPickProps): ReactNode {
  const { t } = useTranslation("rates");
  const { path } = useEstate();
  const [found, setFound] = useState<Found | null>(null);
  const [register, setRegister] = useState("");
  const meter = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path: { ...path, meter_id: found?.id ?? 0 } } }, { enabled: scope !== "unit" && found !== null });
  const choose = (chosen: Found | null): void => {
    setFound(chosen);
    setRegister("");
    onChoose(scope === "register" || chosen === null ? null : chosen.id);
  };
  return (
    <>
      <SearchPick label={t(scope === "unit" ? "scope.unit" : "scope.meter")} type={scope === "unit" ? "unit" : "meter"} chosen={found?.title ?? null} onChoose={choose} isRequired />
      {scope === "unit" || found === null ? null : (
        <Show asked={meter} lines={1}>
          {({ registers, utility: measured }) =>
            measured !== utility ? (
              <p role="alert">{t("otherUtility", { name: found.title })}</p>
            ) : scope === "meter" ? null : (
              <NativeSelect
                label={t("scope.register")}
                required
                value={register}
                onChange={(event) => {
                  setRegister(event.currentTarget.value);
                  onChoose(event.currentTarget.value === "" ? null : Number(event.currentTarget.value));
                }}
                data={[{ value: "", label: t("chooseRegister") }, ...registers.map((each) => ({ value: `${each.register_id}`, label: each.name }))]}
              />
            )
          }
        </Show>
      )}
    </>
  );
}
