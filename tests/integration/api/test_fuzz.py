"""Requests made up from the OpenAPI document, good and bad: every answer is as the document says."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.generation import GenerationMode

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

EXAMPLES = 4
URL = "http://mita.test"
# a stream does not end
SKIPPED = {"stream_hints", "stream_events"}
# a reading that is none is rejected alone, and the others are taken: test_hostile.py
BY_ITEM = {"send_readings", "send_readings_of_estate"}
CONDITIONS = {"If-Match", "If-None-Match"}
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


def made_up(operation: Any, *, mode: GenerationMode) -> list[schemathesis.Case]:
    """Return requests of an operation; always the same ones, so that a failure comes again."""
    cases: list[schemathesis.Case] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: schemathesis.Case) -> None:
        cases.append(case)

    # some operations leave nothing to spoil; the test sees by name which
    with contextlib.suppress(Unsatisfiable):
        collect()
    return cases


async def sent(case: schemathesis.Case, client: httpx.AsyncClient) -> httpx.Response:
    prepared = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
    content = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    return await client.request(case.method, str(prepared.url), content=content, headers=headers)


def bare(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without what has tests of its own: the token of every request, and ETags."""
    found = copy.deepcopy(document)
    for item in found["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
            operation["parameters"] = [
                each for each in operation.get("parameters", []) if each["name"] not in CONDITIONS
            ]
    return found


def checks() -> list[Any]:
    load_all_checks()
    return [CHECKS.get_one(name) for name in CHECKED]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_every_answer_is_as_documented(
    app: FastAPI, client: httpx.AsyncClient, place: Place, mode: GenerationMode
) -> None:
    document = bare(app.openapi())
    schema = schemathesis.openapi.from_dict(document)
    # nothing can be wrong with a request that has neither parameters nor body
    asked = {
        spec["operationId"]
        for item in document["paths"].values()
        for spec in item.values()
        if mode is GenerationMode.POSITIVE or spec["parameters"] or "requestBody" in spec
    } - SKIPPED
    assert len(asked) >= 150
    ids = {
        "estate_id": place.estate_id,
        "unit_id": place.unit_id,
        "meter_id": place.meter_id,
        "wallet_id": place.wallet_id,
        "register_id": place.register_id,
        "rate_table_id": place.rate_table_id,
        "group_id": 1,
        "person_id": 1,
    }
    seen: dict[str, set[int]] = {}
    wrong: list[str] = []
    chosen = checks()
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if name not in asked:
            continue
        for number, case in enumerate(made_up(operation, mode=mode)):
            # two of three go to things that are there, or nothing would get past the first look-up
            if number % 3 and mode is GenerationMode.POSITIVE:
                case.path_parameters.update(
                    {key: value for key, value in ids.items() if key in case.path_parameters}
                )
            answer = await sent(case, client)
            try:
                case.validate_response(answer, checks=chosen)
            except FailureGroup as failures:
                faults = [
                    each
                    for each in failures.exceptions
                    if name not in BY_ITEM or not isinstance(each, AcceptedNegativeData)
                ]
                wrong += [f"{name}: {each}\n{case.as_curl_command()}" for each in faults]
            seen.setdefault(name, set()).add(answer.status_code)
    assert not wrong, "\n".join(wrong)

    assert set(seen) == asked
    if mode is GenerationMode.POSITIVE:
        reached = [name for name, statuses in seen.items() if statuses & {200, 201}]
        assert len(reached) >= 20, seen
    assert (await client.get(f"{place.base}/wallets/{place.wallet_id}")).status_code == 200


async def test_an_answer_that_is_not_documented_is_caught(app: FastAPI, client: httpx.AsyncClient) -> None:
    document = app.openapi()
    schema = schemathesis.openapi.from_dict(
        {**document, "paths": {"/healthz": {"get": {"responses": {"204": {"description": "x"}}}}}}
    )
    (case,) = made_up(next(iter(schema.get_all_operations())).ok(), mode=GenerationMode.POSITIVE)[:1]
    answer = await sent(case, client)
    with pytest.raises(BaseException, match="Undocumented status code"):
        case.validate_response(answer, checks=checks())
