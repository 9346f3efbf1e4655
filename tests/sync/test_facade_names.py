"""The facade has every public name of deepgram-sdk 4.8.1, and its old calls still bind."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import deepgram_anyio.sync as facade
from deepgram_anyio.sync.paths import PATHS, V4Finder

from ..shared import shared

LEFT_OUT: dict[str, str] = {}
"""What cannot work, and why. There is nothing of the kind."""

# Parts of Python's own classes, which v4's listing shows, too.
_INHERITED = {"Logger"}


@pytest.fixture(scope="module")
def exports() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("reference/v4_surface.json").read_text("utf-8"))["exports"]
    return found


def test_every_export_is_there(exports: dict[str, Any]) -> None:
    assert {name for name in exports if not hasattr(facade, name)} == set(LEFT_OUT)
    assert set(exports) - set(LEFT_OUT) <= set(facade.__all__)


def test_values(exports: dict[str, Any]) -> None:
    for name, entry in exports.items():
        if entry["kind"] == "value":
            assert repr(getattr(facade, name)) == entry["repr"] if "repr" in entry else hasattr(facade, name)


def _methods(exports: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, entry in exports.items():
        if entry["kind"] == "class" and not set(entry["bases"]) & _INHERITED:
            for method, described in entry["methods"].items():
                yield name, method, described


def test_every_class_has_every_method(exports: dict[str, Any]) -> None:
    missing = {
        f"{name}.{method}"
        for name, method, _ in _methods(exports)
        if inspect.getattr_static(getattr(facade, name), method, None) is None
    }
    assert missing == set()


def _parameter(text: str) -> str:
    return text.partition(":")[0].partition("=")[0].strip()


def test_old_calls_bind(exports: dict[str, Any]) -> None:
    """Each old parameter, by position and by name, is one of the new signature, in the same place."""
    wrong = []
    for name, method, described in _methods(exports):
        if described.get("property"):
            continue
        function = getattr(getattr(facade, name), method)
        parameters = [found for found in inspect.signature(function).parameters.values() if found.name != "self"]
        variadic = {found.kind for found in parameters}
        old = [_parameter(text) for text in described["params"] if not text.startswith("*")]
        new = [found.name for found in parameters if found.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        binds = new[: len(old)] == old or variadic >= {
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        }
        required = [
            found.name
            for found in parameters[len(old) :]
            if found.default is inspect.Parameter.empty
            and found.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        ]
        if not binds or required:
            wrong.append((f"{name}.{method}", old, new, required))
    assert wrong == []


def test_async_methods_are_async_and_others_are_not(exports: dict[str, Any]) -> None:
    wrong = []
    for name, method, described in _methods(exports):
        if described.get("property") or name.startswith("Async"):
            continue
        if inspect.iscoroutinefunction(getattr(getattr(facade, name), method)) and not described["async"]:
            wrong.append(f"{name}.{method}")
    assert wrong == []


def test_constructors_take_what_they_took(exports: dict[str, Any]) -> None:
    wrong = []
    for name, entry in exports.items():
        if entry["kind"] != "class" or set(entry["bases"]) & {*_INHERITED, "dict"}:
            continue
        old = [_parameter(text) for text in entry["init"] if not text.startswith("*")]
        new = list(inspect.signature(getattr(facade, name)).parameters)
        if new[: len(old)] != old and not {"args", "kwargs"} <= set(new):
            wrong.append((name, old, new))
    assert wrong == []


@pytest.mark.parametrize("path", sorted(PATHS))
def test_module_paths(path: str) -> None:
    module = importlib.import_module(f"deepgram_anyio.sync.{path}")
    assert module.DeepgramError is facade.DeepgramError if path != "utils.verboselogs" else module.NOTICE == 25
    with pytest.raises(AttributeError):
        _ = module.not_a_name


def test_names_that_depend_on_the_path() -> None:
    rest = importlib.import_module("deepgram_anyio.sync.clients.listen.v1.rest.response")
    live = importlib.import_module("deepgram_anyio.sync.clients.listen.v1.websocket.response")
    assert rest.Metadata is facade.ListenRESTMetadata
    assert live.Metadata is facade.ListenWSMetadata
    assert "Metadata" in rest.__all__


def test_ways_in_which_v4_programs_import() -> None:
    code = """
from deepgram_anyio.sync.utils import verboselogs
from deepgram_anyio.sync.clients.common.v1.errors import DeepgramError, DeepgramTypeError
from deepgram_anyio.sync.clients.agent.v1.websocket.options import SettingsOptions, Function, Think
from deepgram_anyio.sync.clients.listen.v1 import LiveOptions, LiveTranscriptionEvents
from deepgram_anyio.sync.options import DeepgramClientOptions, ClientOptionsFromEnv
from deepgram_anyio.sync.errors import DeepgramApiKeyError
from deepgram_anyio.sync.client import DeepgramClient, ListenRESTClient, AgentWebSocketEvents
from deepgram_anyio.sync.audio.microphone import Microphone
import deepgram_anyio.sync.clients.speak.v1.rest.options
assert verboselogs.SPAM == 5
print(SettingsOptions.__name__, DeepgramClient.__name__)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["SettingsOptions", "DeepgramClient"]


def test_no_other_module_is_made_up() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("deepgram_anyio.sync.clients.burn")
    assert V4Finder().find_spec("deepgram_anyio.errors") is None
    assert V4Finder().find_spec("json") is None


def test_the_facade_costs_nobody_else_anything() -> None:
    code = "import sys, deepgram_anyio; deepgram_anyio.ClientConfig; print([n for n in sys.modules if '.sync' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    names = "print(sorted({n.partition('.')[0] for n in sys.modules} & {'anyio', 'httpx', 'sounddevice', 'wsproto'}))"
    code = f"import sys, deepgram_anyio.sync; {names}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
