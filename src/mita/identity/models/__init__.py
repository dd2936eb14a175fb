"""Tables of identity."""

from .answers import KeptAnswer
from .audit import AuditChange, AuditEntry, AuditLink
from .keys import ApiKey, DeviceReplay, DeviceToken, Impersonation
from .people import ApiToken, Person, RoleGrant
from .privacy import Consent, Erasure, RetentionRule
from .sign_in import (
    BackupCode,
    Challenge,
    Identifier,
    JoinCode,
    JoinRequest,
    OneTimeCode,
    Passkey,
    Password,
    PersonSession,
    RefreshToken,
    SecondFactor,
    SignInFailure,
    SigningKey,
)

__all__ = [
    "ApiKey",
    "ApiToken",
    "AuditChange",
    "AuditEntry",
    "AuditLink",
    "BackupCode",
    "Challenge",
    "Consent",
    "DeviceReplay",
    "DeviceToken",
    "Erasure",
    "Identifier",
    "Impersonation",
    "JoinCode",
    "JoinRequest",
    "KeptAnswer",
    "OneTimeCode",
    "Passkey",
    "Password",
    "Person",
    "PersonSession",
    "RefreshToken",
    "RetentionRule",
    "RoleGrant",
    "SecondFactor",
    "SignInFailure",
    "SigningKey",
]
