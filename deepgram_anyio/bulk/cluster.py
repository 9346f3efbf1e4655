"""Many recordings on a Dask cluster: the workers send, this process keeps the manifest and writes the results."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import msgspec
from anyio.from_thread import BlockingPortal

from ..client import DeepgramClient
from ..errors import ConfigError, DeepgramError
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from ..protocol.rest.transcription import Transcription
from ..services.rest_params import Asked
from ..services.transcribe import TranscribeParams
from ..transport.bodies import Progress
from .batch import Batch
from .manifest import Manifest
from .outputs import OutputFormat, Outputs
from .recordings import Recording
from .transcribe import ItemProgress, Sources, Transcribed, run_batch, sort_batch_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ClusterError", "transcribe_on_dask"]


class ClusterError(DeepgramError):
    """The cluster could not do its part: a recording ended several workers, or the scheduler is gone."""


@asynccontextmanager
async def transcribe_on_dask(
    cluster: Any,
    sources: Sources,
    options: PrerecordedOptions | None = None,
    *,
    make_client: Callable[[], DeepgramClient] = DeepgramClient,
    jobs: int | None = None,
    manifest: str | os.PathLike[str] | Manifest | None = None,
    output_dir: str | os.PathLike[str] | None = None,
    output_format: OutputFormat | None = None,
    overwrite: bool = False,
    checksum: bool = False,
    grace_s: float = 30.0,
    on_progress: Callable[[ItemProgress], object] | None = None,
    **params: Unpack[TranscribeParams],
) -> AsyncIterator[Batch[Transcribed]]:
    """Transcribe many recordings on a Dask cluster; else as `transcribe_many`. Needs the extra ``dask``.

    ```python
    async with transcribe_on_dask("tcp://scheduler:8786", recordings, manifest="calls.jsonl", output_dir="t") as batch:
        async for outcome in batch:
            print(outcome.key, outcome.state)
    ```

    Each worker holds one client, and has as many recordings under way as it has threads (``dask worker --nthreads``);
    the calls run on its event loop and need no thread themselves. What a killed worker had under way is sent again by
    another one. This process alone writes the manifest and the results. Cancellation is that of `transcribe_many`.

    Credentials never travel: each worker's client finds them on the worker, in ``DEEPGRAM_ACCESS_TOKEN`` or
    ``DEEPGRAM_API_KEY``, or where `make_client` looks for them.

    Args:
        cluster: a ``distributed.Client``, or the address of a scheduler.
        sources: as for `transcribe_many`. The workers must be able to read files by the same absolute paths.
        options: parameters in a struct, the same for all.
        make_client: makes a worker's client, on the worker. It is pickled, so it must look for keys, not hold them.
        jobs: how many are with the cluster at a time, at most; None for as many as its workers have threads now.
        manifest: as for `transcribe_many`; likewise the following.
        output_dir: folder for the results, written by this process.
        output_format: ``text``, ``json``, ``srt`` or ``vtt``.
        overwrite: write over files that the manifest does not know.
        checksum: know a changed file by its content.
        grace_s: seconds for what is under way when the block ends early.
        on_progress: called with an `ItemProgress`; there is none of state ``sending``.
        **params: parameters by name, which win over `options`; also those of `CallParams`.

    Yields:
        A `Batch`: iterate over it for a `Transcribed` each.

    Raises:
        ConfigError: options that cannot work; workers without credentials; or ``distributed`` is not installed.
        ManifestError: the manifest cannot be used.
        ClusterError: there is no scheduler at that address.
    """
    asked = sort_batch_params(options, params)
    if output_format is None and output_dir is not None:
        output_format = "json"
    folder = None if output_dir is None else Path(output_dir)
    outputs = Outputs(format=output_format, folder=folder, overwrite=overwrite)
    async with _connected(cluster) as client, BlockingPortal() as portal:
        errands = _Errands(client, portal, asked)
        async with errands.on_workers(make_client):
            if jobs is None:
                jobs = max(1, sum((await _ask(client, client.nthreads)).values()))
            async with run_batch(
                errands.perform,
                sources,
                asked,
                jobs=jobs,
                manifest=manifest,
                outputs=outputs,
                checksum=checksum,
                grace_s=grace_s,
                on_progress=on_progress,
            ) as batch:
                yield batch


class _Errands:
    """The recordings that are with the cluster."""

    def __init__(self, client: Any, portal: BlockingPortal, asked: Asked) -> None:
        self._client = client
        self._portal = portal
        self._asked = asked
        self._name = f"deepgram-anyio-{uuid.uuid4().hex[:12]}"
        self._numbers = count(1)

    @asynccontextmanager
    async def on_workers(self, make_client: Callable[[], DeepgramClient]) -> AsyncIterator[None]:
        """Let every worker, also those to come, hold a client for as long as the block."""
        from .dask_worker import ClientPlugin

        plugin = ClientPlugin(make_client)
        try:
            await _ask(self._client, self._client.register_plugin, plugin, name=self._name)
            yield
        finally:
            with anyio.CancelScope(shield=True), suppress(OSError):  # the scheduler may be gone
                await _ask(self._client, self._client.unregister_worker_plugin, name=self._name)

    async def perform(self, recording: Recording, _sent: Progress) -> Transcription:
        """Have a worker transcribe a recording."""
        from .dask_worker import Errand, transcribe_errand

        recording = _with_whole_path(recording)
        future = self._client.submit(
            transcribe_errand,
            self._name,
            Errand(recording=recording, query=self._asked.query, call=self._asked.call),
            key=f"transcribe-{self._name}-{next(self._numbers)}",
            pure=False,
        )
        try:
            await self._until_done(future)
            answer = await self._answer_of(future)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await _ask(self._client, future.cancel)
            raise
        finally:
            future.release()
        if answer.error is not None:
            raise answer.error
        transcription = msgspec.json.decode(answer.raw.content, type=Transcription)
        transcription.attach(answer.raw)
        return transcription

    async def _until_done(self, future: Any) -> None:
        done = anyio.Event()

        def tell(_future: Any) -> None:
            with suppress(RuntimeError):  # nobody waits any more
                self._portal.start_task_soon(done.set)

        future.add_done_callback(tell)
        await done.wait()

    async def _answer_of(self, future: Any) -> Any:
        from distributed.scheduler import KilledWorker

        if future.status in ("cancelled", "lost"):
            raise ClusterError("the cluster has lost it: its scheduler has ended or was restarted")
        try:
            return await _ask(self._client, future.result)
        except KilledWorker as error:
            raise ClusterError(f"it ended the workers that it was given to: {error}") from error


def _with_whole_path(recording: Recording) -> Recording:
    return recording if recording.url is not None else replace(recording, source=os.path.abspath(recording.source))


@asynccontextmanager
async def _connected(cluster: Any) -> AsyncIterator[Any]:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ConfigError(f'a Dask cluster needs {error.name}: pip install "deepgram-anyio[dask]"') from error
    if isinstance(cluster, Client):
        yield cluster
        return
    if not isinstance(cluster, str):
        raise ConfigError(f"the cluster must be a distributed.Client or an address, not {type(cluster).__name__}")
    connect: Any = Client
    try:
        client = await anyio.to_thread.run_sync(lambda: connect(cluster, set_as_default=False))
    except (OSError, ValueError) as error:
        raise ClusterError(f"there is no scheduler at {cluster}: {error}") from error
    try:
        yield client
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(client.close)


async def _ask(client: Any, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a method of Dask's client, which blocks unless the client was made for this event loop."""
    if client.asynchronous:
        return await method(*args, **options)
    return await anyio.to_thread.run_sync(lambda: method(*args, **options))
