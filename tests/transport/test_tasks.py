"""What leaves a body that has background tasks around it."""

from __future__ import annotations

import builtins
import importlib
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup, TaskStatus

from deepgram_anyio.transport.tasks import background_tasks

pytestmark = pytest.mark.anyio

# Python 3.10 has the groups from the backport that anyio brings.
groups: Any = builtins if hasattr(builtins, "ExceptionGroup") else importlib.import_module("exceptiongroup")


async def fail(error: BaseException) -> None:
    raise error


async def fail_at_the_end(error: BaseException) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        raise error


async def leaving(body: Callable[[TaskGroup], Awaitable[None]]) -> BaseException:
    """What leaves `background_tasks`, with one idle task besides the body's."""
    cancelled = anyio.get_cancelled_exc_class()
    try:
        async with background_tasks() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            await body(tasks)
    except BaseException as error:
        if isinstance(error, cancelled):
            raise
        return error
    raise AssertionError("nothing left the body")


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


async def test_tasks_end_with_the_body() -> None:
    ended: list[str] = []

    async def work(name: str, *, task_status: TaskStatus[str]) -> None:
        task_status.started(name.upper())
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(name)

    async with background_tasks() as tasks:
        assert await tasks.start(work, "a") == "A"
        assert await tasks.start(work, "b") == "B"
    assert sorted(ended) == ["a", "b"]


async def test_tasks_that_finished_before_are_no_problem() -> None:
    done = anyio.Event()

    async def work() -> None:
        done.set()

    async with background_tasks() as tasks:
        tasks.start_soon(work)
        await done.wait()


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, StopAsyncIteration, RuntimeError])
async def test_exception_of_the_body_leaves_bare(kind: type[BaseException]) -> None:
    raised, cause = kind("body"), OSError("cause")

    async def body(tasks: TaskGroup) -> None:
        await anyio.lowlevel.checkpoint()
        raise raised from cause

    error = await leaving(body)
    assert error is raised
    assert error.__cause__ is cause
    assert "raise raised from cause" in printed(error)


async def test_exception_of_the_body_carries_no_noise() -> None:
    raised = ValueError("body")
    error = await leaving(lambda tasks: fail(raised))
    assert error is raised
    assert error.__context__ is None
    assert "During handling" not in printed(error)
    assert "Group" not in printed(error)


async def test_context_of_the_body_exception_is_kept() -> None:
    earlier = KeyError("earlier")

    async def body(tasks: TaskGroup) -> None:
        try:
            await fail(earlier)
        finally:
            await fail(ValueError("later"))

    error = await leaving(body)
    assert isinstance(error, ValueError)
    assert error.__context__ is earlier
    assert earlier.__context__ is None


async def test_group_raised_by_the_body_stays_the_same_object() -> None:
    group = groups.ExceptionGroup("mine", [ValueError("a"), KeyError("b")])
    assert await leaving(lambda tasks: fail(group)) is group


async def test_group_of_an_inner_task_group_stays_as_it_is() -> None:
    raised = ValueError("a")

    async def body(tasks: TaskGroup) -> None:
        async with anyio.create_task_group() as inner:
            inner.start_soon(fail, raised)

    error = await leaving(body)
    assert isinstance(error, groups.ExceptionGroup)
    assert error.exceptions == (raised,)


async def test_failure_of_one_task_cancels_the_body_and_leaves_bare() -> None:
    raised, cause = RuntimeError("task"), OSError("cause")
    raised.__cause__ = cause

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail, raised)
        await anyio.sleep_forever()

    error = await leaving(body)
    assert error is raised
    assert error.__cause__ is cause
    assert error.__context__ is None
    assert "in fail" in printed(error)


async def test_failure_of_a_task_after_the_body_ended() -> None:
    raised = RuntimeError("late")

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail_at_the_end, raised)
        await anyio.wait_all_tasks_blocked()

    assert await leaving(body) is raised


async def test_failures_of_two_tasks_leave_in_a_group() -> None:
    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail_at_the_end, ValueError("one"))
        tasks.start_soon(fail_at_the_end, KeyError("two"))
        await anyio.wait_all_tasks_blocked()

    error = await leaving(body)
    assert isinstance(error, groups.ExceptionGroup)
    assert {type(member) for member in error.exceptions} == {ValueError, KeyError}


