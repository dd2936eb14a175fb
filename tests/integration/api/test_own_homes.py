"""One's own homes over all estates, and what one's roles give."""

from __future__ import annotations

from .people import person_token, signed_in
from .place import made, settle


async def _homes(caller):
    answer = await caller.get("/api/v1/me/homes")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_homes_of_all_estates_come_with_their_money(app, client, place):
    other = await settle(client, name="Baobab Court")
    person = await made(client, "/api/v1/persons", {"name": "Thandi"})
    for one, right in ((place, "manage"), (other, "view")):
        grant = {"person_id": person["person_id"], "right": right}
        await made(client, f"{one.base}/wallets/{one.wallet_id}/grants", grant)
    await place.top_up(amount="50.00", utility="electricity")
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        first, second = await _homes(caller)
        assert (first["estate"]["name"], second["estate"]["name"]) == ("Willow Creek", "Baobab Court")
        assert (first["unit_id"], first["unit_name"], first["right"]) == (place.unit_id, "A1", "manage")
        assert second["right"] == "view"
        assert first["wallet"] == (await caller.get(f"{place.base}/wallets/{place.wallet_id}")).json()
        assert first["wallet"]["balances"][0]["balance"]["amount"] == "50.000000"
        # taken away, it is a home no more
        grants = (await client.get(f"{other.base}/wallets/{other.wallet_id}/grants")).json()["items"]
        path = f"{other.base}/wallets/{other.wallet_id}/grants/{grants[0]['grant_id']}"
        assert (await client.delete(path)).status_code in (200, 204)
        assert [home["wallet"]["wallet_id"] for home in await _homes(caller)] == [place.wallet_id]


async def test_a_role_over_an_estate_is_no_home(app, client, place):
    person = await made(client, "/api/v1/persons", {"name": "Trudy"})
    role = {"person_id": person["person_id"], "role": "trustee"}
    await made(client, f"{place.base}/role-grants", role)
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        assert await _homes(caller) == []
        (role,) = (await caller.get("/api/v1/me")).json()["roles"]
        assert "reports.read" in role["permissions"]
        assert "wallets.read" not in role["permissions"]


async def test_strangers_have_no_homes_and_programs_are_nobody(app, client, stranger, anonymous, place):
    assert await _homes(stranger) == []
    assert (await anonymous.get("/api/v1/me/homes")).status_code == 401
    assert (await client.get("/api/v1/me/homes")).status_code == 403
    # of another's homes nothing shows
    async with signed_in(app, await person_token(client, "Somebody")) as caller:
        assert await _homes(caller) == []


async def test_who_owns_a_group_without_access_to_a_wallet_finds_the_group(app, client, place):
    person = await made(client, "/api/v1/persons", {"name": "Nomsa"})
    named = {"name": "The Mokoenas", "owner_person_id": person["person_id"]}
    group = await made(client, f"{place.base}/wallet-groups", named)
    base = f"{place.base}/wallet-groups/{group['group_id']}"
    answer = await client.post(f"{base}/members", json={"wallet_id": place.wallet_id})
    assert answer.status_code in (200, 201), answer.text
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        own = (await caller.get("/api/v1/me/homes")).json()
        assert own["items"] == []
        (found,) = own["groups"]
        assert (found["estate"]["name"], found["group_id"], found["name"]) == (
            "Willow Creek",
            group["group_id"],
            "The Mokoenas",
        )
        (shown,) = (await caller.get(f"{base}/summary")).json()["wallets"]
        assert shown["wallet_id"] == place.wallet_id
    # another's group is nobody else's
    async with signed_in(app, await person_token(client, "Somebody")) as caller:
        assert (await caller.get("/api/v1/me/homes")).json()["groups"] == []
