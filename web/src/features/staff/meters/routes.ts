import { IconGauge } from "@tabler/icons-react";
import type { RouteObject } from "react-router";
import { page, type Way } from "@ui";

export const routes: RouteObject[] = [
  { path: "meters", ...page(() => import("./MetersPage")) },
  { path: "meters/:meterId", ...page(() => import("./MeterPage")) },
  { path: "devices", ...page(() => import("./DevicesPage")) },
  { path: "devices/new", ...page(() => import("./NewDevicePage")) },
  { path: "devices/:deviceId", ...page(() => import("./DevicePage")) },
  { path: "issues", ...page(() => import("./IssuesPage")) },
  { path: "rounds", ...page(() => import("./RoundPage")) },
  { path: "virtual-meters", ...page(() => import("./VirtualPage")) },
  { path: "virtual-meters/new", ...page(() => import("./NewVirtualPage")) },
  { path: "codecs", ...page(() => import("./CodecsPage")) },
  { path: "codecs/:codecId", ...page(() => import("./CodecPage")) },
];

export const ways: Way[] = [{ to: "meters", also: ["devices", "issues", "rounds", "virtual-meters", "codecs"], word: "meters", icon: IconGauge, needs: "meters.read" }];
