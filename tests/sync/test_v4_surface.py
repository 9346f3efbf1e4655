"""The v4 data types have the names, fields, defaults and values of deepgram-sdk 4.8.1."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any, get_args

import pytest

from deepgram_anyio.sync.v4.base import BaseResponse

from ..shared import shared
from .v4_names import CLASSES, find

REQUIRED = "<required>"


@pytest.fixture(scope="module")
def surface() -> dict[str, Any]:
    exports: dict[str, Any] = json.loads(shared("reference/v4_surface.json").read_text("utf-8"))["exports"]
    return exports


def of_kind(surface: dict[str, Any], *kinds: str) -> dict[str, Any]:
    found = {name: entry for name, entry in surface.items() if entry["kind"] in kinds}
    assert found
    return found


def default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return REQUIRED if field.default_factory is dataclasses.MISSING else field.default_factory()


def test_every_name_is_there(surface: dict[str, Any]) -> None:
    names = {*of_kind(surface, "dataclass", "enum", "exception", "function"), *CLASSES}
    assert {name for name in names if find(name) is None} == set()


def test_dataclasses_have_the_same_fields(surface: dict[str, Any]) -> None:
    dataclass_entries = of_kind(surface, "dataclass")
    different = {
        name: (ours, theirs)
        for name, entry in dataclass_entries.items()
        if (ours := [field.name for field in dataclasses.fields(find(name))])
        != (theirs := [field[0] for field in entry["fields"]])
    }
    assert different == {}


def test_dataclasses_have_the_same_defaults(surface: dict[str, Any]) -> None:
    different = {}
    for name, entry in of_kind(surface, "dataclass").items():
        for field, (field_name, _, theirs) in zip(dataclasses.fields(find(name)), entry["fields"], strict=True):
            ours = default_of(field)
            # The listing shows a nested record as the first characters of its repr.
            same = repr(ours).startswith(theirs) if isinstance(ours, BaseResponse) else ours == theirs
            if not same:
                different[f"{name}.{field_name}"] = (ours, theirs)
    assert different == {}


def test_dataclasses_have_the_same_methods(surface: dict[str, Any]) -> None:
    missing = {
        f"{name}.{method}"
        for name, entry in of_kind(surface, "dataclass").items()
        for method in entry["methods"]
        if not callable(getattr(find(name), method, None))
    }
    assert missing == set()


def test_positional_construction(surface: dict[str, Any]) -> None:
    for name, entry in of_kind(surface, "dataclass").items():
        values = [object() for _ in entry["fields"]]
        made = find(name)(*values)
        assert [made[field[0]] for field in entry["fields"]] == values, name


def test_enums_have_the_same_members(surface: dict[str, Any]) -> None:
    for name, entry in of_kind(surface, "enum").items():
        enum = find(name)
        ours = {member.name: member.value for member in enum}
        assert {**ours, **entry["members"]} == ours, name
        for member in enum:
            # They are their texts in every way that programs have used.
            assert member == member.value
            assert (str(member), f"{member}", f"{member:>20}") == (member.value, member.value, f"{member.value:>20}")
            assert {member.value: 1}[member] == 1
            assert json.dumps(member) == json.dumps(member.value)


def test_exceptions_take_the_same_arguments(surface: dict[str, Any]) -> None:
    for name, entry in of_kind(surface, "exception").items():
        given = [parameter.partition(":")[0].partition(" ")[0] for parameter in entry["init"]]
        arguments = {"message": "what", "status": "400", "original_error": ValueError("why")}
        error = find(name)(*(arguments[parameter] for parameter in given))
        assert isinstance(error, find("DeepgramError")), name
        assert "what" in str(error), name


def test_classes_take_the_same_arguments(surface: dict[str, Any]) -> None:
    for name in ("DeepgramClientOptions", "ClientOptionsFromEnv"):
        ours = [(parameter.name, parameter.default) for parameter in inspect.signature(find(name)).parameters.values()]
        assert ours == [
            ("api_key", ""),
            ("access_token", ""),
            ("url", ""),
            ("verbose", 30),
            ("headers", None),
            ("options", None),
        ]
        assert [each[0] for each in ours] == [each.partition(":")[0] for each in surface[name]["init"]]
        assert [method for method in surface[name]["methods"] if not callable(getattr(find(name), method, None))] == []
    sources = CLASSES - {"DeepgramClientOptions", "ClientOptionsFromEnv"}
    assert {
        name for name in sources if surface[name]["bases"] != ["dict"] or not isinstance(find(name)(), dict)
    } == set()


def test_aliases_are_one_class() -> None:
    aliases = {
        "AnalyzeResponse": "SyncAnalyzeResponse",
        "AnalyzeStreamSource": "StreamSource",
        "ListenRESTOptions": "PrerecordedOptions",
        "ListenWebSocketOptions": "LiveOptions",
        "PreRecordedStreamSource": "StreamSource",
        "PrerecordedResponse": "SyncPrerecordedResponse",
        "SpeakOptions": "SpeakRESTOptions",
        "SpeakResponse": "SpeakRESTResponse",
        "Summaries": "SummaryV1",
    }
    assert {one: other for one, other in aliases.items() if find(one) is not find(other)} == {}


def test_sources_are_the_same_unions() -> None:
    file_source = {find("TextSource"), find("BufferSource"), find("StreamSource")}
    assert set(get_args(find("FileSource"))) == file_source
    for name in ("AnalyzeSource", "ListenRestSource", "PrerecordedSource"):
        assert set(get_args(find(name))) == file_source | {find("UrlSource")}
    for name in ("SpeakRESTSource", "SpeakRestSource", "SpeakSource"):
        assert set(get_args(find(name))) > file_source
