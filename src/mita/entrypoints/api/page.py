"""The page: sign in, the units of every estate as they stand, one unit in detail, a top-up by hand."""

import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from mita.entrypoints.api.cells import cells_of, columns_of, totals_of
from mita.entrypoints.api.overview import UNITS_MAX, unit_views
from mita.entrypoints.api.problems import problem, unauthorized
from mita.entrypoints.api.rendering import render
from mita.entrypoints.api.sessions import COOKIE, LIFETIME, Sessions
from mita.entrypoints.api.unit_page import unit_facts
from mita.entrypoints.web import APP_PATH
from mita.estates import queries as estate_queries
from mita.identity.domain import Principal
from mita.kit.clock import now_utc
from mita.kit.errors import Invalid, NotFound, Refusal
from mita.kit.money import BIGINT_MAX, NotExact, parse_micro
from mita.kit.shapes import show_instant
from mita.kit.web import Edge, EstateId
from mita.metering import queries as metering_queries
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp

router = APIRouter(include_in_schema=False)

UnitId = Annotated[int, Path(ge=1, le=BIGINT_MAX)]

_ESTATES_MAX = 50
_IDS_MAX = 300
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_CLEAN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,200}")


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = _edge(request).parts["sessions"]
    return sessions


def _signed_in(request: Request) -> Principal | None:
    return _sessions(request).principal_of_page(request)


def _is_own_form(request: Request) -> bool:
    """Tell whether a form came from a page of ours: SameSite alone trusts sibling sites."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    return request.headers.get("sec-fetch-site") in ("same-origin", "none")


def _foreign(request: Request) -> Response:
    return problem(request.url.path, status=403, detail="the form did not come from this page")


@router.get("/")
async def show_units(request: Request) -> HTMLResponse:
    """Show every estate's units, or the sign-in."""
    if _signed_in(request) is None:
        return render(request, "sign_in.html", error="")
    now = now_utc()
    database = _edge(request).database
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
    estates = []
    async with database.unit_of_work(estates=seen) as session:
        for estate in await estate_queries.estates(session, limit=_ESTATES_MAX):
            shown = await _estate_view(session, estate_id=estate.estate_id, now=now)
            estates.append(
                {"estate_id": estate.estate_id, "name": estate.name, "currency": estate.currency, **shown}
            )
    return render(
        request,
        "units.html",
        estates=estates,
        as_of=show_instant(now),
        units_max=UNITS_MAX,
        more_estates=len(seen) - len(estates),
    )


async def _estate_view(session: AsyncSession, *, estate_id: int, now: datetime) -> dict[str, Any]:
    views = await unit_views(session, estate_id=estate_id)
    columns = columns_of(views)
    held = await metering_queries.waiting_count(session, estate_id=estate_id)
    rejected = await metering_queries.rejection_count(session, estate_id=estate_id)
    rows = [
        {"unit_id": view.unit_id, "name": view.name, "cells": cells_of(view, columns=columns, now=now)}
        for view in views
    ]
    totals = {**totals_of(views), "held": str(held), "rejected": str(rejected)}
    return {"columns": columns, "rows": rows, "totals": totals}


@router.get(APP_PATH)
async def go_to_app() -> RedirectResponse:
    """Show the way to the web app, which lives below this address."""
    return RedirectResponse(f"{APP_PATH}/", status_code=308)


@router.post("/session")
async def sign_in(request: Request, token: Annotated[str, Form(max_length=400)] = "") -> Response:
    """Sign in with a token; the cookie holds a signed session and not the token."""
    if not _is_own_form(request):
        return _foreign(request)
    principal = await _sessions(request).principal_of_token(token.strip())
    if principal is None or not principal.is_console:
        # the page shows every estate: it is staff's
        error = (
            "That token is not known here. Copy the whole line that mita up printed; it starts with mita_."
        )
        return render(request, "sign_in.html", status=401, error=error)
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        COOKIE,
        _sessions(request).new_session(principal, now=now_utc()),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/session/end")
