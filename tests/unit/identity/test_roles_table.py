"""The table of roles and permissions in the documentation is the one in code."""

from __future__ import annotations

import re

from mita.identity.domain import ROLES, Permission
from tests.unit.house.test_docs_complete import REFERENCE


def documented() -> dict[str, tuple[str, set[str], set[str]]]:
    """Return what permissions.md says of each role: what it means, its scopes, its permissions."""
    section = (REFERENCE / "permissions.md").read_text(encoding="utf-8").partition("\n## Roles\n")[2]
    found = {}
    for line in section.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
        if len(cells) == 4 and (name := re.fullmatch(r"\*\*(\w+)\*\*", cells[0])):
            named = set(re.findall(r"`([^`]+)`", cells[3]))
            permissions = {str(each) for each in Permission} if cells[3] == "all" else named
            found[name.group(1)] = (cells[1], set(cells[2].split(", ")), permissions)
    return found


def test_the_documented_roles_are_those_of_the_code() -> None:
    assert documented() == {
        str(role): (rule.means, {str(each) for each in rule.scopes}, {str(each) for each in rule.permissions})
        for role, rule in ROLES.items()
    }
