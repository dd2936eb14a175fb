"""Routes of API keys."""

from datetime import timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request, status

from mita.identity import operations, queries
from mita.identity.domain import Permission, Principal
from mita.identity.operations import BeyondOwn, KeyEnded, NewKey
from mita.identity.schemas.keys import ApiKeyIn, ApiKeyMade, ApiKeyOut, RotationIn, api_key_out
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page, page_of
from mita.kit.web import Asking, Now, edge, missing, needs, platform_work, refusals

router = APIRouter(tags=["API keys"])
ApiKeyId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The API key", examples=[1])]
_OVERLAP = timedelta(hours=1)


def _manager(asking: Asking) -> Principal:
    """Return a caller who may manage keys somewhere.

    :raises mita.kit.errors.PermissionMissing: if there is no such place
    """
    caller = cast("Principal", asking)
    manages = any(
        Permission.KEYS_MANAGE in grant.permissions and grant.unit_id is None for grant in caller.grants
    )
    if not manages and not caller.is_console:
        raise missing(Permission.KEYS_MANAGE)
    return caller


def _managed(caller: Principal) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """Return the estates and the organisations of which a caller manages keys; None is any."""
    if caller.may(Permission.KEYS_MANAGE, estate_id=None):
        return None, None
    grants = [
        each for each in caller.grants if each.unit_id is None and Permission.KEYS_MANAGE in each.permissions
    ]
    estates = frozenset(estate_id for each in grants for estate_id in each.estate_ids or ())
    return estates, frozenset(each.organisation_id for each in grants if each.organisation_id is not None)


@router.get(
    "/api-keys",
    operation_id="list_api_keys",
    summary="List API keys",
    responses=refusals(Invalid),
)
@needs(Permission.KEYS_MANAGE, or_own=True)
async def list_api_keys(
    request: Request,
    asking: Asking,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ApiKeyOut]:
    """Keys that reach nothing but what you manage, by id; continue with ``after_id`` = ``next``."""
    estate_ids, organisation_ids = _managed(_manager(asking))
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.api_keys(
            session,
            estate_ids=estate_ids,
            organisation_ids=organisation_ids,
            after_id=after_id,
            limit=limit + 1,
        )
    return page_of(rows, limit=limit, shown=api_key_out, cursor=lambda item: item.api_key_id)


@router.post(
    "/api-keys",
    operation_id="create_api_key",
    summary="Make an API key",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(BeyondOwn, NotFound, Invalid),
)
@needs(Permission.KEYS_MANAGE, or_own=True)
async def create_api_key(request: Request, asking: Asking, body: ApiKeyIn, now: Now) -> ApiKeyMade:
    """Make one and answer its secret, this once. It may do what it was made for, and never more than you."""
    caller = _manager(asking)
    asked = NewKey(
        body.name,
        frozenset(body.permissions),
        body.organisation_id,
        None if body.estate_ids is None else tuple(body.estate_ids),
        body.expires_at,
        body.requests_per_minute,
    )
    async with platform_work(request) as session:
        if caller.estate_ids() is None and asked.estate_ids:
            # whoever may everywhere might name an estate that comes only later
            known = await edge(request).estates_of(session, caller)
            if unknown := sorted(set(asked.estate_ids) - set(known)):
                raise NotFound(f"estate {unknown[0]} does not exist")
        row, secret = await operations.create_api_key(session, asked=asked, caller=caller, now=now)
        return ApiKeyMade(api_key=api_key_out(row), secret=secret)


@router.get(
    "/api-keys/{api_key_id}",
    operation_id="get_api_key",
    summary="Get one API key",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.KEYS_MANAGE, or_own=True)
async def get_api_key(request: Request, asking: Asking, api_key_id: ApiKeyId) -> ApiKeyOut:
    """One key, without its secret."""
    caller = _manager(asking)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        return api_key_out(await operations.api_key_for(session, api_key_id=api_key_id, caller=caller))


@router.post(
    "/api-keys/{api_key_id}/rotate",
    operation_id="rotate_api_key",
    summary="Make a key that takes another's place",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, BeyondOwn, KeyEnded, Invalid),
)
@needs(Permission.KEYS_MANAGE, or_own=True)
async def rotate_api_key(
    request: Request, asking: Asking, api_key_id: ApiKeyId, body: RotationIn, now: Now
) -> ApiKeyMade:
    """Answer the new secret, this once; the old key works until ``overlap_until``, without it for an hour."""
    caller = _manager(asking)
    async with platform_work(request) as session:
        row = await operations.api_key_for(session, api_key_id=api_key_id, caller=caller)
        until = max(now, body.overlap_until or now + _OVERLAP)
        made, secret = await operations.rotate_api_key(
            session, row=row, overlap_until=until, caller=caller, now=now
        )
        return ApiKeyMade(api_key=api_key_out(made), secret=secret)


@router.delete(
    "/api-keys/{api_key_id}",
    operation_id="revoke_api_key",
    summary="Revoke an API key",
    responses=refusals(NotFound, KeyEnded, Invalid),
)
@needs(Permission.KEYS_MANAGE, or_own=True)
async def revoke_api_key(request: Request, asking: Asking, api_key_id: ApiKeyId, now: Now) -> ApiKeyOut:
    """End it at once; its record stays."""
    caller = _manager(asking)
    async with platform_work(request) as session:
        row = await operations.api_key_for(session, api_key_id=api_key_id, caller=caller)
        await operations.revoke_api_key(session, row=row, actor=asking.actor, now=now)
        return api_key_out(row)