async def sign_out(request: Request) -> Response:
    """Forget the session in this browser."""
    if not _is_own_form(request):
        return _foreign(request)
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/page/units")
async def show_changes(
    request: Request, estate_id: Annotated[int, Query(ge=1, le=BIGINT_MAX)], ids: str = ""
) -> Response:
    """Return the cells of some units, and the estate's totals, for the page to patch itself with."""
    if _signed_in(request) is None:
        return unauthorized(request.url.path)
    now = now_utc()
    async with _edge(request).database.unit_of_work(estates=[estate_id]) as session:
        await estate_queries.estate(session, estate_id=estate_id)
        views = await unit_views(session, estate_id=estate_id)
    wanted = _ids(ids)
    columns = columns_of(views)
    units = [
        {"unit_id": view.unit_id, "cells": cells_of(view, columns=columns, now=now)}
        for view in views
        if not wanted or view.unit_id in wanted
    ]
    return JSONResponse({"units": units, "totals": totals_of(views), "as_of": show_instant(now)})


def _ids(text: str) -> set[int]:
    parts = text.split(",") if text else []
    if len(parts) > _IDS_MAX or not all(re.fullmatch(r"[0-9]{1,18}", part, re.ASCII) for part in parts):
        message = f"must be up to {_IDS_MAX} numbers with commas between them"
        raise Invalid(f"ids {message}", problems=[{"path": "query.ids", "message": message}])
    return {int(part) for part in parts}


@router.get("/units/{estate_id}/{unit_id}")
async def show_unit(request: Request, estate_id: EstateId, unit_id: UnitId, booked: str = "") -> HTMLResponse:
    """Show one unit: balances, entries, readings, supply, and the top-up form."""
    if _signed_in(request) is None:
        return render(request, "sign_in.html", error="")
    return await _unit_page(request, estate_id=estate_id, unit_id=unit_id, booked=booked == "1")


async def _unit_page(
    request: Request,
    *,
    estate_id: int,
    unit_id: int,
    status: int = 200,
    booked: bool = False,
    form: dict[str, str] | None = None,
) -> HTMLResponse:
    now = now_utc()
    async with _edge(request).database.unit_of_work(estates=[estate_id]) as session:
        facts = await unit_facts(session, estate_id=estate_id, unit_id=unit_id, now=now)
    empty = {"amount": "", "utility": "", "method": "cash", "reference": "", "error": "", "key": str(uuid4())}
    return render(
        request,
        "unit.html",
        status=status,
        booked=booked,
        as_of=show_instant(now),
        form={**empty, **(form or {})},
        **facts,
    )


@router.post("/units/{estate_id}/{unit_id}/top-ups")
async def top_up_unit(
    request: Request,
    estate_id: EstateId,
    unit_id: UnitId,
    amount: Annotated[str, Form(max_length=40)] = "",
    utility: Annotated[str, Form(max_length=40)] = "",
    method: Annotated[str, Form(max_length=40)] = "",
    reference: Annotated[str, Form(max_length=200)] = "",
    key: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Book a receipt from the form; a second click carries the same key and books nothing."""
    principal = _signed_in(request)
    if principal is None:
        return unauthorized(request.url.path)
    if not _is_own_form(request):
        return _foreign(request)
    form = {"amount": amount, "utility": utility, "method": method, "reference": reference, "key": key}
    try:
        checked = _checked(form)
        async with _edge(request).database.unit_of_work(estates=[estate_id]) as session:
            wallet_id = await _wallet_of_unit(session, estate_id=estate_id, unit_id=unit_id)
            await wallets.receive_top_up(
                session,
                estate_id=estate_id,
                top_up=TopUp(wallet_id, checked, method, reference, utility or None),
                idempotency_key=key,
                actor=principal.actor,
                now=now_utc(),
            )
    except NotFound:
        raise
    except Refusal as error:
        form["error"] = error.detail[:1].upper() + error.detail[1:] + "."
        return await _unit_page(request, estate_id=estate_id, unit_id=unit_id, status=error.status, form=form)
    return RedirectResponse(f"/units/{estate_id}/{unit_id}?booked=1", status_code=303)


async def _wallet_of_unit(session: AsyncSession, *, estate_id: int, unit_id: int) -> int:
    await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    if not accounts:
        raise Invalid("the unit has no wallet yet: install a meter first")
    return accounts[0].wallet_id


def _checked(form: dict[str, str]) -> int:
    """Return the amount in micro.

    :raises Invalid: if a field of the form cannot be meant
    """
    if not _KEY.fullmatch(form["key"]) or not _CLEAN.fullmatch(form["reference"]):
        raise Invalid("the form is damaged: load the page again")
    try:
        amount_micro = parse_micro(form["amount"].replace(" ", "").replace(",", "."))
    except NotExact as error:
        raise Invalid("enter the amount as a number such as 200.00") from error
    return amount_micro
