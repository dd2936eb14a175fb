"""Column types and keys that every model uses."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import mapped_column

BigKey = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
NewKey = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
UuidKey = Annotated[UUID, mapped_column(PG_UUID(as_uuid=True), primary_key=True)]
Big = Annotated[int, mapped_column(BigInteger)]
Instant = Annotated[dt.datetime, mapped_column(TIMESTAMP(timezone=True))]
InstantKey = Annotated[dt.datetime, mapped_column(TIMESTAMP(timezone=True), primary_key=True)]
Bytes = Annotated[bytes, mapped_column(BYTEA)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
