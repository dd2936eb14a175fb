"""ETags: what is known is not sent again, and nothing is changed unseen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from mita.entrypoints.api.conditions import is_among
from mita.entrypoints.api.operation_index import OperationIndex
from mita.kit.web import tag_of

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


async def test_a_change_on_a_condition_is_audited_once(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    tag = (await client.get(path)).headers["etag"]
    await client.patch(path, json={"door": "7"}, headers={"If-Match": tag})
    await client.patch(path, json={"door": "8"}, headers={"If-Match": tag})
    entries = (await client.get(f"{place.base}/audit?action=update_unit")).json()["items"]
    assert len(entries) == 1


async def test_a_condition_on_what_has_no_tag_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/credit-rules/electricity"
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
