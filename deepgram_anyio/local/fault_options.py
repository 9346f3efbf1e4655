"""What the embedded server can be told to do wrong: `FaultOptions`."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ..errors import ConfigError

__all__ = ["ABNORMAL", "FaultOptions"]

ABNORMAL: Final = 1006
"""Stands for a connection that ends without a close frame (RFC 6455, section 7.4.1)."""

_NO_STATUS = 1005
_MAX_REASON_BYTES = 123

_Seconds = Annotated[float, Meta(ge=0, le=86_400)]
_Count = Annotated[int, Meta(ge=1)]
_CountFromZero = Annotated[int, Meta(ge=0)]

_CLOSES = ("close_after_s", "close_after_messages", "close_after_audio_s", "error_closes")
_ERROR = ("error_after_messages",)
_REFUSAL = ("refuse_status",)
# What means nothing without one of the others, and so was meant otherwise.
_NEEDS = {
    "refuse_count": _REFUSAL,
    "refuse_what": _REFUSAL,
    "retry_after_s": _REFUSAL,
    "odd_kind": ("odd_every",),
    "error_kind": _ERROR,
    "error_code": _ERROR,
    "error_closes": _ERROR,
    "close_code": _CLOSES,
    "close_reason": _CLOSES,
    "idle_ignores_keep_alive": ("idle_kill_s",),
}


class FaultOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the embedded server misbehaves: `deepgram_anyio.local.serve(faults=FaultOptions(close_after_s=5))`.

    The defaults do nothing. Faults combine, and what ends a stream first ends it. "Messages" of the server are JSON and
    audio alike, without those that a fault puts in.

    Attributes:
        connections: faults of streams hit the first so many sockets that are opened; None for all. Refusals have a
            count of their own.
        seed: of what is random: the choice of odd_kind=mixed.
        refuse_status: answer with this HTTP status, 400 to 599, and the API's error body.
        refuse_count: refuse the first so many; None for all.
        refuse_what: which are refused and counted: all, sockets (WebSocket handshakes) or requests (REST calls).
        retry_after_s: send a Retry-After with refusals, in seconds.
        accept_delay_s: hold back the 101 of a handshake by so many seconds.
        greeting_delay_s: hold back Connected, Welcome, SettingsApplied, and the first Metadata of /v1/speak, by so many
            seconds each.
        late_finals_s: hold back final Results and EndOfTurn, and so what comes behind them, by so many seconds.
        drop_metadata: never send the closing message, Metadata or SessionMetadata; the close comes as usual.
        odd_every: every so many JSON messages one is odd, see odd_kind.
        odd_kind: what is odd: unknown_type, wrong_form (of a known type) and invalid_json are messages that come before
            it, unknown_field is a field in it; mixed draws one of these.
        error_after_messages: say an error in-band after so many messages of the server; 0 for at once.
        error_kind: an Error (error) or a Warning (warning).
        error_code: its code.
        error_closes: close the stream after it, with close_code.
        close_after_s: close a stream so many seconds after its 101.
        close_after_messages: close it after so many messages of the server; 0 for at once.
        close_after_audio_s: close it after so many seconds of audio came in, raw or WAV.
        close_code: with which code: 1000 to 1003, 1007 to 1014, 3000 to 4999, or 1006 to drop the connection without a
            close frame. Default 1011.
        close_reason: with which reason, of at most 123 bytes. Default NET-0000 for 1011, DATA-0000 for 1008, else none.
        idle_kill_s: close a stream with 1011 and NET-0001 when its client sent nothing for so many seconds.
        idle_ignores_keep_alive: a KeepAlive does not count as something sent.

    Raises:
        ConfigError: a value of the wrong type or out of range, or one that means nothing without another.
    """

    connections: _Count | None = None
    seed: int = 0
    refuse_status: Annotated[int, Meta(ge=400, le=599)] | None = None
    refuse_count: _Count | None = None
    refuse_what: Literal["all", "sockets", "requests"] = "all"
    retry_after_s: _CountFromZero | None = None
    accept_delay_s: _Seconds = 0.0
    greeting_delay_s: _Seconds = 0.0
    late_finals_s: _Seconds = 0.0
    drop_metadata: bool = False
    odd_every: _Count | None = None
    odd_kind: Literal["unknown_type", "wrong_form", "invalid_json", "unknown_field", "mixed"] = "unknown_type"
    error_after_messages: _CountFromZero | None = None
    error_kind: Literal["error", "warning"] = "error"
    error_code: str = "INTERNAL_SERVER_ERROR"
    error_closes: bool = False
    close_after_s: _Seconds | None = None
    close_after_messages: _CountFromZero | None = None
    close_after_audio_s: _Seconds | None = None
    close_code: int | None = None
    close_reason: str | None = None
    idle_kill_s: _Seconds | None = None
    idle_ignores_keep_alive: bool = False

    def __post_init__(self) -> None:
        fields = {field.name: field for field in msgspec.structs.fields(self)}
        for name, field in fields.items():
            _convert(name, getattr(self, name), field.type, strict=True)
        given = {name for name, field in fields.items() if getattr(self, name) != field.default}
        for name in fields:
            needed = _NEEDS.get(name, ())
            if name in given and needed and given.isdisjoint(needed):
                raise ConfigError(f"fault {name} needs {' or '.join(needed)}")
        _check_code(self.close_code)
        _check_reason(self.close_reason, self.close_code)

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> FaultOptions:
        """Make options of texts such as ``close_after_s=5``; of two with the same name, the last one counts.

        Args:
            texts: ``NAME=VALUE``, each.

        Returns:
            the options.

        Raises:
            ConfigError: not of that form, an unknown name, or as for the constructor.
        """
        types = {field.name: field.type for field in msgspec.structs.fields(cls)}
        values: dict[str, Any] = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if name not in types:
                near = difflib.get_close_matches(name, types, n=1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise ConfigError(f"unknown fault {name!r}{hint}; valid are {', '.join(types)}")
            if not equals:
                raise ConfigError(f"fault {name} needs a value: {name}=VALUE")
            values[name] = _convert(name, value, types[name], strict=False)
        return cls(**values)

    @classmethod
    def explanations(cls) -> dict[str, str]:
        """Return what each option does, by name; empty where Python was told to leave out docstrings."""
        found = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(cls) or "", re.MULTILINE)
        return {name: " ".join(text.split()) for name, text in found if name in cls.__struct_fields__}


