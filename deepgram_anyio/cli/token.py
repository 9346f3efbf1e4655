"""``token``: short-lived tokens, and what the caller's own credential is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import Output, text_of
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["grant_token", "show_token", "token_app"]

token_app: typer.Typer = group("token", "Grant a short-lived token, or show what your own credential is.")


@token_app.command("grant")
@with_settings
def grant_token(
    settings: Settings,
    ttl: Annotated[
        float | None,
        typer.Option("--ttl", metavar="SECONDS", min=0.001, max=3600, help="How long it lives, at most 3600; 30."),
    ] = None,
) -> int:
    """Grant a short-lived token, for a browser or a device. It is printed alone on standard output.

    Example: deepgram-anyio token grant --ttl 300

    Example: DEEPGRAM_ACCESS_TOKEN=$(deepgram-anyio token grant) deepgram-anyio models list
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        granted = await dg.auth.v1.grant_token(ttl)
        output.secret(granted, granted.access_token)
        if granted.expires_in is not None:
            output.note(f"The token can be used for {text_of(granted.expires_in)} s from now.")

    return run_async(settings, main)


@token_app.command("details")
@with_settings
def show_token(settings: Settings) -> int:
    """Show what the credential in use is, and what it may do.

    Example: deepgram-anyio token details
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        found = await dg.auth.v1.token_details()
        if output.json:
            output.document(found)
            return
        pairs = [
            ("Key", found.api_key_id),
            ("Accessor", found.accessor),
            ("Scopes", found.scopes),
            ("Created", found.created),
            ("Expires", found.expiration_date or "never"),
        ]
        output.record("Credential in use", pairs)

    return run_async(settings, main)
