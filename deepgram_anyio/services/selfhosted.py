"""Self-hosting: credentials for the vendor's container registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..protocol.options import merge_options
from ..protocol.rest.base import make_body
from ..protocol.rest.credentials import (
    CreateDistributionCredentials,
    CredentialsEntry,
    CredentialsList,
    CredentialsOptions,
)
from ..protocol.rest.operations import operation
from .backend import Backend, CallParams

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["DistributionCredentialsCalls", "SelfHosted", "SelfHostedV1"]


class DistributionCredentialsCalls:
    """The distribution credentials of a project."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, project_id: str, **call: Unpack[CallParams]) -> CredentialsList:
        """List a project's distribution credentials.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("selfhosted.v1.credentials.list"),
            call,
            returns=CredentialsList,
            fields={"project_id": project_id},
        )

    async def get(
        self, project_id: str, distribution_credentials_id: str, **call: Unpack[CallParams]
    ) -> CredentialsEntry:
        """Get distribution credentials.

        Args:
            project_id: the project.
            distribution_credentials_id: which ones.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("selfhosted.v1.credentials.get"),
            call,
            returns=CredentialsEntry,
            fields={"project_id": project_id, "distribution_credentials_id": distribution_credentials_id},
        )

    async def create(
        self,
        project_id: str,
        comment: str | None = None,
        scopes: str | Sequence[str] | None = None,
        provider: str | None = None,
        **call: Unpack[CallParams],
    ) -> CredentialsEntry:
        """Make distribution credentials.

        Args:
            project_id: the project.
            comment: what they are for.
            scopes: which products they open: ``self-hosted:products``, the server's default, for all; or any of those
                that `CredentialsOptions` lists.
            provider: the registry; None for the server's default, ``quay``.
            **call: see `CallParams`.

        Returns:
            the credentials.

        Raises:
            ConfigError: an argument of the wrong type.
        """
        query = merge_options(CredentialsOptions, None, {"scopes": scopes, "provider": provider})
        return await self._backend.call(
            operation("selfhosted.v1.credentials.create"),
            call,
            returns=CredentialsEntry,
            fields={"project_id": project_id},
            query=query,
            body=make_body(CreateDistributionCredentials, comment=comment),
        )

    async def delete(
        self, project_id: str, distribution_credentials_id: str, **call: Unpack[CallParams]
    ) -> CredentialsEntry:
        """Delete distribution credentials: they stop working.

        Args:
            project_id: the project.
            distribution_credentials_id: which ones.
            **call: see `CallParams`.

        Returns:
            What was deleted.
        """
        return await self._backend.call(
            operation("selfhosted.v1.credentials.delete"),
            call,
            returns=CredentialsEntry,
            fields={"project_id": project_id, "distribution_credentials_id": distribution_credentials_id},
        )


class SelfHostedV1:
    """Version 1 of the calls for self-hosting. Calls raise as those of `ManageV1` do.

    Attributes:
        credentials: distribution credentials.
    """

    def __init__(self, backend: Backend) -> None:
        self.credentials: DistributionCredentialsCalls = DistributionCredentialsCalls(backend)


class SelfHosted:
    """Self-hosting.

    Attributes:
        v1: version 1.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: SelfHostedV1 = SelfHostedV1(backend)
