"""What a request for speech may ask of a voice, over a socket or in one answer."""

from __future__ import annotations

import re
from typing import Final

from .answers import Refusal
from .socket_app import bad_request

__all__ = [
    "FLUX_MAX_SPEED",
    "FLUX_MIN_SPEED",
    "FLUX_SPEED_STEP",
    "check_aura_model",
    "check_flux_voice",
    "flux_speed_problem",
]

FLUX_MIN_SPEED: Final = 0.5
FLUX_MAX_SPEED: Final = 1.5
FLUX_SPEED_STEP: Final = 0.05

_AURA: Final = re.compile(r"aura(-2)?-[a-z]+-(?P<language>[a-z]{2})")
_FLUX: Final = re.compile(r"flux-[a-z]+-(?P<language>[a-z]{2})")
_MAX_EXPRESSIVITY: Final = 2


def check_aura_model(model: str) -> None:
    """Check the name of an Aura voice.

    Raises:
        Refusal: there is no such voice, or it does not speak English.
    """
    _check_model(model, _AURA)


def check_flux_voice(model: str, speed: float | None, expressivity: int | None) -> None:
    """Check the name of a Flux voice, and how it shall speak.

    Raises:
        Refusal: there is no such voice, it does not speak English, or it cannot speak so.
    """
    _check_model(model, _FLUX)
    problem = None if speed is None else flux_speed_problem(speed)
    if problem is not None:
        raise Refusal(400, problem, f"speed={speed:g} cannot be had")
    if abs(expressivity or 0) > _MAX_EXPRESSIVITY:
        raise Refusal(400, "EXPRESSIVITY_OUT_OF_RANGE", f"expressivity={expressivity} is out of range")


def flux_speed_problem(speed: float) -> str | None:
    """Return the API's code for what is wrong with a speed of a Flux voice; None for nothing."""
    if not FLUX_MIN_SPEED <= speed <= FLUX_MAX_SPEED:
        return "SPEED_OUT_OF_RANGE"
    steps = speed / FLUX_SPEED_STEP
    return None if abs(steps - round(steps)) < 1e-6 else "SPEED_INCREMENT_INVALID"


def _check_model(model: str, pattern: re.Pattern[str]) -> None:
    found = pattern.fullmatch(model)
    if found is None:
        raise bad_request(f"no such model found: {model}")
    if found["language"] != "en":
        raise bad_request("the local server speaks English only")
