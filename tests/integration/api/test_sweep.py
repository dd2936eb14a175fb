"""Every route, also those to come: nobody without a token, no estate that is not there, no odd id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.routing import Mount

from .routes import BODIES, Operation, api_operations_of, is_problem, operations_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI

    from .place import Place

# what needs no token, listed so that a new one is noticed
PUBLIC = {
    ("GET", "/"),
    ("GET", "/app"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}


def routes_of(routes: list[Any], prefix: str = "") -> set[tuple[str, str]]:
    """Return (method, path) of every route, those of included routers too."""
    found = set()
    for route in routes:
        if isinstance(route, Mount):
            found.add(("MOUNT", prefix + route.path))
        elif hasattr(route, "methods"):
            found |= {(method, prefix + route.path) for method in route.methods - {"HEAD"}}
        else:
            inner = route.original_router
            found |= routes_of(inner.routes, prefix + route.include_context.prefix)
    return found


def test_no_route_is_outside_the_sweep(app: FastAPI) -> None:
    documented = {(each.method.upper(), each.path) for each in operations_of(app)}
    assert routes_of(app.routes) == documented | PUBLIC | {
        ("MOUNT", "/static"),
        ("MOUNT", "/app"),
    }
    assert len(documented) >= 28


async def test_anonymous_is_refused_everywhere(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    guarded = [
        each
        for each in operations_of(app)
        if each.path not in ("/healthz", "/readyz") and each.operation_id not in ANYBODY
    ]
    for operation in guarded:
        answer = await operation.ask(anonymous)
        assert answer.status_code == 401, operation
        assert is_problem(answer)
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")


BAD_TOKENS: list[Any] = [
    "Bearer mita_nobody",
    "Bearer",
    "Bearer ",
    "Basic bWl0YTptaXRh",
    "Bearer " + "x" * 5000,
    b"Bearer \xff\xfe",
    b"Bearer mita_\x01",
    "Bearer ' OR 1=1 --",
]


async def test_a_token_that_nobody_issued_is_refused(anonymous: httpx.AsyncClient) -> None:
    for authorization in BAD_TOKENS:
        answer = await anonymous.get("/api/v1/estates", headers={"Authorization": authorization})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert is_problem(answer)


async def test_the_token_is_asked_for_before_the_body_is_read(anonymous: httpx.AsyncClient) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    for path in ("/api/v1/estates", "/api/v1/nothing", "/api/", "/live"):
        answer = await anonymous.post(path, content=body())
        assert answer.status_code == 401, path
    assert not read


async def test_a_stranger_estate_is_not_found(app: FastAPI, client: httpx.AsyncClient, place: Place) -> None:
    scoped = [each for each in api_operations_of(app) if "estate_id" in each.parameters]
    assert len(scoped) >= 22
    for operation in scoped:
        answer = await operation.ask(client, estate_id=place.estate_id + 1000)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), operation
        assert is_problem(answer)
    body = {**BODIES["send_readings_of_estate"], "estate_id": place.estate_id + 1000}
    answer = await client.post("/api/v1/readings", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# what persons may ask for where something in the estate is theirs; everything else is staff's
MEMBERS = {
    "get_estate",
    "list_alerts",
    "mark_alert_seen",
    "list_wallets",
    "list_wallet_supplies",
    "list_homes",
    "list_payment_ways",
    "top_up_in_sandbox",
    "list_group_payment_ways",
    "top_up_group_in_sandbox",
    "get_wallet",
    "list_entries",
    "explain_entry",
    "list_grants",
    "get_grant",
    "grant_access",
    "change_access",
    "revoke_access",
    "list_access_events",
    "list_invitations",
    "invite_person",
    "withdraw_invitation",
    "create_group",
    "list_groups",
    "get_group",
    "add_group_member",
    "remove_group_member",
    "distribute_group",
    "get_distribution_rule",
    "set_distribution_rule",
    "prove_account",
    "get_allocation_rule",
    "get_wallet_allocation",
    "choose_allocation",
    "get_emergency_rule",
    "get_balance_target",
    "set_balance_target",
    "list_top_up_requests",
    "get_savings",
    "list_sharing_groups",
    "get_sharing_group",
    "list_allocations",
    "list_shared_intervals",
    "list_solar_credits",
    "list_silent_meters",
    "get_spend_limit",
    "set_spend_limit",
    "remove_spend_limit",
    "list_promotions",
    "list_debts",
    "transfer_money",
    "list_units",
    "list_unit_names",
    "search_estate",
    "list_occupancies",
    "list_ownerships",
    "list_documents",
    "get_document",
    "download_document",
    "get_meter_history",
    "list_meters",
    "get_meter",
    "list_readings",
    "send_manual_reading",
    "list_manual_readings",
    "key_in_token",
    "list_meter_tokens",
    "get_meter_token",
    "add_meter_photo",
    "download_meter_photo",
    "get_reading_window",
    "get_consumption_history",
    "get_spending_summary",
    "get_balance_forecast",
    "get_wallet_statement",
    "get_group_summary",
    "list_transactions",
    "list_flexibility_events",
    "get_flexibility_event",
    "list_flexibility_units",
    "leave_flexibility_event",
    "list_flexibility_consents",
    "get_flexibility_consent",
    "set_flexibility_consent",
}
# what lies below /auth: whoever asks has nothing to show yet
ANYBODY = {
    "sign_in",
    "sign_up",
    "verify_sign_up",
    "send_sign_in_code",
    "sign_in_with_code",
    "send_reset_code",
    "reset_password",
    "show_second_factor",
    "ask_for_passkey",
    "sign_in_with_passkey",
    "refresh_session",
    "sign_out",
    "list_signing_keys",
}
# what a person asks about themself
OF_ONESELF = {
    "export_own_data",
    "ask_own_erasure",
    "list_own_consents",
    "list_own_homes",
    "give_consent",
    "get_me",
    "list_sessions",
    "end_session",
    "end_other_sessions",
    "change_password",
    "enrol_second_factor",
    "confirm_second_factor",
    "remove_second_factor",
    "renew_backup_codes",
    "list_passkeys",
    "ask_for_new_passkey",
    "add_passkey",
    "rename_passkey",
    "remove_passkey",
    "get_push",
    "subscribe_to_push",
    "unsubscribe_from_push",
    "test_push",
}
# what persons may ask for where no estate is named
PERSONS = (
    ANYBODY
    | OF_ONESELF
    | {"list_estates", "accept_invitation", "verify_wallet", "get_rate_table_schema", "stream_events"}
    | {
        "list_import_templates",
        "download_import_template",
        "run_batch",
        "list_drivers",
        "list_estate_figures",
    }
)


async def test_a_persons_estate_is_not_found_where_nothing_is_theirs(
    app: FastAPI, stranger: httpx.AsyncClient, place: Place
) -> None:
    for operation in api_operations_of(app):
        answer = await operation.ask(stranger, estate_id=place.estate_id)
        if "estate_id" in operation.parameters:
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), operation
        elif operation.operation_id not in PERSONS:
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing"), operation
    assert (await stranger.get("/api/v1/estates")).json()["items"] == []
    answer = await stranger.post(
        "/api/v1/readings", json={**BODIES["send_readings_of_estate"], "estate_id": place.estate_id}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


async def test_a_person_does_only_what_persons_may(
    app: FastAPI, member: httpx.AsyncClient, place: Place
) -> None:
    """Whoever adds a route decides here whether persons may ask for it."""
    open_to_persons = set()
    for operation in api_operations_of(app):
        answer = await operation.ask(member, estate_id=place.estate_id)
        assert is_problem(answer) or answer.status_code in (200, 201, 202, 204), operation
        if answer.status_code != 403 or answer.json()["code"] != "permission_missing":
            open_to_persons.add(operation.operation_id)
    assert sorted(open_to_persons - MEMBERS - PERSONS) == []
    assert sorted((MEMBERS | PERSONS) - open_to_persons) == []


async def test_things_of_another_estate_are_not_found(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    """An estate's own path does not open another's things: ids are looked up within the estate."""
    created = await client.post("/api/v1/estates", json=BODIES["create_estate"])
    other = created.json()["estate_id"]
    theirs = {
        "unit_id": place.unit_id,
        "meter_id": place.meter_id,
        "wallet_id": place.wallet_id,
        "register_id": place.register_id,
        "rate_table_id": place.rate_table_id,
    }
    for operation in api_operations_of(app):
        if set(operation.parameters) & set(theirs):
            answer = await operation.ask(client, estate_id=other, **theirs)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), operation
    installed = await client.post(
        f"/api/v1/estates/{other}/meters", json={**BODIES["install_meter"], "unit_id": place.unit_id}
    )
    assert (installed.status_code, installed.json()["code"]) == (404, "not_found")


BAD_IDS = [0, -1, 2**63, 2**64, 10**30, "x", "1e3", "1.5", "%00", "%ED%A0%80", "٣", "9" * 5000, " 1;"]


async def test_an_id_that_is_none_is_refused(app: FastAPI, client: httpx.AsyncClient, place: Place) -> None:
    for bad in BAD_IDS:
        for operation in api_operations_of(app):
            for name in operation.parameters:
                answer = await operation.ask(client, **{"estate_id": place.estate_id, name: bad})
                assert answer.status_code in (404, 422), (operation, name, answer.text)
                assert is_problem(answer)


def is_uuid(operation: Operation, name: str) -> bool:
    """Tell whether a parameter of an operation's path is a UUID."""
    return operation.parameter(name).get("format") == "uuid"


