import { IconBolt, IconDroplet, IconFlame, IconSun, IconTemperature, IconWallet, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

const ICONS: Record<string, Icon> = {
  electricity: IconBolt,
  water: IconDroplet,
  hot_water: IconTemperature,
  gas: IconFlame,
  solar: IconSun,
  general: IconWallet,
};

export function UtilityIcon({ utility }: { utility: string }): ReactNode {
  const Found = ICONS[utility] ?? IconWallet;
  return <Found aria-hidden size={22} />;
}
