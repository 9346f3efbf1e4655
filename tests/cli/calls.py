"""Calls of the commands for administration, as they are tested with the canned answers."""

from __future__ import annotations

from .canned import CREDENTIALS, KEY, MEMBER, MODEL, PROJECT, REQUEST

__all__ = ["CALLS"]

CALLS: dict[str, list[str]] = {
    "projects-list": ["projects", "list"],
    "projects-get": ["projects", "get"],
    "projects-rename": ["projects", "rename", PROJECT, "Call center"],
    "projects-delete": ["projects", "delete", PROJECT, "--yes"],
    "projects-leave": ["projects", "leave", PROJECT, "--yes"],
    "keys-list": ["keys", "list"],
    "keys-get": ["keys", "get", KEY],
    "keys-create": [
        "keys",
        "create",
        "Ingest job",
        "--scope",
        "usage:write",
        "--ttl",
        "60",
        "--tag",
        "a",
        "--tag",
        "b",
    ],
    "keys-delete": ["keys", "delete", KEY, "--yes"],
    "members-list": ["members", "list"],
    "members-remove": ["members", "remove", MEMBER, "--yes"],
    "members-scopes": ["members", "scopes", MEMBER],
    "members-grant": ["members", "grant", MEMBER, "owner"],
    "invites-list": ["invites", "list"],
    "invites-send": ["invites", "send", "grace@example.com", "--scope", "admin"],
    "invites-delete": ["invites", "delete", "grace@example.com", "--yes"],
    "usage-summary": ["usage", "summary", "--start", "2026-01-01", "--end", "2026-01-31", "--feature", "diarize=true"],
    "usage-fields": ["usage", "fields"],
    "usage-breakdown": ["usage", "breakdown", "--by", "endpoint"],
    "requests-list": ["requests", "list", "--limit", "1", "--start", "2026-01-01", "--status", "succeeded"],
    "requests-get": ["requests", "get", REQUEST],
    "balances": ["balances"],
    "models-list": ["models", "list", "--outdated"],
    "models-list-project": ["models", "list", "--project", PROJECT],
    "models-get": ["models", "get", MODEL],
    "credentials-list": ["credentials", "list"],
    "credentials-get": ["credentials", "get", CREDENTIALS],
    "credentials-create": ["credentials", "create", "Data centre", "--scope", "self-hosted:products"],
    "credentials-delete": ["credentials", "delete", CREDENTIALS, "--yes"],
    "token-grant": ["token", "grant", "--ttl", "30"],
    "token-details": ["token", "details"],
    "read": ["read", "I would like my money back.", "--summarize", "--topics", "--intents", "--sentiment"],
}
