"""The API's parameters for ``listen``, from flags and ``--option NAME=VALUE``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

from .failures import CommandError

__all__ = ["LiveParameters", "live_parameters"]

_FLUX_ONLY = "flux-"


class LiveParameters(NamedTuple):
    """What a stream is opened with.

    Attributes:
        flux: on ``/v2/listen``.
        known: parameters that this version knows.
        unknown: others, which are sent as they are.
    """

    flux: bool
    known: dict[str, Any]
    unknown: dict[str, Any]


def live_parameters(given: dict[str, Any], options: Sequence[str], *, flux: bool) -> LiveParameters:
    """Sort what the command line says.

    Args:
        given: flags by the parameter's name; None, False and empty lists were not given.
        options: each ``NAME=VALUE``; a name that comes again makes a list. They win over the flags.
        flux: use ``/v2/listen``; a model whose name begins with ``flux-`` does that, too.

    Raises:
        CommandError: an option of another form, or a flag that ``/v2/listen`` does not have.
    """
    from .. import FluxOptions, LiveOptions

    values = {name: value for name, value in given.items() if value is not None and value is not False and value != []}
    values.update(_pairs(options))
    flux = flux or str(values.get("model", "")).startswith(_FLUX_ONLY)
    fields = (FluxOptions if flux else LiveOptions).__struct_fields__
    unknown = {name: value for name, value in values.items() if name not in fields}
    if flux:
        refused = sorted(set(unknown) & set(LiveOptions.__struct_fields__))
        if refused:
            raise CommandError(f"--{refused[0].replace('_', '-')} does not go with a Flux model: leave it out")
    for name in unknown:
        # What this version does not know may be new; what looks like a slip is none of that.
        if near := difflib.get_close_matches(name, fields, n=1, cutoff=0.8):
            raise CommandError(f"--option {name}: did you mean {near[0]}?")
    return LiveParameters(flux, {name: value for name, value in values.items() if name in fields}, unknown)


def _pairs(options: Sequence[str]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise CommandError(f"--option takes NAME=VALUE, not {option!r}")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
