"""An API with the same answers every time: for what commands print."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["CREDENTIALS", "KEY", "MEMBER", "MODEL", "PROJECT", "REQUEST", "Canned", "canned"]

PROJECT = "4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c"
OTHER = "9d8c7b6a-5f4e-4d3c-8b2a-1f0e9d8c7b6a"
KEY = "7b0c1d2e-3f4a-4b5c-8d6e-7f8a9b0c1d2e"
MEMBER = "1f2e3d4c-5b6a-4978-8c9d-0e1f2a3b4c5d"
MODEL = "30089e05-99d1-4376-b32e-c263170674af"
REQUEST = "2c1d0e9f-8a7b-4c6d-9e5f-4a3b2c1d0e9f"
CREDENTIALS = "8b36cfd0-472f-4a21-833f-2d6343c3a2f3"

_KEY = {
    "api_key_id": KEY,
    "comment": "Ingest job of the night shift\x1b[31m, do not delete",
    "scopes": ["usage:write", "usage:read"],
    "tags": ["production", "eu"],
    "created": "2026-01-31T23:30:00.000000Z",
    "expiration_date": "2027-01-31T00:00:00+02:00",
}
_OWNER = {"member_id": MEMBER, "email": "ada.lovelace@example.com", "first_name": "Ada", "last_name": "Lovelace"}
_CREDENTIALS = {
    "member": {"member_id": MEMBER, "email": "ada.lovelace@example.com"},
    "distribution_credentials": {
        "distribution_credentials_id": CREDENTIALS,
        "provider": "quay",
        "comment": "Data centre",
        "scopes": ["self-hosted:product:api", "self-hosted:product:engine"],
        "created": "2026-02-03T04:05:06.007Z",
    },
}
_STT = {
    "name": "general",
    "canonical_name": "nova-3-general",
    "architecture": "nova-3",
    "languages": ["en", "en-US", "de", "de-CH", "fr", "es", "pt-BR", "nl", "hi", "ja"],
    "version": "2026-01-09.29447",
    "uuid": MODEL,
    "batch": True,
    "streaming": True,
    "formatted_output": True,
}
_TTS = {
    "name": "thalia",
    "canonical_name": "aura-2-thalia-en",
    "architecture": "aura-2",
    "languages": ["en", "en-US"],
    "version": "2025-04-07.0",
    "uuid": "73d9b4d6-1f0e-4a3b-8c5d-2e1f0a9b8c7d",
    "metadata": {"accent": "American", "age": "Adult", "tags": ["feminine"], "sample": "https://example.com/t.wav"},
}
_REQUEST = {
    "request_id": REQUEST,
    "project_uuid": PROJECT,
    "created": "2026-01-31T12:34:56.789Z",
    "path": "/v1/listen?model=nova-3&smart_format=true&diarize=true&keyterm=Deepgram&utterances=true",
    "api_key_id": KEY,
    "accessor": MEMBER,
    "code": 200,
    "deployment": "hosted",
    "response": {"details": {"duration": 12.5}},
}
_PERIOD = {"start": "2026-01-01", "end": "2026-01-31", "resolution": {"units": "day", "amount": 1}}
_USE = {"hours": 1619.724, "total_hours": 1621.749, "agent_hours": 41.335, "requests": 373381.0}
_READ = {
    "metadata": {"request_id": REQUEST, "created": "2026-01-31T12:34:56.789Z", "language": "en"},
    "results": {
        "summary": {"text": "A customer asks for a refund and is told how long that takes, which pleases nobody much."},
        "topics": {
            "segments": [
                {
                    "text": "I would like my money back.",
                    "topics": [
                        {"topic": "Refunds", "confidence_score": 0.87},
                        {"topic": "Money", "confidence_score": 0.5},
                    ],
                }
            ]
        },
        "intents": {
            "segments": [
                {
                    "text": "I would like my money back.",
                    "intents": [{"intent": "Request a refund", "confidence_score": 0.91}],
                }
            ]
        },
        "sentiments": {
            "segments": [
                {"text": "I would like my money back.", "sentiment": "negative", "sentiment_score": -0.61},
                {"text": "Thank you.", "sentiment": "positive", "sentiment_score": 0.7},
            ],
            "average": {"sentiment": "neutral", "sentiment_score": 0.05},
        },
    },
}

_AT = f"/v1/projects/{PROJECT}"
_PROJECTS = [{"project_id": PROJECT, "name": "Call centre"}, {"project_id": OTHER, "name": "Laboratory"}]
ANSWERS: dict[str, Any] = {
    f"GET {_AT}": {"project_id": PROJECT, "name": "Call centre", "mip_opt_out": False},
    f"PATCH {_AT}": {"message": "Successfully updated project info."},
    f"DELETE {_AT}": {"message": "Successfully deleted project."},
    f"DELETE {_AT}/leave": {"message": "Successfully left project."},
    f"GET {_AT}/keys": {"api_keys": [{"member": _OWNER, "api_key": _KEY}]},
    f"GET {_AT}/keys/{KEY}": {"item": {"member": {**_OWNER, "api_key": _KEY}}},
    f"POST {_AT}/keys": {
        "api_key_id": KEY,
        "key": "0123456789abcdef0123456789abcdef01234567",
        "comment": "Ingest job",
        "scopes": ["usage:write"],
    },
    f"DELETE {_AT}/keys/{KEY}": {},
    f"GET {_AT}/members": {"members": [{**_OWNER, "scopes": ["admin"]}]},
    f"DELETE {_AT}/members/{MEMBER}": {"message": "Successfully removed member."},
    f"GET {_AT}/members/{MEMBER}/scopes": {"scopes": ["admin"]},
    f"PUT {_AT}/members/{MEMBER}/scopes": {"message": "Successfully updated member scope."},
    f"GET {_AT}/invites": {"invites": [{"email": "grace@example.com", "scope": "member"}]},
    f"POST {_AT}/invites": {"message": "Successfully sent project invite."},
    f"DELETE {_AT}/invites/ada@example.com": {"message": "Successfully deleted project invite."},
    f"DELETE {_AT}/invites/grace@example.com": {"message": "Successfully deleted project invite."},
    f"GET {_AT}/usage": {
        **_PERIOD,
        "results": [
            {
                "start": "2026-01-01",
                "end": "2026-01-31",
                **_USE,
                "tokens": {"in": 1200, "out": 340},
                "tts": {"characters": 9158, "requests": 3},
            }
        ],
    },
    f"GET {_AT}/usage/fields": {
        "tags": ["production", "eu"],
        "models": [{"name": "nova-3-general", "language": "en", "version": "2026-01-09.29447", "model_id": MODEL}],
        "processing_methods": ["sync", "streaming"],
        "features": ["diarize", "smart_format", "utterances"],
        "languages": ["en", "de"],
    },
    f"GET {_AT}/usage/breakdown": {
        **_PERIOD,
        "results": [
            {**_USE, "tokens_in": 0, "tokens_out": 0, "tts_characters": 0, "grouping": {"endpoint": "listen"}},
            {
                "hours": 0,
                "tts_characters": 9158,
                "requests": 3,
                "grouping": {"endpoint": "speak", "models": ["a", "b"]},
            },
        ],
    },
    f"GET {_AT}/requests": {"page": 0, "limit": 20, "requests": [_REQUEST]},
    f"GET {_AT}/requests/{REQUEST}": {"request": _REQUEST},
    f"GET {_AT}/balances": {
        "balances": [
            {"balance_id": "b1d2c3e4", "amount": 1234.5, "units": "usd", "purchase_order_id": "025e19ba-b6d9-4a04"}
        ]
    },
    f"GET {_AT}/self-hosted/distribution/credentials": {"distribution_credentials": [_CREDENTIALS]},
    f"GET {_AT}/self-hosted/distribution/credentials/{CREDENTIALS}": _CREDENTIALS,
    f"POST {_AT}/self-hosted/distribution/credentials": _CREDENTIALS,
    f"DELETE {_AT}/self-hosted/distribution/credentials/{CREDENTIALS}": _CREDENTIALS,
    "GET /v1/models": {"stt": [_STT], "tts": [_TTS]},
    f"GET /v1/models/{MODEL}": _STT,
    f"GET {_AT}/models": {"stt": [_STT], "tts": []},
    "POST /v1/auth/grant": {"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG", "expires_in": 30},
    "GET /v1/auth/token": {
        "api_key_id": KEY,
        "accessor": MEMBER,
        "scopes": ["member"],
        "created": "2026-01-31T23:30:00Z",
    },
    "POST /v1/read": _READ,
}


@dataclass
class Canned:
    """The running API.

    Attributes:
        url: where it is.
        projects: how many projects the key belongs to: 0, 1 or 2.
        refusal: status, code and message of the answer to everything; None for the canned ones.
        empty: lists are.
        asked: method, target and body of what came.
    """

    url: str
    projects: int = 1
    refusal: tuple[int, str, str] | None = None
    empty: bool = False
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        self.asked.append((method, target, json.loads(body) if body else None))
        path = urlsplit(target).path
        if self.refusal is not None:
            status, code, message = self.refusal
            return status, {"err_code": code, "err_msg": message, "request_id": REQUEST}
        if (method, path) == ("GET", "/v1/projects"):
            return 200, {"projects": _PROJECTS[: self.projects]}
        found = ANSWERS.get(f"{method} {path}")
        if found is None:
            return 404, {"err_code": "NOT_FOUND", "err_msg": "No such thing.", "request_id": REQUEST}
        if self.empty:
            found = {name: [] if isinstance(value, list) else value for name, value in found.items()}
        return 200, found


@contextmanager
def canned() -> Iterator[Canned]:
    """Run it in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, value = api.answer(self.command, self.path, body)
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.send_header("dg-request-id", REQUEST)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = Canned(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
