"""Options of v4: what is set reaches the wire where it belongs, and nothing else does."""

from __future__ import annotations

import copy
import json
import logging
from typing import Any

import pytest

from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.options_agent import (
    Agent,
    Endpoint,
    Function,
    FunctionCallResponse,
    Parameters,
    Provider,
    SettingsOptions,
    Speak,
    Think,
    UpdateSpeakOptions,
)
from deepgram_anyio.sync.v4.options_analyze import AnalyzeOptions, ReadOptions
from deepgram_anyio.sync.v4.options_listen import LiveOptions, PrerecordedOptions
from deepgram_anyio.sync.v4.options_manage import KeyOptions, UsageFieldsOptions
from deepgram_anyio.sync.v4.options_speak import SpeakOptions, SpeakWSOptions

from ..shared import shared
from .test_v4_types import holds

UNTOUCHED = {
    "experimental": False,
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": 16000},
        "output": {"encoding": "linear16", "sample_rate": 16000, "container": "none"},
    },
    "agent": {"language": "en"},
    "mip_opt_out": False,
}


def test_unset_options_are_not_sent() -> None:
    assert LiveOptions().to_dict() == {}
    assert LiveOptions(model="nova-3", punctuate=False).to_dict() == {"model": "nova-3", "punctuate": False}
    assert SpeakOptions().to_dict() == SpeakWSOptions().to_dict() == {"model": "aura-2-thalia-en"}
    assert SpeakOptions(model=None).to_dict() == {}
    assert KeyOptions("c").to_dict() == {"comment": "c", "scopes": []}
    assert KeyOptions(time_to_live_in_seconds=60).to_dict()["time_to_live_in_seconds"] == 60
    assert UsageFieldsOptions(start="2024-01-01").to_dict() == {"start": "2024-01-01"}


def test_unknown_options_are_sent() -> None:
    options = PrerecordedOptions(model="nova-3")
    options.diarize_model = "v2"
    options["mip_opt_out"] = True
    assert options.to_dict() == {"model": "nova-3", "diarize_model": "v2", "mip_opt_out": True}
    assert PrerecordedOptions.from_dict(options.to_dict()) == options


def test_read_options_have_a_model() -> None:
    options = ReadOptions(model="nova-3", language="en")
    assert isinstance(options, AnalyzeOptions)
    assert options.to_dict() == {"language": "en", "model": "nova-3"}


def test_check_warns_of_deprecated_options(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "deepgram_anyio.sync"):
        for options in (PrerecordedOptions(), LiveOptions(), SpeakOptions(), AnalyzeOptions(), SettingsOptions()):
            assert options.check() is True
        assert caplog.messages == []
        assert PrerecordedOptions(tier="base").check() is True
    assert caplog.messages == ["PrerecordedOptions.tier is deprecated: models are chosen by `model` alone"]


def test_providers_are_dicts_with_attributes() -> None:
    provider = Provider(type="open_ai")
    provider.model = "gpt"
    assert (provider.type, provider["model"]) == ("open_ai", "gpt")
    assert copy.deepcopy(provider) == provider == {"type": "open_ai", "model": "gpt"}
    del provider.model
    assert not hasattr(provider, "model")
    with pytest.raises(AttributeError, match="model"):
        del provider.model
    assert "model" not in provider


def test_settings_that_nobody_touched() -> None:
    assert SettingsOptions().to_dict() == UNTOUCHED
    assert UpdateSpeakOptions().to_dict() == {"type": "UpdateSpeak", "speak": {}}


def test_settings_of_the_readme() -> None:
    options = SettingsOptions()
    options.language = "de"
    options.agent.think.provider.type = "open_ai"
    options.agent.think.provider.model = "gpt-4o-mini"
    options.agent.think.prompt = "Be helpful."
    options.agent.listen.provider.type = "deepgram"
    options.agent.speak.provider.type = "deepgram"  # type: ignore[union-attr] # as the README has it
    options.greeting = "Hello."
    options.flags = {"history": False}
    assert options.to_dict() == UNTOUCHED | {
        "agent": {
            "language": "de",
            "listen": {"provider": {"type": "deepgram"}},
            "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "Be helpful."},
            "speak": {"provider": {"type": "deepgram"}},
            "greeting": "Hello.",
        },
        "flags": {"history": False},
    }
    assert (options.language, options.greeting) == ("de", "Hello.")
    assert SettingsOptions().to_dict() == UNTOUCHED


