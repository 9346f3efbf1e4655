"""The vendor's models, by name. Here they all are the one recogniser and the one voice that the server has."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from ...protocol.rest.models import Model, VoiceMetadata

__all__ = ["OUTDATED", "STT", "TTS", "find"]

_VERSION = "local"
_STT: Final = {
    "nova-3": "general medical",
    "nova-2": "general meeting finance conversationalai voicemail video medical drivethru automotive",
    "flux": "general-en general-multi",
    "nova": "general phonecall medical",
    "enhanced": "general meeting phonecall finance",
    "base": "general meeting phonecall finance conversationalai voicemail video",
}
_FLUX_VOICES: Final = "haley heather cole alexis priya jack bruce rufus drew renee marcus sharon"
_AURA_VOICES: Final = "angus arcas asteria athena helios hera luna orion orpheus perseus stella zeus"
_AURA_2_VOICES: Final = {
    "en": "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia delia draco "
    "electra harmonia helena hera hermes hyperion iris janus juno jupiter luna mars minerva neptune odysseus ophelia "
    "orion orpheus pandora phoebe pluto saturn selene thalia theia vesta zeus",
    "es": "agustina alvaro antonia aquila carina celeste diana estrella gloria javier luciano nestor olivia selena "
    "silvia sirio valerio",
    "de": "aurelia elara fabian julius kara lara viktoria",
    "nl": "beatrix cornelia daphne hestia lars leda rhea roman sander",
    "fr": "agathe hector",
    "it": "cesare cinzia demetra dionisio elio flavio livia maia melia perseo",
    "ja": "ama ebisu fujin izanami uzume",
}
_OLD: Final = frozenset({"nova", "enhanced", "base", "aura"})


def _identifier(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:deepgram-model:{name}"))


def _recognisers() -> Iterator[Model]:
    for architecture, kinds in _STT.items():
        for kind in kinds.split():
            name = f"{architecture}-{kind}"
            yield Model(
                name=kind,
                canonical_name=name,
                architecture=architecture,
                languages=["en", "en-US"],
                version=_VERSION,
                uuid=_identifier(name),
                batch=architecture != "flux",
                streaming=True,
                formatted_output=True,
            )


def _voices() -> Iterator[Model]:
    named = [("aura-2", language, voice) for language, voices in _AURA_2_VOICES.items() for voice in voices.split()]
    named += [("flux", "en", voice) for voice in _FLUX_VOICES.split()]
    named += [("aura", "en", voice) for voice in _AURA_VOICES.split()]
    for architecture, language, voice in named:
        name = f"{architecture}-{voice}-{language}"
        yield Model(
            name=voice,
            canonical_name=name,
            architecture=architecture,
            languages=[language],
            version=_VERSION,
            uuid=_identifier(name),
            metadata=VoiceMetadata(display_name=voice.capitalize(), tags=["local"]),
        )


STT: Final[tuple[Model, ...]] = tuple(_recognisers())
"""Models for speech to text."""

TTS: Final[tuple[Model, ...]] = tuple(_voices())
"""Models for text to speech."""

OUTDATED: Final[frozenset[str]] = frozenset(
    str(model.canonical_name) for model in (*STT, *TTS) if model.architecture in _OLD
)
"""Canonical names of those that newer ones replaced."""


_BY_NAME: Final = {name: model for model in (*STT, *TTS) for name in (model.uuid, model.canonical_name)}


def find(name: str) -> Model | None:
    """Return a model by its identifier or a name: ``nova-3`` means ``nova-3-general``, ``meeting`` ``base-meeting``."""
    return next((_BY_NAME[known] for known in (name, f"{name}-general", f"base-{name}") if known in _BY_NAME), None)
