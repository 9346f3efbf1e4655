"""``.../self-hosted/distribution/credentials``: credentials that open no registry, but behave as if they did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from ...protocol.rest.credentials import (
    CredentialsEntry,
    CredentialsList,
    CredentialsMember,
    DistributionCredentials,
)
from .call import Handler, RestCall
from .queries import SELF_HOSTED_SCOPES

__all__ = ["HANDLERS"]


async def _list(call: RestCall) -> CredentialsList:
    return CredentialsList(distribution_credentials=call.state.store.credentials.all(call.project.project_id))


async def _get(call: RestCall) -> CredentialsEntry:
    return call.state.store.credentials.get(call.project.project_id, call.fields["distribution_credentials_id"])


async def _create(call: RestCall) -> CredentialsEntry:
    store, query = call.state.store, call.query
    member = store.accounts.member(call.project, call.caller.member_id)
    scopes = [query.scopes] if isinstance(query.scopes, str) else query.scopes or [SELF_HOSTED_SCOPES[0]]
    credentials_id = str(uuid.uuid4())
    entry = CredentialsEntry(
        member=CredentialsMember(member_id=member.member_id, email=member.email),
        distribution_credentials=DistributionCredentials(
            distribution_credentials_id=credentials_id,
            provider=query.provider or "quay",
            comment=call.body.comment,
            scopes=list(dict.fromkeys(scopes)),
            created=store.clock(),
        ),
    )
    return store.credentials.put(call.project.project_id, credentials_id, entry)


async def _delete(call: RestCall) -> CredentialsEntry:
    return call.state.store.credentials.pop(call.project.project_id, call.fields["distribution_credentials_id"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "selfhosted.v1.credentials.list": _list,
    "selfhosted.v1.credentials.get": _get,
    "selfhosted.v1.credentials.create": _create,
    "selfhosted.v1.credentials.delete": _delete,
}
"""What answers these calls."""
