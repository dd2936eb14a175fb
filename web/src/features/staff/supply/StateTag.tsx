import { IconHourglass, IconPlug, IconPlugOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Tag } from "@ui";
import type { Known } from "./known";

/** On or off by the device's word; what was only asked is told as just that. */
export function StateTag({ known }: { known: Known }): ReactNode {
  const { t } = useTranslation("common");
  const isMoving = known.asked !== null && (known.asked === "on") !== known.isOn;
  const Icon = isMoving ? IconHourglass : known.isOn ? IconPlug : IconPlugOff;
  return (
    <Tag tone={isMoving ? "asked" : known.isOn ? "good" : "out"} icon={<Icon aria-hidden />}>
      {t(isMoving ? (known.asked === "on" ? "supply.askedOn" : "supply.askedOff") : known.isOn ? "supply.on" : "supply.off")}
    </Tag>
  );
}
