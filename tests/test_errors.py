"""The errors: one tree, what they say of themselves, and that they survive leaving the process."""

from __future__ import annotations

import builtins
import copy
import pickle
from typing import Any

import pytest

from deepgram_anyio import errors
from deepgram_anyio.errors import ApiError, ConnectionClosed, DeepgramError, RateLimitError, api_error

PARENTS: dict[str, tuple[type, ...]] = {
    "ConfigError": (DeepgramError, ValueError),
    "ApiError": (DeepgramError,),
    **dict.fromkeys(
        (
            "BadRequestError",
            "AuthenticationError",
            "PaymentRequiredError",
            "PermissionDeniedError",
            "NotFoundError",
            "PayloadTooLargeError",
            "RateLimitError",
            "ServerError",
        ),
        (ApiError,),
    ),
    "TransportError": (DeepgramError,),
    "ConnectError": (errors.TransportError,),
    "TimeoutError": (errors.TransportError, builtins.TimeoutError),
    "ConnectionClosed": (errors.TransportError,),
    "ProtocolError": (DeepgramError,),
    "LocalProtocolError": (errors.ProtocolError,),
    "RemoteProtocolError": (errors.ProtocolError,),
}

CLASSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    413: errors.PayloadTooLargeError,
    429: errors.RateLimitError,
}

INSTANCES: list[DeepgramError] = [
    *(
        getattr(errors, name)("it failed")
        for name, bases in PARENTS.items()
        if bases[0] not in (DeepgramError, ApiError)
    ),
    errors.ConfigError("it failed"),
    *(api_error(status, "it failed", code="C", request_id="r", body="{}") for status in (418, 503, *CLASSES)),
    RateLimitError("it failed", retry_after=3.0),
    ConnectionClosed(code=1011, reason="NET-0001", request_id="r", lost_audio_s=1.5, unsent=640),
]


def test_the_tree() -> None:
    declared = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    assert declared == {"DeepgramError", *PARENTS}
    assert DeepgramError.__bases__ == (Exception,)
    for name, bases in PARENTS.items():
        assert getattr(errors, name).__bases__ == bases, name


def test_the_tree_is_the_documented_one() -> None:
    assert errors.__doc__ is not None
    words = set(errors.__doc__.replace("(", " ").split())
    assert set(PARENTS) <= words


@pytest.mark.parametrize("error", INSTANCES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_errors_can_be_copied(error: DeepgramError, copied: Any) -> None:
    twin = copied(error)
    assert twin is not error
    assert type(twin) is type(error)
    assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))
    assert "it failed" in str(twin) or isinstance(twin, ConnectionClosed)


@pytest.mark.parametrize(("status", "cls"), CLASSES.items())
def test_statuses_have_classes(status: int, cls: type[ApiError]) -> None:
    error = api_error(status, "no", code="C", request_id="r", body="{}")
    assert type(error) is cls
    assert (error.status, error.message, error.code, error.request_id, error.body) == (status, "no", "C", "r", "{}")


def test_every_status_has_a_class() -> None:
    for status in range(300, 600):
        error = api_error(status, "no")
        assert error.status == status
        assert type(error) is CLASSES.get(status, errors.ServerError if status >= 500 else ApiError)
        assert error.retryable == (status in (408, 429) or status >= 500)


def test_only_a_rate_limit_keeps_the_wait() -> None:
    error = api_error(429, "slow down", retry_after=2.5)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 2.5
    assert not hasattr(api_error(503, "busy", retry_after=2.5), "retry_after")
    assert RateLimitError("slow down").status == 429


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ApiError("no", status=418), "no (HTTP 418)"),
        (ApiError("no", status=400, code="Bad Request"), "no (HTTP 400, Bad Request)"),
        (ApiError("no", status=400, code="B", request_id="r"), "no (HTTP 400, B, request r)"),
        (ConnectionClosed(), "connection closed with code 1006"),
        (ConnectionClosed("the peer left", code=1001), "the peer left"),
        (ConnectionClosed(code=1011, reason="NET-0001"), "connection closed with code 1011: NET-0001"),
        (ConnectionClosed(lost_audio_s=0.0), "connection closed with code 1006"),
        (
            ConnectionClosed("gone", reason="why", lost_audio_s=1.256, request_id="r"),
            "gone: why; 1.26 s of audio without a final result (request r)",
        ),
        (errors.ConfigError("wrong"), "wrong"),
        (errors.TimeoutError("too late"), "too late"),
    ],
)
def test_what_errors_say(error: DeepgramError, text: str) -> None:
    assert str(error) == text


def test_a_body_is_not_in_the_text() -> None:
    error = api_error(500, "no", body="<html>secret</html>")
    assert "secret" not in str(error)
    assert "secret" not in repr(error)
