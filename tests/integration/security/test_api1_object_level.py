"""API1:2023, broken object level authorization: ids of others wherever a change of something has them.

Elsewhere: `../api/test_sweep.py` (another estate's ids in every path that is read),
`../api/test_narrow_sight.py` (a neighbour's rows with every filter taken out).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.place import made
from tests.integration.api.routes import api_operations_of
from tests.integration.api.test_sweep import MEMBERS

from .house import FOREIGN, NEIGHBOURS, House, key

if TYPE_CHECKING:
    from tests.integration.api.routes import Operation

pytestmark = pytest.mark.asyncio(loop_scope="module")
# what says no: never a success, never a fault of ours
REFUSED = (403, 404, 409, 422)
IDS = ("wallet_id", "grant_id", "invitation_id", "group_id", "alert_id", "account_id")


async def things_of(house: House, *, wallet_id: int, who: str) -> dict[str, Any]:
    """Return the ids of what a household has, one of each kind, made where there is none yet."""
    base = f"{house.here.base}/wallets/{wallet_id}"
    code = await house.invited(wallet_id=wallet_id)
    async with house.as_(who) as caller:
        group = await made(caller, f"{house.here.base}/wallet-groups", {"name": who})
        grant = (await caller.get(f"{base}/grants")).json()["items"][0]
        account = (await caller.get(base)).json()["balances"][0]["account_id"]
    begun = await made(
        house.client,
        f"/api/v1/persons/{house.persons[who].person_id}/impersonations",
        {"reason": "an alert for them"},
    )
    await house.client.delete(f"/api/v1/impersonations/{begun['impersonation']['impersonation_id']}")
    async with house.as_(who) as caller:
        alert = (await caller.get(f"{house.here.base}/alerts")).json()["items"][0]
    return {
        "wallet_id": wallet_id,
        "grant_id": grant["grant_id"],
        "invitation_id": code.split(".")[1],
        "group_id": group["group_id"],
        "alert_id": alert["alert_id"],
        "account_id": account,
    }


def mixtures(operation: Operation, own: dict[str, Any], others: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every way to name at least one thing of others in an operation's path."""
    names = [each for each in operation.parameters if each in IDS]
    return [
        {name: (others if is_theirs else own)[name] for name, is_theirs in zip(names, chosen, strict=True)}
        for chosen in itertools.product((False, True), repeat=len(names))
        if any(chosen)
    ]


async def test_no_write_with_a_neighbours_id_changes_anything(house: House) -> None:
    own = await things_of(house, wallet_id=house.here.wallet_id, who="anna")
    others = await things_of(house, wallet_id=house.neighbour_wallet, who="ben")
    before, tried = house.state(), 0
    async with house.as_("anna") as anna:
        for operation in api_operations_of(house.app):
            if operation.method == "get" or operation.operation_id not in MEMBERS:
                continue
            for values in mixtures(operation, own, others):
                answer = await operation.ask(anna, estate_id=house.here.estate_id, **values)
                assert answer.status_code in REFUSED, (operation.operation_id, values, answer.text)
                assert NEIGHBOURS not in answer.text
                tried += 1
    assert tried >= 20
    assert house.state() == before


async def test_a_neighbours_id_in_a_body_is_refused(house: House) -> None:
    """Money is drawn from one's own into one's own; a group takes wallets that its owner manages."""
    async with house.as_("anna") as anna:
        base = house.here.base
        group = await made(anna, f"{base}/wallet-groups", {"name": "All mine"})
        wallet = f"{base}/wallets/{house.here.wallet_id}"
        await house.client.post(
            f"{wallet}/top-ups", json={"amount": "50.00", "method": "cash"}, headers=key()
        )
        attacks: list[tuple[str, str, dict[str, Any]]] = [
            (
                "post",
                f"{base}/wallet-groups/{group['group_id']}/members",
                {"wallet_id": house.neighbour_wallet},
            ),
            (
                "post",
                f"{base}/wallets/{house.neighbour_wallet}/transfers",
                {
                    "amount": "1.00",
                    "from_utility": "electricity",
                    "to": {"wallet_id": house.here.wallet_id, "utility": "electricity"},
                    "memo": "x",
                },
            ),
            (
                "post",
                f"{base}/wallet-groups",
                {"name": "X", "owner_person_id": house.persons["ben"].person_id},
            ),
            ("post", f"{base}/transactions", {"wallet_id": house.neighbour_wallet}),
        ]
        before = house.state()
        for method, path, body in attacks:
            answer = await anna.request(method, path, json=body, headers=key())
            assert answer.status_code in (403, 404, 405, 422), (path, answer.text)
        assert house.state() == before


