"""ETags: what is known is not sent again, and nothing is changed unseen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from mita.entrypoints.api.conditions import Conditions, is_among
from mita.entrypoints.api.operation_index import OperationIndex
from mita.kit.web import tag_of

from .place import made
from .routes import api_operations_of, is_problem

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place


async def test_what_is_known_is_not_sent_again(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    first = await client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    again = await client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert "content-type" not in again.headers
    weak = await client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert weak.status_code == 304
    other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_another_value_has_another_tag(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    before = (await client.get(path)).headers["etag"]
    assert (await client.patch(path, json={"door": "7"})).status_code == 200
    after = await client.get(path, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["etag"] != before


async def test_a_change_of_what_was_read_goes_through(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    changed = await client.patch(path, json={"door": "7"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["door"]) == (200, "7")
    assert (await client.get(path)).json()["door"] == "7"


async def test_a_change_of_what_is_no_more_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    assert (await client.patch(path, json={"door": "7"})).status_code == 200
    for condition in (tag, f"W/{(await client.get(path)).headers['etag']}", '"x"', ""):
        late = await client.patch(path, json={"door": "8"}, headers={"If-Match": condition})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed"), condition
        assert is_problem(late)
    assert (await client.get(path)).json()["door"] == "7"
    star = await client.patch(path, json={"door": "9"}, headers={"If-Match": "*"})
    assert star.status_code == 200


async def test_a_refused_change_changes_nothing(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    refused = await client.patch(path, json={"nothing": 1}, headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    missing = await client.patch(f"{place.base}/units/999", json={"door": "1"}, headers={"If-Match": tag})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (await client.get(path)).headers["etag"] == tag


async def test_what_tells_the_time_keeps_its_tag_until_somebody_changes_it(
    client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/friendly-hours"
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    # the time is another one, so that it is told
    assert again.status_code == 200
    assert again.json()["next_cut_at"] > first.json()["next_cut_at"]
    assert again.headers["etag"] == first.headers["etag"]
    body = {
        "is_on": True,
        "night_from": "22:00",
        "night_until": "06:00",
        "weekends": False,
        "holidays_country": None,
        "holidays_subdivision": None,
    }
    changed = await client.put(path, json=body, headers={"If-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["is_on"]) == (200, True)
    late = await client.put(
        path, json={**body, "weekends": True}, headers={"If-Match": first.headers["etag"]}
    )
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await client.get(path)).json()["weekends"] is False


async def test_one_of_many_changes_at_a_time_goes_through(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(client.patch(path, json={"door": str(n)}, headers={"If-Match": tag}) for n in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    (won,) = [each.json()["door"] for each in answers if each.status_code == 200]
    assert (await client.get(path)).json()["door"] == won


async def test_who_changes_without_a_condition_is_not_lost(
    client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    """The row is changed by somebody else between the comparison and the change."""
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        # whoever comes now reads the old value and waits for this row
        await session.execute(text("UPDATE unit SET door = 'first', version = version + 1"))
        late = asyncio.create_task(client.patch(path, json={"door": "late"}, headers={"If-Match": tag}))
        done, _ = await asyncio.wait({late}, timeout=1)
        assert not done
    answer = await late
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await client.get(path)).json()["door"] == "first"


async def test_rules_and_things_of_no_estate_have_tags_too(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/allocation-rule"
    body = {"kind": "arrears_first", "residents_may_choose": True}
    tag = (await client.get(path)).headers["etag"]
    assert (await client.put(path, json=body, headers={"If-Match": tag})).status_code == 200
    assert (await client.put(path, json=body, headers={"If-Match": tag})).status_code == 412
    path = f"{place.base}/wallets/{place.wallet_id}/spend-limit"
    await client.put(path, json={"daily": "50.00"})
    tag = (await client.get(path)).headers["etag"]
    assert (await client.put(path, json={"daily": "5.00"}, headers={"If-Match": tag})).status_code == 200
    assert (await client.put(path, json={"daily": "6.00"}, headers={"If-Match": tag})).status_code == 412
    assert (await client.delete(path, headers={"If-Match": tag})).status_code == 412
    made = await client.post("/api/v1/organisations", json={"name": "Agents"})
    path = f"/api/v1/organisations/{made.json()['organisation_id']}"
    tag = (await client.get(path)).headers["etag"]
    assert (await client.patch(path, json={"name": "B"}, headers={"If-Match": tag})).status_code == 200
    assert (await client.patch(path, json={"name": "C"}, headers={"If-Match": tag})).status_code == 412


RULE = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}


async def tag_at(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """Return the condition that what stands there is still what was read just now."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return {"If-Match": answer.headers["etag"]}


