"""The API's parameters, from flags and from ``--option NAME=VALUE``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .failures import CommandError

__all__ = ["LiveParameters", "Parameters", "given_values", "is_flux", "live_parameters", "sort_parameters"]


class Parameters(NamedTuple):
    """Parameters of a request.

    Attributes:
        known: those that this version knows.
        unknown: others, which are sent as they are.
    """

    known: dict[str, Any]
    unknown: dict[str, Any]


class LiveParameters(NamedTuple):
    """What a live transcription is opened with.

    Attributes:
        flux: on ``/v2/listen``.
        known: parameters that this version knows.
        unknown: others, which are sent as they are.
    """

    flux: bool
    known: dict[str, Any]
    unknown: dict[str, Any]


def live_parameters(flags: Mapping[str, Any], options: Sequence[str], *, flux: bool) -> LiveParameters:
    """Sort what ``listen`` was given.

    Args:
        flags: see `given_values`.
        options: see `given_values`.
        flux: use ``/v2/listen``; a model of the Flux kind does that, too.

    Raises:
        CommandError: an option of another form, or something that ``/v2/listen`` does not have.
    """
    from .. import FluxOptions, LiveOptions

    values = given_values(flags, options)
    flux = flux or is_flux(values)
    if flux:
        for name in values:
            if name in LiveOptions.__struct_fields__ and name not in FluxOptions.__struct_fields__:
                raise CommandError(f"{name.replace('_', '-')} does not go with a Flux model: leave it out")
    known, unknown = sort_parameters(values, (FluxOptions if flux else LiveOptions).__struct_fields__)
    return LiveParameters(flux, known, unknown)


def is_flux(values: Mapping[str, Any]) -> bool:
    """Whether the model is of the Flux kind, which has endpoints of its own."""
    return str(values.get("model", "")).startswith("flux-")


def given_values(flags: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Put flags and options together.

    Args:
        flags: by the parameter's name; None, False and empty lists were not given.
        options: each ``NAME=VALUE``; a name that comes again makes a list. They win over the flags.

    Raises:
        CommandError: an option of another form.
    """
    named: dict[str, list[str]] = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise CommandError(f"--option takes NAME=VALUE, not {option!r}")
        named.setdefault(name, []).append(value)
    given = {name: value for name, value in flags.items() if value is not None and value is not False and value != []}
    return given | {name: values[0] if len(values) == 1 else values for name, values in named.items()}


def sort_parameters(values: Mapping[str, Any], fields: Iterable[str]) -> Parameters:
    """Tell the parameters that this version knows from those that it does not, which may be new.

    Raises:
        CommandError: one looks like a slip.
    """
    known = set(fields)
    unknown = {name: value for name, value in values.items() if name not in known}
    for name in unknown:
        if near := difflib.get_close_matches(name, known, n=1, cutoff=0.8):
            raise CommandError(f"--option {name}: did you mean {near[0]}?")
    return Parameters({name: value for name, value in values.items() if name in known}, unknown)