LARGE_IDS: list[Any] = [2**63 - 1, 2**31, 2**53 + 1]
UUIDS: list[Any] = ["ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000"]


async def test_an_id_that_nothing_has_is_not_found(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    for operation in api_operations_of(app):
        for name in operation.parameters:
            # nobody but a person has anything below /me: test_sign_in.py, test_second_factor.py
            if name.endswith("_id") and operation.operation_id not in OF_ONESELF:
                for good in UUIDS if is_uuid(operation, name) else LARGE_IDS:
                    answer = await operation.ask(client, **{"estate_id": place.estate_id, name: good})
                    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), operation


async def test_unknown_routes_and_methods(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    answers = [
        (await client.get("/api/v1/nothing"), 404, "not_found"),
        (await client.get("/api/v2/estates"), 404, "not_found"),
        (await client.delete("/api/v1/estates"), 405, "method_not_allowed"),
        (await client.request("BREW", "/api/v1/estates"), 405, "method_not_allowed"),
        (await anonymous.get("/nothing"), 404, "not_found"),
        (await anonymous.get("/static/../app.py"), 404, "not_found"),
        (await anonymous.get("/static/%2e%2e/app.py"), 404, "not_found"),
    ]
    for answer, status, code in answers:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.request.url
        assert is_problem(answer)


async def test_health(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
