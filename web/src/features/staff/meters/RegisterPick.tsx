import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, useEstate } from "@api";
import { Show } from "@ui";
import { SearchPick, type Found } from "@ui/staff";
import type { Known } from "./virtual";
import classes from "./Meters.module.css";

interface RegisterPickProps {
  label: string;
  /** Registers that stand somewhere already. */
  taken: number[];
  /** Only what no device reads: it can be made of others. */
  isToBeMade?: boolean;
  onPick: (register: Known) => void;
}

/** Find a meter, then take one of its registers. */
export function RegisterPick({ label, taken, isToBeMade = false, onPick }: RegisterPickProps): ReactNode {
  const { t } = useTranslation("devices");
  const { path } = useEstate();
  const [found, setFound] = useState<Found | null>(null);
  const meter = $api.useQuery("get", "/api/v1/estates/{estate_id}/meters/{meter_id}", { params: { path: { ...path, meter_id: found?.id ?? 0 } } }, { enabled: found !== null });
  return (
    <div className={classes.form}>
      <SearchPick label={label} type="meter" chosen={found?.title ?? null} onChoose={setFound} />
      {found === null ? null : (
        <Show asked={meter} lines={1}>
          {({ meter_id, serial, unit_id, device, registers }) =>
            isToBeMade && device !== null ? (
              <p className="quiet small" role="status">
                {t("readByDevice", { serial, device })}
              </p>
            ) : (
              <div className={classes.buttons}>
                {registers.map((each) => (
                  <Button
                    key={each.register_id}
                    variant="default"
                    leftSection={<IconPlus aria-hidden size={18} />}
                    disabled={taken.includes(each.register_id) || (isToBeMade && each.is_virtual)}
                    onClick={() => {
                      onPick({ register_id: each.register_id, meter_id, meter: serial, register: each.name, unit_id, unit: each.unit });
                      setFound(null);
                    }}
                  >
                    {t("takeRegister", { register: each.name, unit: each.unit === "m3" ? "m³" : each.unit })}
                  </Button>
                ))}
              </div>
            )
          }
        </Show>
      )}
    </div>
  );
}
