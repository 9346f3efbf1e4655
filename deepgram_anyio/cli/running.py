"""Running a command's coroutine: with a client, on the chosen event loop, until it ends or somebody interrupts it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from .failures import EXIT_CREDENTIALS, CommandError
from .settings import EventLoop, Settings

if TYPE_CHECKING:
    import anyio

    from ..client import DeepgramClient

__all__ = ["finishing", "held", "make_client", "read_key", "run_async", "run_bare", "server_url"]


def held() -> AbstractContextManager[anyio.Event]:
    """Let the first Ctrl-C set an event instead of cancelling: ``with held() as pressed:``.

    For commands that end in good order when they are told to. What such a command returns is its exit code; None
    stands for 130.
    """
    from .interruptions import current

    return current().held()


def finishing(deadline_s: float) -> AbstractContextManager[anyio.CancelScope]:
    """Shield a block that saves what an interrupted command has: ``with finishing(5.0): await save()``.

    Args:
        deadline_s: seconds after which it is cancelled all the same, as by a second Ctrl-C.
    """
    from .interruptions import current

    return current().finishing(deadline_s)


def run_async(settings: Settings, main: Callable[[DeepgramClient], Awaitable[int | None]]) -> int:
    """Run a command with a client.

    Args:
        settings: the shared options; with ``local``, the client has a server of its own.
        main: the command; Ctrl-C cancels it.

    Returns:
        The exit code: what the command returned, or 130 after Ctrl-C, or 143 after the request to terminate.
    """

    async def with_client() -> int | None:
        async with make_client(settings) as dg:
            return await main(dg)

    return run_bare(settings, with_client)


def run_bare(settings: Settings, main: Callable[[], Awaitable[int | None]]) -> int:
    """Run a command that needs no client, or makes its own; else as `run_async`."""
    import anyio

    from .interruptions import interruptible

    if settings.backend is EventLoop.TRIO:
        _need_trio()
    return anyio.run(interruptible, main, backend=settings.backend.value)


def make_client(settings: Settings, **server_options: Any) -> DeepgramClient:
    """Make the client that the settings ask for.

    Args:
        settings: the shared options.
        **server_options: of the embedded server, with ``--local``.

    Raises:
        CommandError: credentials are missing, or their file cannot be used.
        ConfigError: settings that cannot work.
    """
    from .. import ClientConfig, ConfigError, DeepgramClient, Timeouts

    silent_s = settings.timeout_s
    timeouts = (
        Timeouts()
        if silent_s is None
        else Timeouts(connect_s=silent_s, send_s=silent_s, read_s=silent_s, drain_s=silent_s)
    )
    config = ClientConfig(timeouts=timeouts)
    if settings.local:
        return DeepgramClient.local(config=config, **server_options)
    try:
        return DeepgramClient(
            api_key=read_key(settings),
            base_url=settings.base_url,
            region=_region(settings),
            config=config,
        )
    except ConfigError as error:
        if not str(error).startswith("no credentials"):
            raise
        raise CommandError(
            "no credentials: set DEEPGRAM_API_KEY, or name a file that holds the key with --api-key-file; "
            "--local needs none",
            kind="credentials",
            exit_code=EXIT_CREDENTIALS,
        ) from error


def server_url(settings: Settings) -> str:
    """Return the API host that the settings name, whether there is a key or not.

    Raises:
        ConfigError: settings that cannot work.
    """
    from .. import DeepgramClient

    # The client, which resolves the names, is never opened, and the key that it asks for goes nowhere.
    return DeepgramClient("unused", base_url=settings.base_url, region=_region(settings)).base_url


def read_key(settings: Settings) -> str | None:
    """Return the key of ``--api-key-file``; None without.

    Raises:
        CommandError: the file holds something else than one line.
        OSError: it cannot be read.
    """
    if settings.api_key_file is None:
        return None
    try:
        lines = settings.api_key_file.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise CommandError(f"{settings.api_key_file}: not a text file", kind="file") from error
    if len(lines) != 1:
        raise CommandError(f"{settings.api_key_file}: must hold one API key and nothing else", kind="file")
    return lines[0]


def _region(settings: Settings) -> str | None:
    return None if settings.region is None else settings.region.value


def _need_trio() -> None:
    try:
        import trio  # noqa: F401
    except ModuleNotFoundError as error:
        raise CommandError('--backend trio needs trio: pip install "deepgram-anyio[trio]"') from error
