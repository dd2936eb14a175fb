"""The table of roles and permissions; docs/reference/permissions.md shows it, and a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """Something that one may do; every route names the one that it needs."""

    PLATFORM_MANAGE = "platform.manage"
    SUPPORT_IMPERSONATE = "support.impersonate"
    ORGANISATIONS_READ = "organisations.read"
    ORGANISATIONS_WRITE = "organisations.write"
    ESTATES_CREATE = "estates.create"
    ESTATES_READ = "estates.read"
    ESTATES_WRITE = "estates.write"
    UNITS_READ = "units.read"
    UNITS_WRITE = "units.write"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    TENANCIES_WRITE = "tenancies.write"
    METERS_READ = "meters.read"
    METERS_WRITE = "meters.write"
    READINGS_READ = "readings.read"
    READINGS_SEND = "readings.send"
    READINGS_JUDGE = "readings.judge"
    RATES_READ = "rates.read"
    RATES_WRITE = "rates.write"
    WALLETS_READ = "wallets.read"
    WALLETS_TOP_UP = "wallets.top_up"
    WALLETS_MANAGE = "wallets.manage"
    LEDGER_READ = "ledger.read"
    LEDGER_WRITE = "ledger.write"
    LEDGER_APPROVE = "ledger.approve"
    SUPPLY_READ = "supply.read"
    SUPPLY_CONTROL = "supply.control"
    SHARING_READ = "sharing.read"
    SHARING_WRITE = "sharing.write"
    ALERTS_READ = "alerts.read"
    REPORTS_READ = "reports.read"
    IMPORTS_WRITE = "imports.write"
    WEBHOOKS_MANAGE = "webhooks.manage"
    KEYS_MANAGE = "keys.manage"
    ROLES_GRANT = "roles.grant"
    AUDIT_READ = "audit.read"
    PRIVACY_MANAGE = "privacy.manage"


class Scope(StrEnum):
    """How far a role reaches."""

    PLATFORM = "platform"
    ORGANISATION = "organisation"
    ESTATE = "estate"
    UNIT = "unit"


class Role(StrEnum):
    """What somebody is to a platform, an organisation, an estate or a unit."""

    PLATFORM_ADMIN = "platform_admin"
    OPERATOR = "operator"
    MANAGING_AGENT = "managing_agent"
    TRUSTEE = "trustee"
    AUDITOR = "auditor"
    INSTALLER = "installer"
    OWNER = "owner"
    RESIDENT = "resident"


# what support does through nobody's eyes: it would last beyond the hour, or be a second person's word
NOT_BY_SUPPORT = frozenset(
    {
        Permission.PLATFORM_MANAGE,
        Permission.SUPPORT_IMPERSONATE,
        Permission.KEYS_MANAGE,
        Permission.ROLES_GRANT,
        Permission.WEBHOOKS_MANAGE,
        Permission.PRIVACY_MANAGE,
        Permission.LEDGER_APPROVE,
    }
)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What a role may do, and over what it can be given.

    One that ``needs_second_factor`` gives nothing to a session that was begun without.
    """

    means: str
    scopes: frozenset[Scope]
    permissions: frozenset[Permission]
    needs_second_factor: bool = False


_P = Permission
_READS = frozenset(
    {
        _P.ESTATES_READ,
        _P.UNITS_READ,
        _P.PEOPLE_READ,
        _P.METERS_READ,
        _P.READINGS_READ,
        _P.RATES_READ,
        _P.WALLETS_READ,
        _P.LEDGER_READ,
        _P.SUPPLY_READ,
        _P.SHARING_READ,
        _P.ALERTS_READ,
        _P.REPORTS_READ,
    }
)
_DAILY_WORK = _READS | {
    _P.UNITS_WRITE,
    _P.PEOPLE_WRITE,
    _P.TENANCIES_WRITE,
    _P.METERS_WRITE,
    _P.READINGS_SEND,
    _P.READINGS_JUDGE,
    _P.WALLETS_TOP_UP,
    _P.WALLETS_MANAGE,
    _P.LEDGER_WRITE,
    _P.SUPPLY_CONTROL,
    _P.SHARING_WRITE,
    _P.IMPORTS_WRITE,
}
_RUNNING = _DAILY_WORK | {
    _P.ORGANISATIONS_READ,
    _P.ESTATES_CREATE,
    _P.ESTATES_WRITE,
    _P.RATES_WRITE,
    _P.LEDGER_APPROVE,
    _P.WEBHOOKS_MANAGE,
    _P.KEYS_MANAGE,
    _P.ROLES_GRANT,
    _P.AUDIT_READ,
    _P.PRIVACY_MANAGE,
}

ROLES: dict[Role, RoleRule] = {
    Role.PLATFORM_ADMIN: RoleRule(
        "runs the installation",
        frozenset({Scope.PLATFORM}),
        frozenset(Permission),
        needs_second_factor=True,
    ),
    Role.OPERATOR: RoleRule(
        "runs the estates of an organisation, their prices, keys and people's roles",
        frozenset({Scope.PLATFORM, Scope.ORGANISATION, Scope.ESTATE}),
        frozenset(_RUNNING),
        needs_second_factor=True,
    ),
    Role.MANAGING_AGENT: RoleRule(
        "does the daily work: tenants, meters, top-ups, supply, imports",
        frozenset({Scope.ORGANISATION, Scope.ESTATE}),
        frozenset(_DAILY_WORK),
        needs_second_factor=True,
    ),
    Role.TRUSTEE: RoleRule(
        "sees how a scheme does, not what single households owe",
        frozenset({Scope.ESTATE}),
        frozenset(
            {_P.ESTATES_READ, _P.UNITS_READ, _P.RATES_READ, _P.SHARING_READ, _P.ALERTS_READ, _P.REPORTS_READ}
        ),
    ),
    Role.AUDITOR: RoleRule(
        "reads everything and changes nothing",
        frozenset({Scope.PLATFORM, Scope.ORGANISATION, Scope.ESTATE}),
        frozenset(_READS | {_P.ORGANISATIONS_READ, _P.AUDIT_READ}),
        needs_second_factor=True,
    ),
    Role.INSTALLER: RoleRule(
        "installs, commissions and reads meters",
        frozenset({Scope.ESTATE}),
        frozenset(
            {
                _P.ESTATES_READ,
                _P.UNITS_READ,
                _P.METERS_READ,
                _P.METERS_WRITE,
                _P.READINGS_READ,
                _P.READINGS_SEND,
                _P.SUPPLY_READ,
            }
        ),
    ),
    Role.OWNER: RoleRule(
        "owns a unit: sees its meters and consumption, not the tenant's money",
        frozenset({Scope.UNIT}),
        frozenset({_P.ESTATES_READ, _P.UNITS_READ, _P.METERS_READ, _P.READINGS_READ, _P.RATES_READ}),
    ),
    Role.RESIDENT: RoleRule(
        "lives in a unit: sees and reads its meters; the wallet comes by an access grant",
        frozenset({Scope.UNIT}),
        frozenset(
            {
                _P.ESTATES_READ,
                _P.UNITS_READ,
                _P.METERS_READ,
                _P.READINGS_READ,
                _P.READINGS_SEND,
                _P.RATES_READ,
                _P.SUPPLY_READ,
            }
        ),
    ),
}
