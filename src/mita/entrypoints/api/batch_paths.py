"""Which operations a batch may hold: writes of one estate that need nothing but the transaction."""

from starlette.routing import compile_path

from mita.kit.ids import read_number

_ESTATE = "/api/v1/estates/{estate_id}"
CREATES_AN_ESTATE = ("POST", "/api/v1/estates")
# readings have a transaction of their own, and files no JSON
_ALLOWED = {
    "POST": (
        "/units",
        "/people",
        "/units/{unit_id}/assign-resident",
        "/units/{unit_id}/assign-owner",
        "/units/{unit_id}/onboard-tenant",
        "/units/{unit_id}/offboard-tenant",
        "/occupancies/{occupancy_id}/end",
        "/ownerships/{ownership_id}/end",
        "/meters",
        "/meters/{meter_id}/swap",
        "/wallets/{wallet_id}/top-ups",
        "/wallets/{wallet_id}/transfers",
        "/wallets/{wallet_id}/promotions",
        "/wallets/{wallet_id}/debt-plans",
        "/wallets/{wallet_id}/pay-outs",
        "/wallets/{wallet_id}/grants",
        "/role-grants",
        "/wallet-groups",
        "/wallet-groups/{group_id}/members",
        "/rate-tables",
        "/rate-assignments",
    ),
    "PUT": (
        "/credit-rules/{utility}",
        "/wallets/{wallet_id}/spend-limit",
        "/wallets/{wallet_id}/balance-target",
        "/wallets/{wallet_id}/allocation",
        "/allocation-rule",
        "/emergency-rule",
        "/rate-rule",
        "/charging-rule",
        "/friendly-hours",
        "/silence-rule",
        "/issue-rule",
    ),
    "PATCH": ("", "/units/{unit_id}", "/people/{person_id}", "/meters/{meter_id}"),
    "DELETE": ("/units/{unit_id}", "/wallets/{wallet_id}/spend-limit"),
}
ALLOWED = {CREATES_AN_ESTATE} | {
    (method, _ESTATE + path) for method, paths in _ALLOWED.items() for path in paths
}
_PATTERNS = [(method, compile_path(path)[0]) for method, path in sorted(ALLOWED)]
_DEEPER = compile_path(_ESTATE + "/{rest:path}")[0]
_ITSELF = compile_path(_ESTATE)[0]


def is_allowed(method: str, path: str) -> bool:
    """Tell whether a batch may hold an operation."""
    return any(each == method and pattern.match(path) for each, pattern in _PATTERNS)


def estate_of(path: str) -> int | None:
    """Return the estate of an operation's path, or None if that is no number."""
    found = _DEEPER.match(path) or _ITSELF.match(path)
    return read_number(found["estate_id"]) if found else None
