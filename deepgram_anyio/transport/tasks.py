"""A task group for background work that does not change what leaves the caller's body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

__all__ = ["background_tasks"]


@asynccontextmanager
async def background_tasks() -> AsyncIterator[TaskGroup]:
    """Run background tasks for as long as the caller's body runs.

    The tasks are cancelled, and waited for, when the body ends in any way. An exception of the body leaves as it is:
    not in an exception group, its traceback, cause and context untouched. A task that fails cancels the body, and its
    exception leaves: bare when it is the only one, else in a group. When both fail, the body's exception leaves, with
    the task's at the end of its context chain; only a `KeyboardInterrupt` or its like in a task goes before an ordinary
    exception of the body.

    Yields:
        The task group, for `start_soon` and `start`.

    Cancellation passes through as cancellation.
    """
    body: BaseException | None = None
    tasks: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            except BaseException as error:  # noqa: BLE001 - raised again below
                cancellation, body = _split(error)
                if cancellation is not None:
                    # Only by seeing it can the cancel scopes around us tell that it arrived.
                    _reraise(cancellation)
            group.cancel_scope.cancel()
    except anyio.get_cancelled_exc_class():
        if body is None:
            raise
    except BaseException as error:  # noqa: BLE001 - raised again below
        tasks = _only_member(error)
    if tasks is not None:
        # Python gives what leaves a coroutine in the same step in which an exception was thrown into it (cancellation,
        # on asyncio) that exception as context. So leave in another step.
        await anyio.lowlevel.cancel_shielded_checkpoint()
    failure = _first_of(body, tasks)
    del body, tasks  # a frame that its own exception refers to would live until the garbage collector comes
    if failure is not None:
        try:
            _reraise(failure)
        finally:
            del failure


def _split(error: BaseException) -> tuple[BaseException | None, BaseException | None]:
    """Split into one cancellation, if there is any, and everything else."""
    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, cancelled):
        return error, None
    if not _members(error):
        return None, error
    group: Any = error
    cancellations, others = group.split(cancelled)
    while members := _members(cancellations):
        cancellations = members[0]
    return cancellations, error if cancellations is None else others


def _only_member(error: BaseException) -> BaseException | None:
    """What the task group raised, less its wrapping and any cancellation that came on top."""
    failures = _split(error)[1]
    members = _members(failures)
    return members[0] if len(members) == 1 else failures


def _members(error: BaseException | None) -> tuple[BaseException, ...]:
    # Python 3.10 has groups from a backport that only anyio depends on, so ask for the attribute instead of the class.
    members = getattr(error, "exceptions", ())
    return members if isinstance(members, tuple) else ()


def _first_of(body: BaseException | None, tasks: BaseException | None) -> BaseException | None:
    if body is None or tasks is None:
        return tasks if body is None else body
    if isinstance(body, Exception) and not isinstance(tasks, Exception):
        body, tasks = tasks, body
    _append_context(body, tasks)
    return body


def _append_context(error: BaseException, earlier: BaseException) -> None:
    chain = list(_context_chain(error))
    link: BaseException | None = None
    for other in _context_chain(earlier):
        if other in chain:
            if link is None:
                return  # it is there already
            # Trio cancels the tasks, and so makes the exceptions that start their chains, while we handle the body's.
            link.__context__ = None
            break
        link = other
    chain[-1].__context__ = earlier


def _context_chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _reraise(error: BaseException) -> NoReturn:
    """Raise, and keep the context from before: what is being handled here is no cause of the error."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context
        del error, context
