"""``/v1/auth``: short-lived tokens, and what a credential is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...protocol.rest.credentials import GrantedToken, TokenDetails
from .call import Handler, RestCall

__all__ = ["HANDLERS"]

_TTL_S = 30.0


async def _grant(call: RestCall) -> GrantedToken:
    ttl_s = _TTL_S if call.body.ttl_seconds is None else call.body.ttl_seconds
    return GrantedToken(access_token=call.state.store.accounts.grant(call.caller, ttl_s), expires_in=ttl_s)


async def _details(call: RestCall) -> TokenDetails:
    caller = call.caller
    return TokenDetails(
        api_key_id=caller.api_key_id,
        accessor=caller.api_key_id,
        scopes=sorted(caller.scopes),
        created=caller.created,
        expiration_date=caller.expires,
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "auth.v1.grant_token": _grant,
    "auth.v1.token_details": _details,
}
"""What answers these calls."""