async def test_a_credit_rule_is_not_written_over_unseen(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/credit-rules/electricity"
    default = await client.get(path)
    assert (default.json()["is_default"], default.json()["is_cutting"]) == (True, False)
    assert default.json() in (await client.get(f"{place.base}/credit-rules")).json()["items"]
    tag = {"If-Match": default.headers["etag"]}
    first = await client.put(path, json=RULE, headers=tag)
    assert (first.status_code, first.json()["is_cutting"]) == (200, True)
    stale = await client.put(path, json={**RULE, "is_cutting": False}, headers=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await client.get(path)).json() == first.json()
    fresh = await tag_at(client, path)
    assert (await client.put(path, json={**RULE, "is_cutting": False}, headers=fresh)).status_code == 200


async def test_a_race_for_something_else_is_run_again(
    client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    """Charging goes on beside whoever changes a rule: the rule is still the one that was read."""
    path = f"{place.base}/credit-rules/electricity"
    tag = await tag_at(client, path)
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await session.execute(text("UPDATE charging_lane SET seq = seq + 1"))
        change = asyncio.create_task(client.put(path, json=RULE, headers=tag))
        done, _ = await asyncio.wait({change}, timeout=1)
        assert not done
    answer = await change
    assert (answer.status_code, answer.json()["is_cutting"]) == (200, True), answer.text
    audited = (await client.get(f"{place.base}/audit?action=set_credit_rule")).json()["items"]
    assert len(audited) == 1


async def test_who_loses_every_race_is_told_to_come_again(
    client: httpx.AsyncClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = await tag_at(client, path)
    tries = []

    async def lost(*_arguments: object) -> None:
        tries.append(1)
        raise psycopg.errors.SerializationFailure

    monkeypatch.setattr(Conditions, "_changed", lost)
    answer = await client.patch(path, json={"door": "7"}, headers=tag)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"
    assert len(tries) > 1


async def test_staff_lift_the_stop_and_the_limit_that_they_have_seen(
    client: httpx.AsyncClient, place: Place
) -> None:
    stops = f"{place.base}/units/{place.unit_id}/supply-stops"
    one = f"{stops}/electricity"
    nothing = await tag_at(client, one)
    await client.post(stops, json={"utility": "electricity", "reason": "Works in the street"})
    seen = await tag_at(client, one)
    assert seen != nothing
    # money has no part in it
    await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    causes = [each["cause"] for each in (await client.get(one)).json()["items"]]
    assert sorted(causes) == ["balance", "staff"]
    assert await tag_at(client, one) == seen
    # somebody lifts it and finds another reason
    await client.delete(one)
    await client.post(stops, json={"utility": "electricity", "reason": "Water in the board"})
    stale = await client.delete(one, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    (left,) = [each for each in (await client.get(one)).json()["items"] if each["cause"] == "staff"]
    assert left["reason"] == "stopped by staff: Water in the board"
    assert (await client.delete(one, headers=await tag_at(client, one))).status_code == 200


async def test_a_limit_of_staff_is_not_written_over_unseen(client: httpx.AsyncClient, place: Place) -> None:
    device = {"driver": "mita", "address": "plug-1", "settings": {"limit": True}}
    await made(client, f"{place.base}/devices", device)
    await client.patch(f"{place.base}/meters/{place.meter_id}", json={"device": "plug-1"})
    one = f"{place.base}/units/{place.unit_id}/supply-limits/electricity"
    seen = await tag_at(client, one)
    assert (await client.get(one)).json()["limits"] == []
    first = await client.put(one, json={"limit_w": 2000}, headers=seen)
    assert first.status_code == 200, first.text
    for answer in (
        await client.put(one, json={"limit_w": 5000}, headers=seen),
        await client.delete(one, headers=seen),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert [each["limit_w"] for each in (await client.get(one)).json()["limits"]] == [2000]
    assert (await client.delete(one, headers=await tag_at(client, one))).status_code == 200
    missing = await client.get(one.replace(f"/units/{place.unit_id}/", "/units/999/"))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_what_was_withdrawn_from_a_person_does_not_come_back_unseen(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    wallet = f"{place.base}/wallets/{place.wallet_id}"
    (grant,) = (await client.get(f"{wallet}/grants")).json()["items"]
    one = f"{wallet}/grants/{grant['grant_id']}"
    assert (await client.put(one, json={"right": "manage"})).status_code == 200
    seen = await tag_at(member, one)
    assert (await client.put(one, json={"right": "view"})).status_code == 200
    # a page of before, where only an alert is chosen
    stale = await client.put(one, json={"right": "manage", "hears": []}, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await member.get(one)).json()["right"] == "view"
    assert (await client.delete(one, headers=seen)).status_code == 412
    assert (await client.delete(one, headers=await tag_at(client, one))).status_code == 200
    gone = await client.get(one)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


async def test_a_grant_is_shown_to_whom_it_is_for_and_to_who_manages(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    wallet = f"{place.base}/wallets/{place.wallet_id}"
    other = await made(client, "/api/v1/persons", {"name": "Other"})
    theirs = await made(client, f"{wallet}/grants", {"person_id": other["person_id"], "right": "view"})
    hidden = await member.get(f"{wallet}/grants/{theirs['grant_id']}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    shown = await client.get(f"{wallet}/grants/{theirs['grant_id']}")
    assert shown.json() == theirs


async def test_a_rule_of_distribution_is_not_written_over_unseen(
    client: httpx.AsyncClient, place: Place
) -> None:
    group = await made(client, f"{place.base}/wallet-groups", {"name": "The Mokoenas"})
    one = f"{place.base}/wallet-groups/{group['group_id']}/distribution-rule"
    unset = await client.get(one)
    assert (unset.status_code, unset.json()["code"]) == (404, "not_found")
    body = {"is_on": True, "threshold": "50.00", "target": "100.00"}
    first = await client.put(one, json=body)
    seen = await tag_at(client, one)
    assert (await client.get(one)).json() == first.json()
    assert (await client.put(one, json={**body, "target": "200.00"}, headers=seen)).status_code == 200
    assert (await client.put(one, json={**body, "is_on": False}, headers=seen)).status_code == 412
    assert (await client.get(one)).json()["is_on"] is True


async def test_a_key_and_a_webhook_are_ended_as_they_were_seen(
    client: httpx.AsyncClient, place: Place
) -> None:
    hook = {"url": "https://example.com/hook", "types": ["wallet.topup"]}
    endpoint = await made(client, f"{place.base}/webhooks", hook)
    one = f"{place.base}/webhooks/{endpoint['endpoint_id']}"
    seen = await tag_at(client, one)
    assert (await client.put(one, json={**hook, "description": "Books"})).status_code == 200
    assert (await client.delete(one, headers=seen)).status_code == 412
    assert (await client.delete(one, headers=await tag_at(client, one))).status_code == 200
    body = {"name": "Books", "permissions": ["units.read"], "estate_ids": [place.estate_id]}
    key = await made(client, "/api/v1/api-keys", body)
    one = f"/api/v1/api-keys/{key['api_key']['api_key_id']}"
    seen = await tag_at(client, one)
    await made(client, f"{one}/rotate", {})
    assert (await client.delete(one, headers=seen)).status_code == 412
    assert (await client.delete(one, headers=await tag_at(client, one))).status_code == 200


async def test_a_change_on_a_condition_is_audited_once(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    await client.patch(path, json={"door": "7"}, headers={"If-Match": tag})
    await client.patch(path, json={"door": "8"}, headers={"If-Match": tag})
    entries = (await client.get(f"{place.base}/audit?action=update_unit")).json()["items"]
    assert len(entries) == 1


async def test_a_condition_on_what_has_no_tag_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/devices/1/secret"
    answer = await client.put(path, json={}, headers={"If-Match": '"x"'})
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "header.If-Match")


async def test_a_person_tags_what_they_see(
    member: httpx.AsyncClient, client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}"
    before = await member.get(path)
    known = await member.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (before.status_code, known.status_code) == (200, 304)
    path = f"{place.base}/allocation-rule"
    refused = await member.put(path, json={"kind": "arrears_first"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


def test_what_is_changed_has_a_tag(app: FastAPI) -> None:
    index = OperationIndex(app)
    found = {each.template for each in index.all() if each.is_tagged}
    assert len(found) >= 15
    assert "/api/v1/estates/{estate_id}" in found
    documented = {
        each.path
        for each in api_operations_of(app)
        if any(header["name"] == "If-Match" for header in each.spec.get("parameters", []))
    }
    assert documented == found


@pytest.mark.parametrize(
    ("asked", "is_weak", "expected"),
    [
        ([], True, False),
        (["*"], False, True),
        (['"a"'], False, False),
        (['"b", "t"'], False, True),
        (['"b"', '"t"'], False, True),
        (['W/"t"'], False, False),
        (['W/"t"'], True, True),
    ],
)
def test_tags_are_compared(asked: list[str], is_weak: bool, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_among('"t"', asked, is_weak=is_weak) is expected


def test_a_tag_is_the_hash_of_the_bytes() -> None:
    assert tag_of(b"{}") == '"' + __import__("hashlib").blake2b(b"{}", digest_size=16).hexdigest() + '"'
    assert tag_of(b"{}") != tag_of(b"[]")
