"""Requests made up from the OpenAPI document, good and bad: every answer is as the document says."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from .routes import operations_of

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

EXAMPLES = 10
URL = "http://mita.test"
# a stream does not end
SKIPPED = {"stream_hints", "stream_events"}
# nothing can be wrong with a request that has neither parameters nor body
UNSPOILABLE = {"check_health", "get_rate_table_schema"}
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

    collect()
    return cases


async def sent(case: schemathesis.Case, client: httpx.AsyncClient) -> httpx.Response:
    prepared = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
    content = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    return await client.request(case.method, str(prepared.url), content=content, headers=headers)


def without_security(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the token, which every request carries: test_sweep.py is about it."""
    open_document = copy.deepcopy(document)
    for item in open_document["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
    return open_document


def checks() -> list[Any]:
    load_all_checks()
    return [CHECKS.get_one(name) for name in CHECKED]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_every_answer_is_as_documented(
    app: FastAPI, client: httpx.AsyncClient, place: Place, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(without_security(app.openapi()))
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
    chosen = checks()
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if name in SKIPPED or (name in UNSPOILABLE and mode is GenerationMode.NEGATIVE):
            continue
        for number, case in enumerate(made_up(operation, mode=mode)):
            # two of three go to things that are there, or nothing would get past the first look-up
            if number % 3 and mode is GenerationMode.POSITIVE:
                case.path_parameters.update(
                    {key: value for key, value in ids.items() if key in case.path_parameters}
                )
            answer = await sent(case, client)
            case.validate_response(answer, checks=chosen)
            seen.setdefault(name, set()).add(answer.status_code)

    unspoilable = UNSPOILABLE if mode is GenerationMode.NEGATIVE else set()
    assert set(seen) == {each.operation_id for each in operations_of(app)} - SKIPPED - unspoilable
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
