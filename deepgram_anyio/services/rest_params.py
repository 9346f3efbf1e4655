"""What the calls have in common that turn speech and text into something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError
from .backend import CallParams, split_params

__all__ = ["Asked", "check_text", "sort_params"]


class Asked(NamedTuple):
    """What a caller asked for.

    Attributes:
        query: the options.
        call: what every call takes.
        calls_back: the result goes to a callback, and the answer only says that it will.
    """

    query: Any
    call: CallParams
    calls_back: bool


def sort_params(cls: type[Any], options: Any, params: Mapping[str, Any], callback: str | None = None) -> Asked:
    """Sort a call's keywords.

    Args:
        cls: type of the options.
        options: parameters in a struct.
        params: parameters by name, which win over those of the struct, and `CallParams` among them.
        callback: the URL, if any, which wins, too.

    Raises:
        ConfigError: as for `split_params`.
    """
    query, call = split_params(cls, options, params if callback is None else {**params, "callback": callback})
    return Asked(query, call, query.callback is not None or "callback" in (call.get("extra_query") or ()))


def check_text(text: object) -> str:
    """Return a text that there is something in.

    Raises:
        ConfigError: it is no string, or is blank.
    """
    if not isinstance(text, str):
        raise ConfigError(f"the text must be a str, not {type(text).__name__}")
    if not text.strip():
        raise ConfigError("the text is empty")
    return text
