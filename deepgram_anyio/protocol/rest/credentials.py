"""Credentials: short-lived tokens, what a key is, and those of the self-hosted distribution."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta

from ..options import Options
from .base import Listing, Record, Response

__all__ = [
    "CreateDistributionCredentials",
    "CredentialsEntry",
    "CredentialsList",
    "CredentialsMember",
    "CredentialsOptions",
    "DistributionCredentials",
    "GrantToken",
    "GrantedToken",
    "TokenDetails",
]


class GrantToken(Record, kw_only=True):
    """A token to make.

    Attributes:
        ttl_seconds: how long it lives, in seconds, more than 0 and at most 3600; 30.
    """

    ttl_seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None


class GrantedToken(Response, kw_only=True):
    """A short-lived token, for ``DeepgramClient(access_token=...)``.

    Attributes:
        access_token: the token; its `repr` does not show it.
        expires_in: seconds from when it was made.
    """

    access_token: str
    expires_in: float | None = None

    def __repr__(self) -> str:
        return f"GrantedToken(expires_in={self.expires_in!r})"


class TokenDetails(Response, kw_only=True):
    """What the caller's own credential is. The route is in no specification: see `raw_response` for all it says.

    Attributes:
        api_key_id: the key's identifier.
        accessor: who uses it.
        scopes: what it may do.
        created: when it was made.
        expiration_date: when it stops working.
    """

    api_key_id: str | None = None
    accessor: str | None = None
    scopes: list[str] | None = None
    created: datetime | None = None
    expiration_date: datetime | None = None


class CredentialsMember(Record, kw_only=True):
    """Whose credentials they are.

    Attributes:
        member_id: their identifier.
        email: the address.
    """

    member_id: str | None = None
    email: str | None = None


class DistributionCredentials(Record, kw_only=True):
    """Credentials for the vendor's container registry.

    Attributes:
        distribution_credentials_id: their identifier.
        provider: the registry, ``quay``.
        comment: what they are for.
        scopes: which products they open.
        created: when they were made.
    """

    distribution_credentials_id: str | None = None
    provider: str | None = None
    comment: str | None = None
    scopes: list[str] | None = None
    created: datetime | None = None


class CredentialsEntry(Response, kw_only=True):
    """Distribution credentials, and whose they are.

    Attributes:
        member: whose it is.
        distribution_credentials: the credentials.
    """

    member: CredentialsMember | None = None
    distribution_credentials: DistributionCredentials | None = None


class CredentialsList(Listing[CredentialsEntry], kw_only=True):
    """The distribution credentials of a project.

    Attributes:
        distribution_credentials: one by one.
    """

    _items: ClassVar[str] = "distribution_credentials"

    distribution_credentials: list[CredentialsEntry] | None = None


class CredentialsOptions(Options, frozen=True, kw_only=True):
    """What new distribution credentials are for.

    Attributes:
        scopes: products: ``self-hosted:products`` for all, or ``self-hosted:product:api``, ``...:engine``,
            ``...:license-proxy``, ``...:dgtools``, ``...:billing``, ``...:hotpepper``, ``...:metrics-server``.
        provider: the registry; ``quay``.
    """

    scopes: str | list[str] | None = None
    provider: str | None = None


class CreateDistributionCredentials(Record, kw_only=True):
    """Distribution credentials to make.

    Attributes:
        comment: what it is for.
    """

    comment: str | None = None
