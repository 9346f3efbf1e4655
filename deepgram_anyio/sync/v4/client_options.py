"""The settings of a v4 client: credentials, host, headers and switches."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from itertools import count
from typing import Any

from ..._version import __version__
from ...errors import ConfigError
from .errors import DeepgramApiKeyError

__all__ = ["ClientOptionsFromEnv", "DeepgramClientOptions"]

_DEFAULT_URL = "https://api.deepgram.com"
_LEVELS = {"SPAM": 5, "VERBOSE": 15, "NOTICE": 25, "SUCCESS": 35, "FATAL": logging.CRITICAL}


class DeepgramClientOptions:
    """Settings of a client. Every object has headers and options of its own: nothing is shared between clients.

    Attributes:
        api_key: Deepgram API key; wins over the token.
        access_token: short-lived token.
        url: API host with its scheme, without a trailing slash.
        verbose: lowest level that is logged.
        headers: sent with every request: those that were given, and ``Authorization``, ``Accept`` and ``User-Agent``.
        options: switches by name.
    """

    def __init__(
        self,
        api_key: str = "",
        access_token: str = "",
        url: str = "",
        verbose: int = logging.WARNING,
        headers: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Args:
            api_key: Deepgram API key; the environment is asked when there is no token either.
            access_token: short-lived token.
            url: API host, with an optional path prefix; ``https://api.deepgram.com``.
            verbose: lowest level that is logged; 30, warnings.
            headers: sent with every request.
            options: switches: ``keepalive`` (true or false), ``auto_flush_reply_delta`` and ``auto_flush_speak_delta``
                (milliseconds of silence after which a stream is flushed).
        """
        self.api_key: str = api_key or ""
        self.access_token: str = access_token or ""
        self.url: str = _url(url)
        self.verbose: int = verbose
        self.headers: dict[str, str] = {
            "Accept": "application/json",
            "User-Agent": f"deepgram-anyio/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}",
        }
        self._authorize()
        self.headers.update(headers or {})
        self.options: dict[str, Any] = dict(options or {})

    def set_apikey(self, api_key: str) -> None:
        """Use an API key from now on, and no token."""
        self.api_key, self.access_token = api_key, ""
        self._authorize()

    def set_access_token(self, access_token: str) -> None:
        """Use a token from now on, and no API key."""
        self.api_key, self.access_token = "", access_token
        self._authorize()

    def _authorize(self) -> None:
        if self.api_key:
            self.headers["Authorization"] = f"Token {self.api_key}"
        elif self.access_token:
            self.headers["Authorization"] = f"Bearer {self.access_token}"
        else:
            self.headers.pop("Authorization", None)

    def is_keep_alive_enabled(self) -> bool:
        """Return whether the program asked for keep-alive messages, with ``keepalive`` or ``keep_alive``."""
        return _is_on(self.options.get("keepalive")) or _is_on(self.options.get("keep_alive"))

    def is_auto_flush_reply_enabled(self) -> bool:
        """Return whether transcription streams are finalized after ``auto_flush_reply_delta`` ms without new words.

        Raises:
            ConfigError: the value is no number.
        """
        return self._delta("auto_flush_reply_delta") > 0

    def is_auto_flush_speak_enabled(self) -> bool:
        """Return whether speech streams are flushed after ``auto_flush_speak_delta`` ms without new text.

        Raises:
            ConfigError: the value is no number.
        """
        return self._delta("auto_flush_speak_delta") > 0

    def is_inspecting_listen(self) -> bool:
        """Return whether the messages of transcription streams have to be looked at, for a flush."""
        return self.is_auto_flush_reply_enabled()

    def is_inspecting_speak(self) -> bool:
        """Return whether the messages of speech streams have to be looked at, for a flush."""
        return self.is_auto_flush_speak_enabled()

    def _delta(self, name: str) -> float:
        value = self.options.get(name) or 0
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"option {name} must be a number of milliseconds, not {value!r}") from error

    def __repr__(self) -> str:
        credential = "key" if self.api_key else "token" if self.access_token else "none"
        scheme, _, host = self.url.partition("://")
        url = f"{scheme}://{host.rpartition('@')[2]}"
        return f"<{type(self).__name__} url={url!r} credential={credential} verbose={self.verbose}>"


class ClientOptionsFromEnv(DeepgramClientOptions):
    """Settings that the environment fills in where an argument is left out.

    ``DEEPGRAM_ACCESS_TOKEN``, else ``DEEPGRAM_API_KEY``; ``DEEPGRAM_HOST``; ``DEEPGRAM_LOGGING``, a number or a
    level's name; headers ``DEEPGRAM_HEADER_0`` with ``DEEPGRAM_HEADER_VALUE_0``, ``DEEPGRAM_HEADER_1``...; options
    ``DEEPGRAM_PARAM_0`` with ``DEEPGRAM_PARAM_VALUE_0``, and so on up to the first number that is missing.
    """

    def __init__(
        self,
        api_key: str = "",
        access_token: str = "",
        url: str = "",
        verbose: int = logging.WARNING,
        headers: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Args:
            api_key: Deepgram API key.
            access_token: short-lived token.
            url: API host.
            verbose: lowest level that is logged; 30 asks the environment.
            headers: sent with every request; None asks the environment.
            options: switches; None asks the environment.

        Raises:
            DeepgramApiKeyError: there is no credential.
            ConfigError: ``DEEPGRAM_LOGGING`` is no level.
        """
        if not api_key and not access_token:
            access_token = os.environ.get("DEEPGRAM_ACCESS_TOKEN", "")
            api_key = "" if access_token else os.environ.get("DEEPGRAM_API_KEY", "")
        if not api_key and not access_token:
            raise DeepgramApiKeyError("no credentials: pass one, or set DEEPGRAM_API_KEY or DEEPGRAM_ACCESS_TOKEN")
        super().__init__(
            api_key,
            access_token,
            url or os.environ.get("DEEPGRAM_HOST", ""),
            _level(os.environ.get("DEEPGRAM_LOGGING", "")) if verbose == logging.WARNING else verbose,
            _numbered("DEEPGRAM_HEADER") if headers is None else headers,
            _numbered("DEEPGRAM_PARAM") if options is None else options,
        )


def _url(text: str) -> str:
    text = (text or "").strip().rstrip("/") or _DEFAULT_URL
    return text if "://" in text else f"https://{text}"


def _is_on(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in {"", "0", "false", "no", "off"}
    return bool(value)


def _level(text: str) -> int:
    text = text.strip().upper()
    if not text:
        return logging.WARNING
    if text.isdecimal():
        return int(text)
    level = _LEVELS.get(text, logging.getLevelName(text))
    if not isinstance(level, int):
        raise ConfigError("DEEPGRAM_LOGGING must be a number, or the name of a level")
    return level


def _numbered(prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number in count():
        name = os.environ.get(f"{prefix}_{number}")
        if not name:
            break
        found[name] = os.environ.get(f"{prefix}_VALUE_{number}", "")
    return found
