import { $api, type Schemas } from "./client";

type Role = Schemas["OwnRoleOut"];
export type Permission = Role["permissions"][number];
type Estate = Pick<Schemas["EstateOut"], "estate_id" | "organisation_id">;

export interface Access {
  /** Whether a role over an estate or more is held: then there are pages of staff. Of an owner's single unit there are, too. */
  isStaff: boolean;
  /** A role waits for a second factor, and gives nothing until then. */
  needsSecondFactor: boolean;
  isPending: boolean;
  /** Whether a role gives the permission in an estate; without an estate, whether one gives it anywhere. */
  may: (permission: Permission, estate?: Estate) => boolean;
}

function reaches(role: Role, { estate_id, organisation_id }: Estate): boolean {
  if (role.scope === "platform") return true;
  if (role.scope === "organisation") return role.organisation_id === organisation_id;
  return role.estate_id === estate_id;
}

/** What the reader's roles let them do. The server decides; this only spares them what would be refused. */
export function accessOf(roles: Role[]): Pick<Access, "isStaff" | "may"> {
  return {
    isStaff: roles.some((role) => role.role !== "resident"),
    may: (permission, estate) =>
      roles.some((role) => role.permissions.includes(permission) && (estate === undefined || reaches(role, estate))),
  };
}

export function useAccess(): Access {
  const me = $api.useQuery("get", "/api/v1/me", {}, { staleTime: 300_000 });
  return { ...accessOf(me.data?.roles ?? []), needsSecondFactor: me.data?.needs_second_factor ?? false, isPending: me.isPending };
}
