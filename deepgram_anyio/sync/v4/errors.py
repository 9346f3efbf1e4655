"""The errors of v4, as leaves of the one tree: whoever catches `DeepgramError` or `ApiError` catches these too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ApiError, ConfigError, DeepgramError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "DeepgramApiError",
    "DeepgramApiKeyError",
    "DeepgramError",
    "DeepgramMicrophoneError",
    "DeepgramModuleError",
    "DeepgramSpeakerError",
    "DeepgramTypeError",
    "DeepgramUnknownApiError",
    "HttpStatus",
]


class HttpStatus(int):
    """An HTTP status that equals its text too: v4 had texts, so that programs compare with ``"404"``.

    Attributes:
        text: as it was given. A text that is no number counts as 0.
    """

    text: str

    def __new__(cls, value: int | str) -> Self:
        text = str(value)
        status = super().__new__(cls, int(text) if text.isdecimal() else 0)
        status.text = text
        return status

    def __eq__(self, other: object) -> bool:
        return self.text == other if isinstance(other, str) else int(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __str__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if spec else self.text


class DeepgramApiError(ApiError):
    """The server answered with an error.

    Attributes:
        status: the HTTP status, equal to its number and to its text.
        original_error: what this was made from: an `ApiError`, whose class tells more, or None.
    """

    status: HttpStatus

    def __init__(
        self,
        message: str,
        status: int | str,
        original_error: BaseException | None = None,
        *,
        code: str | None = None,
        request_id: str | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message, status=HttpStatus(status), code=code, request_id=request_id, body=body)
        self.original_error = original_error

    @classmethod
    def from_api_error(cls, error: ApiError) -> DeepgramApiError:
        """Return an `ApiError` in the form of v4, with all that it knows."""
        if isinstance(error, DeepgramApiError):
            return error
        return cls(error.message, error.status, error, code=error.code, request_id=error.request_id, body=error.body)

    @property
    def name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.name}: {self.message} (Status: {self.status})"


class DeepgramUnknownApiError(DeepgramApiError):
    """The server's answer made no sense."""


class _MessageError(DeepgramError):
    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class DeepgramApiKeyError(_MessageError, ConfigError):
    """There is no credential, or it cannot be one."""


class DeepgramTypeError(_MessageError, ConfigError, TypeError):
    """A source or an option is of a type that cannot be used."""


class DeepgramModuleError(_MessageError):
    """A router was asked for something that it does not have."""


class DeepgramMicrophoneError(_MessageError):
    """The microphone could not be used."""


class DeepgramSpeakerError(_MessageError):
    """The loudspeaker could not be used."""
