"""Stored agents and their variables, and the language models that agents could think with."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...protocol.rest.agents import (
    AgentConfiguration,
    AgentConfigurationList,
    AgentVariable,
    AgentVariableList,
    ThinkModel,
    ThinkModelList,
)
from ...protocol.rest.base import Confirmation
from ..answers import Refusal
from .bodies import too_deep
from .call import Handler, RestCall

__all__ = ["HANDLERS"]

_KEY = re.compile(r"DG_[A-Z0-9_]+")

_THINK_MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "open_ai": (
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4o",
        "gpt-4o-mini",
    ),
    "anthropic": ("claude-3-5-haiku-latest", "claude-sonnet-4-20250514"),
    "google": ("gemini-2.5-flash", "gemini-2.0-flash", "gemini-2.0-flash-lite"),
    "groq": ("openai/gpt-oss-20b",),
}


async def _think_models(call: RestCall) -> ThinkModelList:
    return ThinkModelList(
        models=[
            ThinkModel(id=model, name=model, provider=provider)
            for provider, models in _THINK_MODELS.items()
            for model in models
        ]
    )


# Configurations.


async def _list(call: RestCall) -> AgentConfigurationList:
    return AgentConfigurationList(agents=call.state.store.agents.all(call.project.project_id))


async def _get(call: RestCall) -> AgentConfiguration:
    return call.state.store.agents.get(call.project.project_id, call.fields["agent_id"])


async def _create(call: RestCall) -> AgentConfiguration:
    _check_version(call.body.api_version)
    now, agent_id = call.state.store.clock(), str(uuid.uuid4())
    stored = AgentConfiguration(
        agent_id=agent_id,
        config=_config(call.body.config),
        metadata=call.body.metadata,
        created_at=now,
        updated_at=now,
    )
    return call.state.store.agents.put(call.project.project_id, agent_id, stored)


async def _update(call: RestCall) -> AgentConfiguration:
    stored = await _get(call)
    stored.metadata, stored.updated_at = call.body.metadata, call.state.store.clock()
    return stored


async def _delete(call: RestCall) -> Confirmation:
    call.state.store.agents.pop(call.project.project_id, call.fields["agent_id"])
    return Confirmation()


def _config(text: str) -> dict[str, Any]:
    try:
        config = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _unfit(f"config is not the JSON text of an object: {error}") from error
    except RecursionError:
        raise _unfit("config is nested too deep") from None
    if too_deep(config):
        raise _unfit("config is nested too deep")
    return config


# Variables.


async def _variables(call: RestCall) -> AgentVariableList:
    return AgentVariableList(variables=call.state.store.variables.all(call.project.project_id))


async def _variable(call: RestCall) -> AgentVariable:
    return call.state.store.variables.get(call.project.project_id, call.fields["variable_id"])


async def _create_variable(call: RestCall) -> AgentVariable:
    _check_version(call.body.api_version)
    store, project_id, key = call.state.store, call.project.project_id, call.body.key
    if not _KEY.fullmatch(key):
        raise _unfit("key must be DG_ and then capitals, digits and underscores")
    if any(variable.key == key for variable in store.variables.all(project_id)):
        raise Refusal(409, "CONFLICT", f"There is a variable {key} already.")
    now, variable_id = store.clock(), str(uuid.uuid4())
    variable = AgentVariable(variable_id=variable_id, key=key, value=call.body.value, created_at=now, updated_at=now)
    return store.variables.put(project_id, variable_id, variable)


async def _update_variable(call: RestCall) -> AgentVariable:
    variable = await _variable(call)
    variable.value, variable.updated_at = call.body.value, call.state.store.clock()
    return variable


async def _delete_variable(call: RestCall) -> Confirmation:
    call.state.store.variables.pop(call.project.project_id, call.fields["variable_id"])
    return Confirmation()


def _check_version(api_version: int | None) -> None:
    if api_version not in (None, 1):
        raise _unfit("api_version must be 1")


def _unfit(problem: str) -> Refusal:
    return Refusal(400, "PAYLOAD_ERROR", f"The body does not fit: {problem}.")


HANDLERS: Final[Mapping[str, Handler]] = {
    "agent.v1.think_models": _think_models,
    "agent.v1.configurations.list": _list,
    "agent.v1.configurations.get": _get,
    "agent.v1.configurations.create": _create,
    "agent.v1.configurations.update": _update,
    "agent.v1.configurations.delete": _delete,
    "agent.v1.variables.list": _variables,
    "agent.v1.variables.get": _variable,
    "agent.v1.variables.create": _create_variable,
    "agent.v1.variables.update": _update_variable,
    "agent.v1.variables.delete": _delete_variable,
}
"""What answers these calls."""
