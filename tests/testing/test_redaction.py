"""Credentials do not get into recordings, and everything else stays as it is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.testing.redaction import (
    kept_headers,
    scrubbed,
    scrubbed_bytes,
    scrubbed_query,
    secrets_of,
)

SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        ({"authorization": f"Token {SECRET}"}, {SECRET}),
        ({"authorization": f"Bearer {SECRET}"}, {SECRET}),
        ({"sec-websocket-protocol": f"token, {SECRET}"}, {SECRET}),
        ({"x-api-key": SECRET, "user-agent": "anything"}, {SECRET}),
        ({"authorization": "", "host": "here"}, set()),
    ],
)
def test_what_is_secret(headers: dict[str, str], secrets: set[str]) -> None:
    assert secrets_of(headers) == secrets


@pytest.mark.parametrize(
    ("message", "clean"),
    [
        ('{"key":"k","keyterm":"k","n":1}', '{"key":"REDACTED","keyterm":"k","n":1}'),
        ('{"a":[{"Authorization":"x"}]}', '{"a":[{"Authorization":"REDACTED"}]}'),
        (
            '{"credentials":{"type":"iam","secret_access_key":"x"}}',
            '{"credentials":{"type":"REDACTED","secret_access_key":"REDACTED"}}',
        ),
        ('{"url":"https://me:word@host/path"}', '{"url":"https://REDACTED@host/path"}'),
        ('{"token":null, "x":  1}', '{"token":null, "x":  1}'),
        (f'{{"text":"my key is {SECRET}"}}', '{"text":"my key is REDACTED"}'),
        (f"no JSON: {SECRET}", "no JSON: REDACTED"),
        ('{"type":  "Finalize"}', '{"type":  "Finalize"}'),
    ],
)
def test_messages(message: str, clean: str) -> None:
    assert scrubbed(message, {SECRET}) == clean
    assert scrubbed(clean, {SECRET}) == clean


def test_a_servers_messages_lose_the_credential_only() -> None:
    assert scrubbed(f'{{"key":"abc", "id":"{SECRET}"}}', {SECRET}, named=False) == '{"key":"abc", "id":"REDACTED"}'


@pytest.mark.parametrize(
    ("query", "clean"),
    [
        ("model=a&keyterm=b%20c", "model=a&keyterm=b%20c"),
        ("model=a&token=abc", "model=a&token=REDACTED"),
        ("callback=https%3A%2F%2Fme%3Aword%40host%2F", "callback=https%3A%2F%2FREDACTED%40host%2F"),
        (f"tag={SECRET}", "tag=REDACTED"),
    ],
)
def test_queries(query: str, clean: str) -> None:
    assert scrubbed_query(query, {SECRET}) == clean


def test_headers_and_bytes() -> None:
    headers = {"dg-request-id": "1", "set-cookie": "x", "content-type": "text/plain", "server": "y"}
    assert kept_headers(headers) == {"dg-request-id": "1", "content-type": "text/plain"}
    assert scrubbed_bytes(b"ab" + SECRET.encode() + b"cd", {SECRET}) == b"ab" + b"*" * len(SECRET) + b"cd"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_secret_is_left(value: object) -> None:
    text = msgspec.json.encode({"authorization": SECRET, "value": value, "deep": [{"x": SECRET}]}).decode()
    assert SECRET not in scrubbed(text, {SECRET})
