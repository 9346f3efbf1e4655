"""Errors and client settings of v4: they say what v4's say, and never a credential."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest

from deepgram_anyio import errors as own
from deepgram_anyio.sync.v4.client_options import ClientOptionsFromEnv, DeepgramClientOptions
from deepgram_anyio.sync.v4.errors import (
    DeepgramApiError,
    DeepgramApiKeyError,
    DeepgramError,
    DeepgramMicrophoneError,
    DeepgramModuleError,
    DeepgramSpeakerError,
    DeepgramTypeError,
    DeepgramUnknownApiError,
    HttpStatus,
)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ACCESS_TOKEN", "API_KEY", "HOST", "LOGGING", "HEADER_0", "PARAM_0"):
        monkeypatch.delenv(f"DEEPGRAM_{name}", raising=False)
    return monkeypatch


def test_the_root_is_the_one_root() -> None:
    assert DeepgramError is own.DeepgramError


def test_api_errors_print_as_in_v4() -> None:
    cause = ValueError("why")
    error = DeepgramApiError("No such thing", "404", cause)
    assert str(error) == "DeepgramApiError: No such thing (Status: 404)"
    assert (error.name, error.message, error.original_error) == ("DeepgramApiError", "No such thing", cause)
    assert str(DeepgramUnknownApiError("m", "500")) == "DeepgramUnknownApiError: m (Status: 500)"
    assert not error.retryable
    assert DeepgramApiError("m", "503").retryable


def test_a_status_equals_its_number_and_its_text() -> None:
    status = DeepgramApiError("m", "404").status
    assert status == 404
    assert status == "404"
    assert status != "400"
    assert status != 400
    assert {404: "here"}[status] == "here"
    assert (str(status), f"{status}", f"{status:05d}") == ("404", "404", "00404")
    odd = HttpStatus("unknown")
    assert odd == "unknown"
    assert (str(odd), int(odd)) == ("unknown", 0)


def test_native_errors_keep_all_they_know() -> None:
    native = own.api_error(429, "slow down", code="TOO_MANY", request_id="r1", body="{}", retry_after=2.0)
    error = DeepgramApiError.from_api_error(native)
    assert type(error) is DeepgramApiError
    assert isinstance(error, own.ApiError)
    assert (error.status, error.code, error.request_id, error.body) == (429, "TOO_MANY", "r1", "{}")
    assert error.original_error is native
    assert DeepgramApiError.from_api_error(error) is error


@pytest.mark.parametrize(
    ("cls", "bases"),
    [
        (DeepgramApiKeyError, (own.ConfigError, ValueError)),
        (DeepgramTypeError, (own.ConfigError, TypeError)),
        (DeepgramModuleError, (DeepgramError,)),
        (DeepgramMicrophoneError, (DeepgramError,)),
        (DeepgramSpeakerError, (DeepgramError,)),
        (DeepgramUnknownApiError, (DeepgramApiError, own.ApiError)),
    ],
)
def test_errors_are_leaves_of_the_tree(cls: type[Any], bases: tuple[type[Any], ...]) -> None:
    assert all(issubclass(cls, base) for base in bases)


@pytest.mark.parametrize(
    "error",
    [
        DeepgramTypeError("what"),
        DeepgramApiKeyError("what"),
        DeepgramApiError("what", "404", code="c", request_id="r", body="b"),
        DeepgramUnknownApiError("what", 500),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickle(error: DeepgramError) -> None:
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert (str(other), other.args, other.__dict__) == (str(error), error.args, error.__dict__)


def test_errors_made_from_native_ones_survive_pickle() -> None:
    error = DeepgramApiError.from_api_error(own.api_error(401, "no", request_id="r"))
    other = pickle.loads(pickle.dumps(error))
    assert str(other) == str(error)
    assert type(other.original_error) is own.AuthenticationError


def test_settings_of_nothing() -> None:
    options = DeepgramClientOptions()
    assert (options.api_key, options.access_token, options.verbose, options.options) == ("", "", 30, {})
    assert options.url == "https://api.deepgram.com"
    assert "Authorization" not in options.headers


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "https://api.deepgram.com"),
        ("api.eu.deepgram.com", "https://api.eu.deepgram.com"),
        ("https://gw.example/dg/", "https://gw.example/dg"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("wss://gw.example/", "wss://gw.example"),
    ],
)
def test_urls(given: str, url: str) -> None:
    assert DeepgramClientOptions(url=given).url == url


def test_credentials_replace_each_other() -> None:
    options = DeepgramClientOptions("key", "token", headers={"X": "1"})
    assert options.headers["Authorization"] == "Token key"
    options.set_access_token("other")
    assert (options.api_key, options.access_token) == ("", "other")
    assert options.headers["Authorization"] == "Bearer other"
    options.set_apikey("new")
    assert (options.api_key, options.access_token) == ("new", "")
    assert options.headers["Authorization"] == "Token new"
    assert options.headers["X"] == "1"
    options.set_apikey("")
    assert "Authorization" not in options.headers


def test_secrets_are_not_shown() -> None:
    options = DeepgramClientOptions("s3cret", headers={"X-Gateway": "s3cret"}, url="https://me:s3cret@gw.example")
    assert repr(options) == "<DeepgramClientOptions url='https://gw.example' credential=key verbose=30>"
    assert "credential=token" in repr(DeepgramClientOptions(access_token="s3cret"))
    assert "credential=none" in repr(DeepgramClientOptions())


def test_nothing_is_shared() -> None:
    headers, switches = {"X": "1"}, {"keepalive": "true"}
    one, other = (DeepgramClientOptions("k", headers=headers, options=switches) for _ in range(2))
    one.headers["Y"] = "2"
    one.options["speaker_playback"] = "true"
    assert "Y" not in other.headers
    assert other.options == switches == {"keepalive": "true"}
    assert headers == {"X": "1"}
    assert one != other
    assert len({one, other}) == 2


@pytest.mark.parametrize("name", ["keepalive", "keep_alive"])
@pytest.mark.parametrize(
    ("value", "on"), [("true", True), (True, True), ("yes", True), ("false", False), ("0", False), (None, False)]
)
def test_keep_alive(name: str, value: Any, on: bool) -> None:
    assert DeepgramClientOptions(options={name: value}).is_keep_alive_enabled() is on
    assert DeepgramClientOptions().is_keep_alive_enabled() is False


@pytest.mark.parametrize(
    ("value", "on"), [("2000", True), (1.5, True), ("0.5", True), (0, False), ("-1", False), (None, False)]
)
def test_auto_flush(value: Any, on: bool) -> None:
    reply = DeepgramClientOptions(options={"auto_flush_reply_delta": value})
    assert reply.is_auto_flush_reply_enabled() is reply.is_inspecting_listen() is on
    assert reply.is_auto_flush_speak_enabled() is reply.is_inspecting_speak() is False
    speak = DeepgramClientOptions(options={"auto_flush_speak_delta": value})
    assert speak.is_auto_flush_speak_enabled() is speak.is_inspecting_speak() is on
    assert speak.is_auto_flush_reply_enabled() is speak.is_inspecting_listen() is False


def test_auto_flush_takes_numbers_only() -> None:
    with pytest.raises(own.ConfigError, match="auto_flush_reply_delta must be a number"):
        DeepgramClientOptions(options={"auto_flush_reply_delta": "soon"}).is_inspecting_listen()


def test_the_environment_has_to_name_a_credential(env: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeepgramApiKeyError, match="DEEPGRAM_API_KEY"):
        ClientOptionsFromEnv()
    assert ClientOptionsFromEnv("key").api_key == "key"
    env.setenv("DEEPGRAM_API_KEY", "from-env")
    assert ClientOptionsFromEnv().headers["Authorization"] == "Token from-env"
    env.setenv("DEEPGRAM_ACCESS_TOKEN", "token")
    assert ClientOptionsFromEnv().headers["Authorization"] == "Bearer token"
    assert ClientOptionsFromEnv("key").access_token == ""
    assert ClientOptionsFromEnv(access_token="mine").access_token == "mine"


def test_the_environment_fills_in_the_rest(env: pytest.MonkeyPatch) -> None:
    env.setenv("DEEPGRAM_API_KEY", "key")
    env.setenv("DEEPGRAM_HOST", "https://gw.example/")
    env.setenv("DEEPGRAM_LOGGING", "10")
    for number in (0, 1, 3):
        env.setenv(f"DEEPGRAM_HEADER_{number}", "X-Same" if number else "X-First")
        env.setenv(f"DEEPGRAM_HEADER_VALUE_{number}", str(number))
        env.setenv(f"DEEPGRAM_PARAM_{number}", "same")
    env.setenv("DEEPGRAM_PARAM_VALUE_1", "1")
    options = ClientOptionsFromEnv()
    assert (options.url, options.verbose, options.options) == ("https://gw.example", 10, {"same": "1"})
    assert {name: text for name, text in options.headers.items() if name.startswith("X-")} == {
        "X-First": "0",
        "X-Same": "1",
    }
    options = ClientOptionsFromEnv(url="https://arg", verbose=20, headers={"A": "b"}, options={})
    assert (options.url, options.verbose, options.options) == ("https://arg", 20, {})
    assert "X-First" not in options.headers


@pytest.mark.parametrize(
    ("text", "level"),
    [("", logging.WARNING), ("debug", logging.DEBUG), ("NOTICE", 25), ("spam", 5), ("critical", 50), ("17", 17)],
)
def test_levels(env: pytest.MonkeyPatch, text: str, level: int) -> None:
    env.setenv("DEEPGRAM_LOGGING", text)
    assert ClientOptionsFromEnv("key").verbose == level


def test_levels_have_to_exist(env: pytest.MonkeyPatch) -> None:
    env.setenv("DEEPGRAM_LOGGING", "loud")
    with pytest.raises(own.ConfigError, match="DEEPGRAM_LOGGING"):
        ClientOptionsFromEnv("key")
