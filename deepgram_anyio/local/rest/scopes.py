"""What a credential may do.

A scope is a role or a single permission. The roles hold each other: ``owner`` may do what ``admin`` may, and ``admin``
what ``member`` may. A permission to write is one to read, too.

| role | may |
|---|---|
| ``member`` | speech, text and agents (``usage:write``); read everything about the project |
| ``admin`` | also change the project, its keys, members, invitations, stored agents and distribution credentials |
| ``owner`` | also delete the project |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ..answers import Refusal

if TYPE_CHECKING:
    from .accounts import Caller

__all__ = ["PERMISSIONS", "ROLES", "SCOPES", "TOKEN_SCOPE", "permissions", "require"]

_READ: Final = frozenset(
    f"{subject}:read"
    for subject in ("agents", "billing", "invites", "keys", "members", "project", "self-hosted", "usage")
)
_CHANGE: Final = frozenset(
    f"{subject}:write" for subject in ("agents", "invites", "keys", "members", "project", "self-hosted")
)

TOKEN_SCOPE: Final = "usage:write"  # noqa: S105 - a scope's name
"""The one permission of a granted token: speech, text and agents."""

ROLES: Final[dict[str, frozenset[str]]] = {
    "member": _READ | {TOKEN_SCOPE},
    "admin": _READ | _CHANGE | {TOKEN_SCOPE},
    "owner": _READ | _CHANGE | {TOKEN_SCOPE, "project:destroy"},
}
"""What each role may do."""

PERMISSIONS: Final = ROLES["owner"]
"""Every permission that there is."""

SCOPES: Final = PERMISSIONS | ROLES.keys()
"""Every scope that a key can have."""


def permissions(scopes: Iterable[str]) -> frozenset[str]:
    """Return all that some scopes permit; those that are unknown permit nothing."""
    found: set[str] = set()
    for scope in scopes:
        found |= ROLES.get(scope, {scope} & PERMISSIONS)
    found |= {f"{name.removesuffix(':write')}:read" for name in found if name.endswith(":write")}
    return frozenset(found)


def require(caller: Caller, permission: str) -> None:
    """See to it that a caller may do something.

    Raises:
        Refusal: 403.
    """
    if permission not in permissions(caller.scopes):
        raise Refusal(403, "INSUFFICIENT_PERMISSIONS", f"The credential lacks the permission {permission}.")
