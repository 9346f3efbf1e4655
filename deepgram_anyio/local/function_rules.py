"""Which function a user's words ask for, and with which arguments: rules in place of a language model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..protocol.agent import Function

__all__ = ["arguments_from", "best_function", "missing_arguments", "number", "spoken_name"]

_VERBS = frozenset(
    re.findall(
        r"\w+",
        "get set do check find look lookup fetch list show tell make call run use query read current my new",
    )
)
_STOP_WORDS = _VERBS | frozenset(
    re.findall(
        r"\w+",
        "a an the and or of for in on at to from by with about is are be it this that these those given returns return "
        "information info data user users what which who when where how you your can could please i me we us",
    )
)
_PREPOSITIONS = r"(?:in|for|about|of|at|to|from|on|with|named|called)"
_FILLERS = re.compile(r"\b(please|today|tomorrow|now|right now|at the moment|again|then|too|like|thanks|thank you)\b")
_UNITS = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
_TENS = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = {word: value for value, word in enumerate(_UNITS)} | {
    word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)
}


def spoken_name(name: str) -> str:
    """Return an identifier as one says it, without the verb in front: ``get_weather`` is "weather"."""
    words = _words_of_name(name)
    while len(words) > 1 and words[0] in _VERBS:
        words = words[1:]
    return " ".join(words)


def best_function(functions: Sequence[Function], said: str) -> Function | None:
    """Return the function that the words ask for: by a telling word of its name, or by two of its description."""
    heard = {_stem(word) for word in _words(said)}
    scores = [(_score(function, heard), function) for function in functions if function.name]
    best = max(scores, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] >= 2 else None


def _score(function: Function, heard: set[str]) -> int:
    named = _telling(function.name or "")
    described = {_stem(word) for word in _words(function.description or "")} - _STOP_WORDS - named
    return 2 * len(named & heard) + len(described & heard)


def arguments_from(function: Function, said: str) -> dict[str, Any]:
    """Take a function's arguments from a user's words.

    By the type in the parameters' schema: of an enumeration, the value that was said; a number from digits or number
    words; a flag is true when its name was said; a text is what follows the parameter's name, or, when it is required,
    "in", "for", "about", "of" and the like.
    """
    found: dict[str, Any] = {}
    numbers = _numbers(said)
    subject = _telling(function.name or "")
    phrases = [phrase for phrase in _phrases(said) if not {_stem(word) for word in _words(phrase)} <= subject]
    required = missing_arguments(function, {})
    for name, schema in _properties(function).items():
        value = _value(name, schema, said, numbers, phrases if name in required else [])
        if value is not None:
            found[name] = value
    return found


def _value(name: str, schema: Mapping[str, Any], said: str, numbers: list[float], phrases: list[str]) -> Any:
    kinds = _kinds(schema)
    if "enum" in schema:
        return next((option for option in schema["enum"] if _contains(said, str(option))), None)
    if kinds & {"integer", "number"}:
        value = numbers.pop(0) if numbers else None
        return value if value is None or "number" in kinds else int(value)
    if "boolean" in kinds:
        return True if _contains(said, spoken_name(name)) else None
    if "string" in kinds:
        return _named_value(name, said) or (phrases.pop(0) if phrases else None)
    return None


def missing_arguments(function: Function, arguments: Mapping[str, Any]) -> list[str]:
    """Return the required parameters that have no argument."""
    required = (function.parameters or {}).get("required") or []
    return [name for name in required if name not in arguments]


def number(word: str) -> float | None:
    """Return what a numeral or a number word up to ninety-nine stands for; None for any other word."""
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return float(word)
    tens, _, unit = word.partition("-")
    if unit and tens in _TENS and unit in _UNITS[1:10]:
        return _NUMBERS[tens] + _NUMBERS[unit]
    return _NUMBERS.get(word)


def _numbers(said: str) -> list[float]:
    found: list[float] = []
    words = re.findall(r"\d+\.\d+|\w+(?:-\w+)?", said.lower())
    for previous, word in zip(["", *words], words, strict=False):
        value = number(word)
        if value is None:
            continue
        if previous in _TENS and 0 < value < 10:
            found[-1] += value
        else:
            found.append(value)
    return found


def _phrases(said: str) -> list[str]:
    """What follows each preposition, up to the next one."""
    text = said.strip(" .!?")
    found = []
    for part in re.split(rf"\b{_PREPOSITIONS}\b", text, flags=re.IGNORECASE)[1:]:
        clean = re.sub(r"^\s*(the|a|an)\b", "", _FILLERS.sub("", part), flags=re.IGNORECASE).strip(" ,.!?")
        if clean:
            found.append(" ".join(clean.split()))
    return found[::-1]  # "the weather of the day in Paris": the last one is the most telling


def _named_value(name: str, said: str) -> str | None:
    found = re.search(rf"\b{re.escape(spoken_name(name))}(?: is| of|:)? ([\w' -]+)", said, re.IGNORECASE)
    if found is None or re.match(rf"{_PREPOSITIONS}\b", found[1], re.IGNORECASE):
        return None
    return found[1].strip(" .!?") or None


def _properties(function: Function) -> dict[str, dict[str, Any]]:
    properties = (function.parameters or {}).get("properties") or {}
    return {name: schema for name, schema in properties.items() if isinstance(schema, dict)}


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    variants = schema.get("anyOf") or schema.get("oneOf") or [schema]
    kinds: set[str] = set()
    for variant in variants:
        kind = variant.get("type", "string") if isinstance(variant, dict) else "string"
        kinds.update(kind if isinstance(kind, list) else [kind])
    return kinds


def _contains(said: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}\b", said, re.IGNORECASE) is not None


def _telling(name: str) -> set[str]:
    return {_stem(word) for word in _words_of_name(name)} - _STOP_WORDS


def _words_of_name(name: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
