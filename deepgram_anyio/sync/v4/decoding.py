"""How wire objects become records: one plan per class, made from its annotations when it is first needed.

Live results come thousands of times a second, so a plan does as much as it can for all keys at once: an object that
holds nothing but known plain fields, such as a word, costs two dict updates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

__all__ = ["EXTRA", "Plan", "decode", "plan_of"]

EXTRA = "_extra"
"""Where a record keeps what is none of its fields. Absent when there is nothing of that kind."""

_Convert: TypeAlias = Callable[[Any], Any]


class Plan:
    """What decoding, encoding and setting attributes need to know of one record class.

    Attributes:
        names: the fields, in order.
        fields: the same as a set.
        shown: those of them that a `repr` shows.
        plain: the fields whose values are taken as they are.
        converters: the others, with what makes their values.
        defaults: values of absent fields; a field without a default is None.
        factories: the defaults that every record needs one of its own of.
        finish: called with a decoded record; None for most.
    """

    __slots__ = ("converters", "defaults", "factories", "fields", "finish", "names", "plain", "shown")

    def __init__(self, cls: type[Any]) -> None:
        fields = dataclasses.fields(cls)
        hints = get_type_hints(cls)
        found = {field.name: _converter(hints[field.name]) for field in fields}
        self.names: tuple[str, ...] = tuple(found)
        self.shown: tuple[str, ...] = tuple(field.name for field in fields if field.repr)
        self.fields: frozenset[str] = frozenset(found)
        self.plain: frozenset[str] = frozenset(name for name, convert in found.items() if convert is None)
        self.converters: dict[str, _Convert] = {name: convert for name, convert in found.items() if convert is not None}
        self.defaults: dict[str, Any] = {
            field.name: None if field.default is dataclasses.MISSING else field.default for field in fields
        }
        self.factories: list[tuple[str, Callable[[], Any]]] = [
            (field.name, field.default_factory) for field in fields if field.default_factory is not dataclasses.MISSING
        ]
        self.finish: Callable[[Any], None] | None = getattr(cls, "_decoded", None)


_plans: dict[type[Any], Plan] = {}


def plan_of(cls: type[Any]) -> Plan:
    """Return a record class's plan."""
    plan = _plans.get(cls)
    if plan is None:
        # Two threads may both get here; they make equal plans.
        plan = _plans[cls] = Plan(cls)
    return plan


def decode(cls: type[Any], data: Mapping[str, Any]) -> Any:
    """Make a record. Values of an unexpected shape are kept as they are, and so are unknown keys."""
    plan = _plans.get(cls) or plan_of(cls)
    record = object.__new__(cls)
    attributes = record.__dict__
    attributes.update(plan.defaults)
    for name, factory in plan.factories:
        if name not in data:
            attributes[name] = factory()
    if data.keys() <= plan.plain:
        attributes.update(data)
    else:
        _decode_each(plan, attributes, data)
    if plan.finish is not None:
        plan.finish(record)
    return record


def _decode_each(plan: Plan, attributes: dict[str, Any], data: Mapping[str, Any]) -> None:
    plain, converters = plan.plain, plan.converters
    extra = {}
    for key, value in data.items():
        if key in plain:
            attributes[key] = value
        elif key in converters:
            attributes[key] = converters[key](value)
        else:
            extra[key] = value
    if extra:
        attributes[EXTRA] = extra


def _converter(hint: Any) -> _Convert | None:
    """Return what makes a field's value from a wire value; None when that is the value itself."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union or origin is UnionType:
        # Of `Speak | list[Speak]` the first will do: a record's converter takes lists too.
        return next(filter(None, map(_converter, arguments)), None)
    if origin is list:
        item = _converter(arguments[0])
        return None if item is None else _list_of(item)
    if origin is dict:
        item = _converter(arguments[1])
        return None if item is None else _dict_of(item)
    if not isinstance(hint, type):
        return None
    if dataclasses.is_dataclass(hint):
        return _record_of(hint)
    if issubclass(hint, Enum):
        return _member_of(hint)
    if issubclass(hint, dict) and hint is not dict:
        return _mapping_of(hint)
    return None


def _record_of(cls: type[Any]) -> _Convert:
    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return decode(cls, value)
        if isinstance(value, list):
            return [decode(cls, item) if isinstance(item, dict) else item for item in value]
        return value

    return convert


def _list_of(item: _Convert) -> _Convert:
    def convert(value: Any) -> Any:
        return [item(part) for part in value] if isinstance(value, list) else value

    return convert


def _dict_of(item: _Convert) -> _Convert:
    def convert(value: Any) -> Any:
        return {key: item(part) for key, part in value.items()} if isinstance(value, dict) else value

    return convert


def _member_of(enum: type[Enum]) -> _Convert:
    members = {member.value: member for member in enum}

    def convert(value: Any) -> Any:
        return members.get(value, value) if isinstance(value, str) else value

    return convert


def _mapping_of(cls: type[Any]) -> _Convert:
    def convert(value: Any) -> Any:
        return cls(value) if type(value) is dict else value

    return convert
