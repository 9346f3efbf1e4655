"""Python functions as an agent sees them: described by a JSON schema, called with JSON, answering with JSON."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..errors import ConfigError

__all__ = ["BadArgumentsError", "ClientFunction", "encode_error", "encode_result", "function_schema"]

_NO_ARGUMENTS = ("", "null")


class BadArgumentsError(ValueError):
    """An agent's arguments do not fit the function."""


class ClientFunction:
    """A function, and how to call it from JSON.

    Attributes:
        name: what the agent calls it.
        function: the function itself, sync or async.
    """

    def __init__(self, function: Callable[..., Any], *, name: str | None = None) -> None:
        """
        Args:
            function: with annotations that msgspec can read; without any, a parameter takes whatever JSON has.
            name: what the agent calls it; None for its own name.

        Raises:
            ConfigError: it cannot be called, or its annotations cannot be read.
        """
        if not callable(function):
            raise ConfigError(f"{name or function!r} is not a function")
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", type(function).__name__))
        try:
            self._parameters = inspect.signature(function).parameters
            self._types = _annotations(function)
        except (NameError, TypeError, ValueError) as error:
            raise ConfigError(f"{self.name}: cannot read its parameters: {error}") from error

    def schema(self) -> dict[str, Any]:
        """Return its entry for ``think.functions``.

        Raises:
            ConfigError: an annotation has no JSON schema.
        """
        named = [each for each in self._parameters.values() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
        try:
            schemas, parts = msgspec.json.schema_components(
                [self._type(each) for each in named], ref_template="#/$defs/{name}"
            )
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{self.name}: a parameter has no JSON schema: {error}") from error
        parameters: dict[str, Any] = {
            "type": "object",
            "properties": {each.name: _described(each, schema) for each, schema in zip(named, schemas, strict=True)},
            "required": [each.name for each in named if each.default is each.empty],
        }
        if parts:
            parameters["$defs"] = parts
        description = (inspect.getdoc(self.function) or "").partition("\n\n")[0]
        entry = {"name": self.name, "description": " ".join(description.split()), "parameters": parameters}
        return {key: value for key, value in entry.items() if value}

    def bind(self, arguments: str) -> tuple[list[Any], dict[str, Any]]:
        """Read an agent's arguments, and return what to call the function with.

        Args:
            arguments: a JSON object; numbers and flags may also come as strings.

        Raises:
            BadArgumentsError: they are no JSON object, or not what the function takes.
        """
        given = _read(arguments)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for each in self._parameters.values():
            if each.kind is each.VAR_KEYWORD:
                kwargs.update((name, self._converted(each, name, value)) for name, value in given.items())
                given = {}
            elif each.name in given and each.kind is not each.VAR_POSITIONAL:
                value = self._converted(each, each.name, given.pop(each.name))
                if each.kind is each.POSITIONAL_ONLY:
                    args.append(value)
                else:
                    kwargs[each.name] = value
            elif each.default is each.empty and each.kind is not each.VAR_POSITIONAL:
                raise BadArgumentsError(f"missing argument {each.name!r}")
        if given:
            raise BadArgumentsError(f"unknown argument {next(iter(given))!r}")
        return args, kwargs

    def _type(self, parameter: inspect.Parameter) -> Any:
        return self._types.get(parameter.name, Any)

    def _converted(self, parameter: inspect.Parameter, name: str, value: Any) -> Any:
        try:
            return msgspec.convert(value, self._type(parameter), strict=False)
        except msgspec.ValidationError as error:
            raise BadArgumentsError(f"argument {name!r}: {error}") from error


def function_schema(function: Callable[..., Any], *, name: str | None = None) -> dict[str, Any]:
    """Describe a function for ``think.functions``: its name, its docstring's first paragraph, its parameters' schema.

    Args:
        function: with annotations that msgspec can read; `typing.Annotated` with `msgspec.Meta(description=...)` says
            more about a parameter.
        name: what the agent calls it; None for its own name.

    Returns:
        an entry for ``think.functions``, as plain data.

    Raises:
        ConfigError: its parameters cannot be described.
    """
    return ClientFunction(function, name=name).schema()


def encode_result(result: Any) -> str:
    """Return a function's result as JSON; a string stays as it is.

    Raises:
        TypeError, ValueError: it holds what JSON cannot.
    """
    return result if isinstance(result, str) else msgspec.json.encode(result).decode()


def encode_error(error: BaseException) -> str:
    """Return what an agent is told of a call that failed."""
    return msgspec.json.encode({"error": f"{type(error).__name__}: {error}"}).decode()


def _annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    inner = inspect.unwrap(function)
    while hasattr(inner, "func"):  # functools.partial
        inner = inspect.unwrap(inner.func)
    if not (inspect.isroutine(inner) or inspect.isclass(inner)):
        inner = type(inner).__call__
    elif inspect.isclass(inner):
        inner = inner.__init__
    return typing.get_type_hints(inner, include_extras=True)


def _described(parameter: inspect.Parameter, schema: dict[str, Any]) -> dict[str, Any]:
    if parameter.default is parameter.empty or parameter.default is None:
        return schema
    try:
        return {**schema, "default": msgspec.to_builtins(parameter.default)}
    except (TypeError, ValueError):
        return schema  # nothing that JSON can say


def _read(arguments: str) -> dict[str, Any]:
    if arguments.strip() in _NO_ARGUMENTS:
        return {}
    try:
        given: dict[str, Any] = msgspec.json.decode(arguments, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadArgumentsError(f"not a JSON object: {error}") from error
    return given