async def test_a_person_of_nobody_here_cannot_be_named_by_number(house: House) -> None:
    """Ids of persons are numbers; naming one must not make somebody known, nor tell who they are.

    An agent who could let anybody live in a unit would read the names and addresses of the whole platform.
    """
    olga, base = house.persons["olga"].person_id, house.here.base
    unit = f"{base}/units/{house.here.unit_id}"
    grants = f"{base}/wallets/{house.here.wallet_id}/grants"
    attacks: list[tuple[str, str, dict[str, Any]]] = [
        ("carla", f"{unit}/assign-resident", {"person_id": olga, "from_on": "2025-03-01", "is_main": False}),
        ("carla", f"{unit}/assign-owner", {"person_id": olga, "from_on": "2025-03-01", "share": "0.1"}),
        ("carla", f"{unit}/onboard-tenant", {"person_id": olga, "from_on": "2025-03-01"}),
        ("carla", grants, {"person_id": olga, "right": "view"}),
        ("anna", grants, {"person_id": olga, "right": "view"}),
    ]
    before = house.state()
    for who, path, body in attacks:
        async with house.as_(who) as caller:
            named = await caller.post(path, json=body, headers=key())
            nobody = await caller.post(path, json={**body, "person_id": 987_654_321}, headers=key())
        assert (named.status_code, nobody.status_code) == (404, 404), (path, named.text)
        # nor does the answer tell a number that is somebody's from one that is nobody's
        assert named.json()["detail"].replace(str(olga), "N") == nobody.json()["detail"].replace(
            "987654321", "N"
        )
    assert house.state() == before
    async with house.as_("carla") as carla:
        assert (await carla.get(f"{base}/people/{olga}")).status_code == 404
        batch = {"operations": [{"path": attacks[0][1], "body": attacks[0][2]}]}
        assert (await carla.post("/api/v1/batch", json=batch)).status_code == 422
        people = (await carla.get(f"{base}/people")).json()["items"]
    assert olga not in [each["person_id"] for each in people]
    # the operator of the other estate gives no role there to somebody of this one
    async with house.as_("olga") as caller:
        body = {"person_id": house.persons["ben"].person_id, "role": "installer"}
        assert (await caller.post(f"{house.there.base}/role-grants", json=body)).status_code == 404
        # whom the estate knows can be named
        known = await made(caller, f"{house.there.base}/people", {"name": "Installer"})
        role = {"person_id": known["person_id"], "role": "installer"}
        await made(caller, f"{house.there.base}/role-grants", role)


def with_foreign_ids(body: Any, ids: dict[str, int]) -> list[Any]:
    """Return copies of a body, in each of which one id is another estate's."""
    if isinstance(body, dict):
        found = [{**body, name: ids[name]} for name in body if name in ids]
        found += [{**body, name: each} for name in body for each in with_foreign_ids(body[name], ids)]
        return found
    if isinstance(body, list):
        return [
            [*body[:at], variant, *body[at + 1 :]]
            for at, each in enumerate(body)
            for variant in with_foreign_ids(each, ids)
        ]
    return []


async def test_another_estates_id_in_a_body_is_refused(house: House) -> None:
    """Staff of one estate may write there; what the body names must lie there too."""
    there = house.there
    theirs = {
        "unit_id": there.unit_id,
        "wallet_id": there.wallet_id,
        "to_wallet_id": there.wallet_id,
        "meter_id": there.meter_id,
        "register_id": there.register_id,
        "rate_table_id": there.rate_table_id,
        "person_id": house.persons["olga"].person_id,
        "estate_id": there.estate_id,
    }
    shared = {each["unit_id"] for each in (await house.client.get(f"{there.base}/units")).json()["items"]}
    mine = {each["unit_id"] for each in (await house.client.get(f"{house.here.base}/units")).json()["items"]}
    assert not shared & mine, "a number that is somebody's here as well proves nothing"
    before, tried = house.state(), 0
    async with house.as_("carla") as carla:
        for operation in api_operations_of(house.app):
            if operation.method == "get" or "estate_id" not in operation.parameters:
                continue
            for body in with_foreign_ids(operation.body, theirs):
                answer = await operation.ask(
                    carla,
                    body=body,
                    estate_id=house.here.estate_id,
                    unit_id=house.here.unit_id,
                    wallet_id=house.here.wallet_id,
                )
                assert answer.status_code in REFUSED, (operation.operation_id, body, answer.text)
                assert FOREIGN not in answer.text
                tried += 1
    assert tried >= 10
    assert house.state() == before


async def test_ids_in_queries_and_cursors_open_nothing(house: House) -> None:
    """Filters and cursors of another estate, or of a neighbour, give an empty list or nothing of theirs."""
    base = house.here.base
    other_unit, other_person = house.there.unit_id, house.persons["olga"].person_id
    async with house.as_("carla") as carla:
        for path in (
            f"{base}/occupancies?person_id={other_person}",
            f"{base}/occupancies?unit_id={other_unit}",
            f"{base}/ownerships?person_id={other_person}",
            f"{base}/meters?unit_id={other_unit}",
            f"{base}/search?q={FOREIGN}",
            f"{base}/audit?subject=person:{other_person}",
        ):
            answer = await carla.get(path)
            assert answer.status_code in (200, 403, 404, 422), path
            if answer.status_code == 200:
                assert answer.json()["items"] == [], (path, answer.text)
    async with house.as_("anna") as anna:
        for path in (
            f"{base}/meters?unit_id={house.neighbour_unit}",
            f"{base}/search?q={NEIGHBOURS}",
            f"{base}/transactions?wallet_id={house.neighbour_wallet}",
            f"{base}/alerts?person_id={house.persons['ben'].person_id}",
        ):
            answer = await anna.get(path)
            assert NEIGHBOURS not in answer.text, path
            assert answer.status_code in (200, 403, 404, 422), (path, answer.text)
