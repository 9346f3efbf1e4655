"""The options that every command shares, and where on the line they may stand: anywhere."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

__all__ = [
    "SHARED_PANEL",
    "EventLoop",
    "Region",
    "Settings",
    "group",
    "with_settings",
    "with_shared",
    "with_some_settings",
]

P = ParamSpec("P")

SHARED_PANEL: str = "Shared options"
"""The heading of the shared options in the help."""


class EventLoop(str, enum.Enum):
    """What a command runs on."""

    ASYNCIO = "asyncio"
    TRIO = "trio"


class Region(str, enum.Enum):
    """Where Deepgram serves."""

    GLOBAL = "global"
    EU = "eu"
    AU = "au"
    IN = "in"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the shared options say.

    Attributes:
        local: talk to an embedded server, which lives as long as the command.
        base_url: API host; None for ``DEEPGRAM_HOST`` or the region's.
        region: None for the global one.
        api_key_file: file that holds the API key; None for the environment's.
        json: print one JSON document.
        backend: event loop.
        timeout_s: seconds of silence after which the server is given up; None for the client's defaults.
        verbose: log to standard error.
    """

    local: bool = False
    base_url: str | None = None
    region: Region | None = None
    api_key_file: Path | None = None
    json: bool = False
    backend: EventLoop = EventLoop.ASYNCIO
    timeout_s: float | None = None
    verbose: bool = False


def _option(*names: str, text: str, metavar: str | None = None, least: float | None = None) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, min=least, rich_help_panel=SHARED_PANEL)


_KEY_FILE = "File that holds the API key; else $DEEPGRAM_ACCESS_TOKEN or $DEEPGRAM_API_KEY."
_OPTIONS: dict[str, Any] = {
    "local": Annotated[bool, _option("--local", text="Use an embedded server: no key, no network.")],
    "base_url": Annotated[str | None, _option("--base-url", metavar="URL", text="API host; else $DEEPGRAM_HOST.")],
    "region": Annotated[
        Region | None, _option("--region", metavar="global|eu|au|in", text="Deepgram's region; global.")
    ],
    "api_key_file": Annotated[Path | None, _option("--api-key-file", metavar="PATH", text=_KEY_FILE)],
    "json": Annotated[bool, _option("--json", text="Print one JSON document.")],
    "backend": Annotated[EventLoop | None, _option("--backend", metavar="asyncio|trio", text="Event loop; asyncio.")],
    "timeout_s": Annotated[
        float | None,
        _option("--timeout", metavar="SECONDS", text="Give the server up when it is silent for so long.", least=0.001),
    ],
    "verbose": Annotated[bool, _option("--verbose", "-v", text="Log to standard error.")],
}
assert list(_OPTIONS) == [field.name for field in fields(Settings)]


def with_settings(function: Callable[Concatenate[Settings, P], int | None]) -> Callable[..., int]:
    """Make a command of a function that takes the settings first: its signature gets the shared options.

    Args:
        function: the command; what it returns is the exit code, None for 0.
    """
    return _command(function, tuple(_OPTIONS))


def with_some_settings(
    *names: str,
) -> Callable[[Callable[Concatenate[Settings, P], int | None]], Callable[..., int]]:
    """Make a command as `with_settings` does, for one that has no use for the other shared options.

    Args:
        *names: fields of `Settings`.
    """
    return lambda function: _command(function, names)


def _command(function: Callable[Concatenate[Settings, P], int | None], names: tuple[str, ...]) -> Callable[..., int]:
    @functools.wraps(function)
    def command(ctx: typer.Context, **values: Any) -> int:
        settings = Settings(**_take(ctx, values))
        if settings.verbose:
            _log_to_stderr()
        return function(settings, **values) or 0  # type: ignore[call-arg]  # `values` are what P says

    # Typer would end lines in a paragraph where the docstring does.
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    command.__doc__ = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    # Not get_type_hints, which on Python 3.10 wraps an Optional around what has None for a default, and hides the rest.
    _sign(command, list(inspect.signature(function, eval_str=True).parameters.values())[1:], names)
    return command


def with_shared(function: Callable[P, None]) -> Callable[..., None]:
    """Make the callback of a group: the shared options may stand between its name and its command's, too."""

    @functools.wraps(function)
    def callback(ctx: typer.Context, **values: Any) -> None:
        ctx.obj = _take(ctx, values)
        function(**values)  # type: ignore[call-arg]  # `values` are what P says

    _sign(callback, list(inspect.signature(function, eval_str=True).parameters.values()), tuple(_OPTIONS))
    return callback


def group(name: str, text: str) -> typer.Typer:
    """Make a group of commands.

    Args:
        name: of the group.
        text: a sentence that says what the group is about.
    """
    return typer.Typer(
        name=name,
        help=text,
        callback=with_shared(_nothing),
        no_args_is_help=True,
        rich_markup_mode="rich",
        add_completion=False,
    )


def _nothing() -> None:
    pass


def _take(ctx: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Take the shared options out of a command's values, and add those that were given further left."""
    here = {name: values.pop(name, None) for name in _OPTIONS}
    given = {name: value for name, value in here.items() if value is not None and value is not False}
    return {**(ctx.obj or {}), **given}


def _sign(function: Callable[..., Any], own: list[inspect.Parameter], names: tuple[str, ...]) -> None:
    """Give a function the signature that typer reads: the context, its own parameters, the shared options."""
    parameters = [inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    parameters += [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    for name in names:
        default = False if name in ("local", "json", "verbose") else None
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=_OPTIONS[name])
        )
    vars(function)["__signature__"] = inspect.Signature(parameters)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def _log_to_stderr() -> None:
    import logging

    # Of others only warnings, and of ours what the client does, but not DEBUG, which may quote what somebody said.
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.INFO)