def test_settings_keep_what_they_do_not_know() -> None:
    sent: dict[str, Any] = {
        "type": "Settings",
        "flags": {"history": True},
        "new": [1],
        "audio": {"input": {"encoding": "mulaw", "sample_rate": 8000, "new": 1}},
        "agent": {
            "context": {"messages": [{"type": "History", "role": "user", "content": "Hi."}]},
            "think": {
                "provider": {"type": "open_ai", "temperature": 0.5, "credentials": {"type": "sts"}},
                "functions": [
                    {"name": "f", "defer_until_eot": True, "parameters": {"type": "object", "properties": {"a": {}}}}
                ],
                "context_length": "max",
            },
            "speak": [{"provider": {"type": "deepgram"}}, {"provider": {"type": "eleven_labs"}}],
        },
    }
    options = SettingsOptions.from_dict(sent)
    assert holds(options.to_dict(), sent)
    assert options.to_dict()["agent"]["think"] == sent["agent"]["think"]
    assert options.flags == {"history": True}
    assert options.agent.context["messages"][0]["role"] == "user"
    assert isinstance(options.agent.speak, list)
    assert options.agent.speak[1].provider.type == "eleven_labs"
    assert SettingsOptions.from_json(json.dumps(sent)) == options


def test_a_stored_agent() -> None:
    options = SettingsOptions.from_dict({"agent": "5c1b7c5e", "greeting": "Hi."})
    assert options.to_dict()["agent"] == "5c1b7c5e"
    assert options.greeting is None
    with pytest.raises(DeepgramTypeError, match="belong to the agent"):
        options.greeting = "Hello."
    with pytest.raises(DeepgramTypeError, match="belong to the agent"):
        options.language = "en"


def test_language_and_greeting_belong_to_the_agent() -> None:
    options = SettingsOptions.from_dict({"language": "de", "greeting": "Hallo.", "agent": {}})
    assert options.to_dict() == UNTOUCHED | {"agent": {"language": "de", "greeting": "Hallo."}}
    assert options == SettingsOptions(agent=Agent("de", greeting="Hallo."))
    options["greeting"] = "Servus."
    assert options.agent.greeting == "Servus."


def test_models_may_be_a_list() -> None:
    think = [{"provider": {"type": "open_ai"}}, {"provider": {"type": "groq"}}]
    options = SettingsOptions.from_dict({"agent": {"think": think}})
    assert options.agent.think == [Think(Provider(type="open_ai")), Think(Provider(type="groq"))]
    assert options.to_dict()["agent"]["think"] == think


def test_parts_may_be_given_as_dicts() -> None:
    agent = Agent(think={"provider": {"type": "open_ai"}}, speak=[{"provider": {}}])  # type: ignore[arg-type, list-item]
    agent.think.provider.model = "gpt"
    assert agent.to_dict() == {
        "language": "en",
        "think": {"provider": {"type": "open_ai", "model": "gpt"}},
        "speak": [{}],
    }
    functions: list[Function] = []
    agent.think.functions = functions
    assert agent.think.functions is functions


def test_functions_send_only_what_is_set() -> None:
    assert Function("f", "d", "", "").to_dict() == {"name": "f", "description": "d"}
    assert Function.from_dict({"name": "f", "description": "d"}).to_dict() == {"name": "f", "description": "d"}
    parameters = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
    function = Function.from_dict({"name": "f", "parameters": parameters})
    assert isinstance(function.parameters, Parameters)
    assert function.parameters.properties["place"] == {"type": "string"}
    assert function.to_dict() == {"name": "f", "parameters": parameters}


def test_a_functions_url_goes_into_its_endpoint() -> None:
    function = Function("f", "d", "https://f.example", "GET", headers={"X": "1"})
    endpoint = {"url": "https://f.example", "method": "GET", "headers": {"X": "1"}}
    assert function.to_dict() == {"name": "f", "description": "d", "endpoint": endpoint}
    function = Function("f", "d", "", "", {"X": "1"}, endpoint=Endpoint(url="https://f.example"))
    assert function.to_dict()["endpoint"] == endpoint | {"method": "POST"}


def test_endpoints_of_models_have_no_method() -> None:
    endpoint = {"url": "https://m.example", "headers": {"X": "1"}}
    for cls in (Think, Speak):
        made = cls(endpoint=Endpoint(url="https://m.example", headers={"X": "1"}))
        assert made.endpoint is not None
        assert made.endpoint.method == "POST"
        for each in (made, copy.deepcopy(made), cls.from_dict({"endpoint": endpoint})):
            assert each.to_dict() == {"endpoint": endpoint}
        assert cls.from_dict({"endpoint": endpoint | {"method": "POST"}}).to_dict()["endpoint"]["method"] == "POST"
        assert cls.from_dict({"endpoint": "odd"}).to_dict() == {"endpoint": "odd"}


def test_function_call_responses() -> None:
    answer = FunctionCallResponse(id="1", name="f", content="{}")
    assert json.loads(answer.to_json()) == {"type": "FunctionCallResponse", "id": "1", "name": "f", "content": "{}"}


@pytest.mark.parametrize(
    "name", ["basic_conversation", "function_call_conversation", "inject_agent_message", "agent_tags"]
)
def test_recorded_settings(name: str) -> None:
    agent = json.loads(shared(f"fixtures/agent_websocket/{name}.config.json").read_text("utf-8"))["agent_config"]
    assert SettingsOptions.from_dict({"agent": agent}).to_dict() == UNTOUCHED | {"agent": agent}