async def test_group_raised_by_a_task_is_not_taken_apart() -> None:
    only = ValueError("only")

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail, groups.ExceptionGroup("its own", [only]))
        await anyio.sleep_forever()

    error = await leaving(body)
    assert isinstance(error, groups.ExceptionGroup)
    assert error.message == "its own"
    assert error.exceptions == (only,)


async def test_body_wins_over_a_task_and_shows_it() -> None:
    earlier, late = KeyError("earlier"), RuntimeError("task")
    raised = ValueError("body")
    raised.__context__ = earlier

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail_at_the_end, late)
        await anyio.wait_all_tasks_blocked()
        raise raised

    error = await leaving(body)
    assert error is raised
    assert error.__context__ is earlier
    assert earlier.__context__ is late
    link: BaseException | None = error.__context__
    links: list[BaseException] = [error]
    while link is not None:
        assert link not in links, "the context chain is a circle"
        links.append(link)
        link = link.__context__
    assert "RuntimeError: task" in printed(error)


async def test_body_that_raises_what_the_task_raised() -> None:
    same = ValueError("same")

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail_at_the_end, same)
        await anyio.wait_all_tasks_blocked()
        raise same

    error = await leaving(body)
    assert error is same
    assert error.__context__ is not same
    assert "ValueError: same" in printed(error)


async def test_interrupt_in_a_task_wins_over_an_error_of_the_body(anyio_backend_name: str) -> None:
    if anyio_backend_name == "asyncio":
        pytest.skip("asyncio stops its loop by itself on KeyboardInterrupt")
    raised = KeyboardInterrupt()

    async def body(tasks: TaskGroup) -> None:
        tasks.start_soon(fail_at_the_end, raised)
        await anyio.wait_all_tasks_blocked()
        raise ValueError("body")

    error = await leaving(body)
    assert error is raised
    assert "ValueError: body" in printed(error)


async def test_cancellation_from_outside_is_cancellation() -> None:
    seen: list[BaseException] = []
    with anyio.CancelScope() as scope:
        try:
            async with background_tasks() as tasks:
                tasks.start_soon(anyio.sleep_forever)
                scope.cancel()
                await anyio.sleep_forever()
        except BaseException as error:
            seen.append(error)
            raise
    assert scope.cancelled_caught
    assert [type(error) for error in seen] == [anyio.get_cancelled_exc_class()]


async def test_deadline_from_outside() -> None:
    with anyio.move_on_after(0.01) as scope:
        async with background_tasks() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_body_exception_during_outer_cancellation() -> None:
    raised = ValueError("body")
    with anyio.CancelScope() as scope:

        async def body(tasks: TaskGroup) -> None:
            scope.cancel()
            raise raised

        error = await leaving(body)
        assert error is raised
        assert error.__context__ is None
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_task_failure_during_outer_cancellation() -> None:
    raised = ValueError("task")
    with anyio.CancelScope() as scope:

        async def body(tasks: TaskGroup) -> None:
            tasks.start_soon(fail_at_the_end, raised)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.sleep_forever()

        assert await leaving(body) is raised
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_error_mixed_with_cancellation_in_one_group() -> None:
    raised = ValueError("inner")
    with anyio.CancelScope() as scope:

        async def body(tasks: TaskGroup) -> None:
            scope.cancel()
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class() as cancelled:
                raise groups.BaseExceptionGroup("mixed", [cancelled, raised]) from None

        error = await leaving(body)
        assert isinstance(error, groups.ExceptionGroup)
        assert error.exceptions == (raised,)
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_body_may_cancel_the_group_itself() -> None:
    async with background_tasks() as tasks:
        tasks.start_soon(anyio.sleep_forever)
        tasks.cancel_scope.cancel()
        await anyio.sleep_forever()
    await anyio.lowlevel.checkpoint()


async def test_nested() -> None:
    raised = ValueError("innermost")

    async def body(tasks: TaskGroup) -> None:
        async with background_tasks() as inner:
            inner.start_soon(anyio.sleep_forever)
            raise raised

    error = await leaving(body)
    assert error is raised
    assert error.__context__ is None