def _convert(name: str, value: Any, type_: Any, *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, type_, strict=strict)
    except msgspec.ValidationError as error:
        raise ConfigError(f"fault {name}={value}: {error}{_choices(type_)}") from error


def _choices(type_: Any) -> str:
    choices = getattr(type_, "__args__", ())
    return f"; one of {', '.join(choices)}" if all(isinstance(choice, str) for choice in choices) and choices else ""


def _check_code(code: int | None) -> None:
    if code == _NO_STATUS:
        # Hypercorn makes an int of the code, and wsproto then makes 1000 of that.
        raise ConfigError(
            "fault close_code=1005: the embedded server's web server cannot send a close frame without a status; "
            "use a fault proxy, or a peer of your own"
        )
    if code is None or code == ABNORMAL:
        return
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ConfigError(
            f"fault close_code={code}: must be 1000 to 1003, 1007 to 1014, 3000 to 4999, or 1006 for no close frame"
        )


def _check_reason(reason: str | None, code: int | None) -> None:
    if reason is None:
        return
    if code == ABNORMAL:
        raise ConfigError("fault close_reason: a connection that is dropped (close_code=1006) gives no reason")
    try:
        length = len(reason.encode())
    except UnicodeEncodeError as error:
        raise ConfigError(f"fault close_reason: not Unicode: {error}") from error
    if length > _MAX_REASON_BYTES:
        raise ConfigError(f"fault close_reason: {length} bytes are more than the {_MAX_REASON_BYTES} that fit")
