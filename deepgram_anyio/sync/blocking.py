"""Blocking methods made of async ones: their signatures, types and docstrings are those of the originals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import update_wrapper
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from .loop import EventLoopThread

__all__ = [
    "Blocking",
    "BlockingContext",
    "BlockingIteration",
    "BlockingMethod",
    "Stub",
    "blocking",
    "blocking_context",
    "blocking_iteration",
    "iterate",
    "mirrors",
]

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Any])
B = TypeVar("B", bound="Blocking")


class Blocking:
    """Runs an async object's methods on the loop of the blocking clients."""

    def __init__(self, loop: EventLoopThread, target: Any) -> None:
        """
        Args:
            loop: where the object lives.
            target: the async object.
        """
        self._loop = loop
        self._target = target

    def _run(self, method: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any) -> R:
        return self._loop.call(method, self._target, *args, **kwargs)


class BlockingMethod(Generic[P, R]):
    """A coroutine method's blocking form."""

    def __init__(self, method: Callable[Concatenate[Any, P], Awaitable[R]]) -> None:
        """
        Args:
            method: of the async class.
        """

        def call(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> R:
            return self._run(method, *args, **kwargs)

        self._function: Any = update_wrapper(call, method)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], R]: ...

    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, R]: ...

    def __get__(self, instance: Blocking | None, owner: type) -> Callable[..., R]:
        bound: Callable[..., R] = self._function.__get__(instance, owner)
        return bound


class BlockingContext(Generic[P, A, B]):
    """The blocking form of a method that returns an async context manager."""

    def __init__(self, method: Callable[Concatenate[Any, P], AbstractAsyncContextManager[A]], wrapper: type[B]) -> None:
        """
        Args:
            method: of the async class.
            wrapper: what becomes of what the context manager gives.
        """

        def call(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[B]:
            return _BlockingBlock(self._loop, method(self._target, *args, **kwargs), wrapper)

        self._function: Any = update_wrapper(call, method)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], AbstractContextManager[B]]: ...

    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, AbstractContextManager[B]]: ...

    def __get__(self, instance: Blocking | None, owner: type) -> Callable[..., AbstractContextManager[B]]:
        bound: Callable[..., AbstractContextManager[B]] = self._function.__get__(instance, owner)
        return bound


class _BlockingBlock(AbstractContextManager[B]):
    """A block of a blocking program around something that lives on the loop. Forgotten, it ends with the program."""

    def __init__(self, loop: EventLoopThread, context: AbstractAsyncContextManager[Any], wrapper: type[B]) -> None:
        self._loop = loop
        self._context = loop.enter(context)
        self._wrapper = wrapper

    def __enter__(self) -> B:
        return self._wrapper(self._loop, self._context.__enter__())

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self._context.__exit__(exc_type, exc, traceback) if self._loop.alive else None


class BlockingIteration(Generic[P, R]):
    """The blocking form of a method that returns an async iterator."""

    def __init__(self, method: Callable[Concatenate[Any, P], AsyncIterator[R]]) -> None:
        """
        Args:
            method: of the async class; it does no I/O before the first item.
        """

        def call(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
            return iterate(self._loop, method(self._target, *args, **kwargs))

        self._function: Any = update_wrapper(call, method)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], Iterator[R]]: ...

    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Iterator[R]]: ...

    def __get__(self, instance: Blocking | None, owner: type) -> Callable[..., Iterator[R]]:
        bound: Callable[..., Iterator[R]] = self._function.__get__(instance, owner)
        return bound


Stub: TypeAlias = Callable[..., None]
"""What stands under the decorators below: a name, for which ``def name(self) -> None: ...`` is the shortest form."""


def blocking(method: Callable[Concatenate[Any, P], Awaitable[R]]) -> Callable[[Stub], BlockingMethod[P, R]]:
    """Make a method that blocks of a coroutine method, of which it has all but the waiting."""
    return lambda stub: BlockingMethod(method)


def blocking_context(
    method: Callable[Concatenate[Any, P], AbstractAsyncContextManager[A]], wrapper: type[B]
) -> Callable[[Stub], BlockingContext[P, A, B]]:
    """Make a method that gives a context manager of one that gives an async one, whose value is wrapped."""
    return lambda stub: BlockingContext(method, wrapper)


def blocking_iteration(
    method: Callable[Concatenate[Any, P], AsyncIterator[R]],
) -> Callable[[Stub], BlockingIteration[P, R]]:
    """Make a method that gives an iterator of one that gives an async one."""
    return lambda stub: BlockingIteration(method)


def mirrors(method: Callable[..., Any]) -> Callable[[F], F]:
    """Give a blocking function the signature and docstring of an async one, for `help` and `inspect`.

    For overloaded methods, whose types `blocking` cannot carry over; they are written out where this is used.
    """

    def decorate(function: F) -> F:
        update_wrapper(function, method)
        return function

    return decorate


_END: Any = object()


def iterate(loop: EventLoopThread, items: AsyncIterator[R]) -> Iterator[R]:
    """Iterate over what an async iterator gives, one item a time."""
    while True:
        item: Any = loop.call(_next, items)
        if item is _END:
            return
        yield item


async def _next(items: AsyncIterator[Any]) -> Any:
    try:
        return await anext(items)
    except StopAsyncIteration:
        return _END
