"""Every REST call there is, once: the services call these, the embedded server routes them, the docs list them.

Source: Deepgram's OpenAPI specification, and ``GET /v1/auth/token``, which its documentation alone knows.
"""

from __future__ import annotations

from typing import Any, Final

from .agents import (
    AgentConfiguration,
    AgentConfigurationList,
    AgentVariable,
    AgentVariableList,
    CreateAgentConfiguration,
    CreateAgentVariable,
    ThinkModelList,
    UpdateAgentConfiguration,
    UpdateAgentVariable,
)
from .analysis import Analysis, AnalyzeText, ReadOptions
from .base import Confirmation, Operation
from .billing import (
    Balance,
    BalanceList,
    BillingBreakdown,
    BillingBreakdownOptions,
    BillingFields,
    PurchaseList,
    PurchaseOptions,
)
from .credentials import (
    CreateDistributionCredentials,
    CredentialsEntry,
    CredentialsList,
    CredentialsOptions,
    GrantedToken,
    GrantToken,
    TokenDetails,
)
from .models import Model, ModelList, ModelListOptions
from .prerecorded_options import PrerecordedOptions
from .projects import (
    CreatedKey,
    CreateKey,
    InviteList,
    KeyDetails,
    KeyList,
    KeyListOptions,
    MemberList,
    Project,
    ProjectList,
    ProjectOptions,
    ScopeList,
    SendInvite,
    UpdateProject,
    UpdateScope,
)
from .speech import FluxSpeechOptions, Speech, SpeechOptions, SpeechText
from .transcription import Transcription
from .usage import (
    PeriodOptions,
    RequestDetails,
    RequestPage,
    RequestsOptions,
    Usage,
    UsageBreakdown,
    UsageBreakdownOptions,
    UsageFields,
    UsageOptions,
)

__all__ = ["OPERATIONS", "operation"]

_PROJECT = "/v1/projects/{project_id}"
_CREDENTIALS = f"{_PROJECT}/self-hosted/distribution/credentials"
_CREDENTIAL = f"{_CREDENTIALS}/{{distribution_credentials_id}}"


def _op(call: str, method: str, path: str, returns: type, **more: Any) -> Operation[Any]:
    return Operation(call=call, method=method, path=path, returns=returns, **more)


OPERATIONS: Final[tuple[Operation[Any], ...]] = (
    _op("listen.v1.transcribe_file", "POST", "/v1/listen", Transcription, query=PrerecordedOptions),
    _op("speak.v1.generate", "POST", "/v1/speak", Speech, query=SpeechOptions, body=SpeechText),
    _op("speak.v2.generate", "POST", "/v2/speak", Speech, query=FluxSpeechOptions, body=SpeechText),
    _op("read.v1.analyze", "POST", "/v1/read", Analysis, query=ReadOptions, body=AnalyzeText),
    _op("auth.v1.grant_token", "POST", "/v1/auth/grant", GrantedToken, body=GrantToken),
    _op("auth.v1.token_details", "GET", "/v1/auth/token", TokenDetails),
    _op("manage.v1.projects.list", "GET", "/v1/projects", ProjectList),
    _op("manage.v1.projects.get", "GET", _PROJECT, Project, query=ProjectOptions),
    _op("manage.v1.projects.update", "PATCH", _PROJECT, Confirmation, body=UpdateProject),
    _op("manage.v1.projects.delete", "DELETE", _PROJECT, Confirmation),
    _op("manage.v1.projects.leave", "DELETE", f"{_PROJECT}/leave", Confirmation),
    _op("manage.v1.keys.list", "GET", f"{_PROJECT}/keys", KeyList, query=KeyListOptions),
    _op("manage.v1.keys.get", "GET", f"{_PROJECT}/keys/{{key_id}}", KeyDetails),
    _op("manage.v1.keys.create", "POST", f"{_PROJECT}/keys", CreatedKey, body=CreateKey),
    _op("manage.v1.keys.delete", "DELETE", f"{_PROJECT}/keys/{{key_id}}", Confirmation),
    _op("manage.v1.members.list", "GET", f"{_PROJECT}/members", MemberList),
    _op("manage.v1.members.remove", "DELETE", f"{_PROJECT}/members/{{member_id}}", Confirmation),
    _op("manage.v1.members.scopes", "GET", f"{_PROJECT}/members/{{member_id}}/scopes", ScopeList),
    _op(
        "manage.v1.members.update_scope",
        "PUT",
        f"{_PROJECT}/members/{{member_id}}/scopes",
        Confirmation,
        body=UpdateScope,
    ),
    _op("manage.v1.invites.list", "GET", f"{_PROJECT}/invites", InviteList),
    _op("manage.v1.invites.send", "POST", f"{_PROJECT}/invites", Confirmation, body=SendInvite),
    _op("manage.v1.invites.delete", "DELETE", f"{_PROJECT}/invites/{{email}}", Confirmation),
    _op("manage.v1.requests.list", "GET", f"{_PROJECT}/requests", RequestPage, query=RequestsOptions),
    _op("manage.v1.requests.get", "GET", f"{_PROJECT}/requests/{{request_id}}", RequestDetails),
    _op("manage.v1.usage.summary", "GET", f"{_PROJECT}/usage", Usage, query=UsageOptions),
    _op("manage.v1.usage.fields", "GET", f"{_PROJECT}/usage/fields", UsageFields, query=PeriodOptions),
    _op("manage.v1.usage.breakdown", "GET", f"{_PROJECT}/usage/breakdown", UsageBreakdown, query=UsageBreakdownOptions),
    _op("manage.v1.billing.balances", "GET", f"{_PROJECT}/balances", BalanceList),
    _op("manage.v1.billing.balance", "GET", f"{_PROJECT}/balances/{{balance_id}}", Balance),
    _op(
        "manage.v1.billing.breakdown",
        "GET",
        f"{_PROJECT}/billing/breakdown",
        BillingBreakdown,
        query=BillingBreakdownOptions,
    ),
    _op("manage.v1.billing.fields", "GET", f"{_PROJECT}/billing/fields", BillingFields, query=PeriodOptions),
    _op("manage.v1.billing.purchases", "GET", f"{_PROJECT}/purchases", PurchaseList, query=PurchaseOptions),
    _op("manage.v1.models.list", "GET", "/v1/models", ModelList, query=ModelListOptions),
    _op("manage.v1.models.get", "GET", "/v1/models/{model_id}", Model),
    _op("manage.v1.models.list(project_id=)", "GET", f"{_PROJECT}/models", ModelList, query=ModelListOptions),
    _op("manage.v1.models.get(project_id=)", "GET", f"{_PROJECT}/models/{{model_id}}", Model),
    _op("selfhosted.v1.credentials.list", "GET", _CREDENTIALS, CredentialsList),
    _op("selfhosted.v1.credentials.get", "GET", _CREDENTIAL, CredentialsEntry),
    _op(
        "selfhosted.v1.credentials.create",
        "POST",
        _CREDENTIALS,
        CredentialsEntry,
        query=CredentialsOptions,
        body=CreateDistributionCredentials,
    ),
    _op("selfhosted.v1.credentials.delete", "DELETE", _CREDENTIAL, CredentialsEntry),
    _op("agent.v1.think_models", "GET", "/v1/agent/settings/think/models", ThinkModelList, agent_host=True),
    _op("agent.v1.configurations.list", "GET", f"{_PROJECT}/agents", AgentConfigurationList),
    _op("agent.v1.configurations.get", "GET", f"{_PROJECT}/agents/{{agent_id}}", AgentConfiguration),
    _op(
        "agent.v1.configurations.create",
        "POST",
        f"{_PROJECT}/agents",
        AgentConfiguration,
        body=CreateAgentConfiguration,
    ),
    _op(
        "agent.v1.configurations.update",
        "PUT",
        f"{_PROJECT}/agents/{{agent_id}}",
        AgentConfiguration,
        body=UpdateAgentConfiguration,
    ),
    _op("agent.v1.configurations.delete", "DELETE", f"{_PROJECT}/agents/{{agent_id}}", Confirmation),
    _op("agent.v1.variables.list", "GET", f"{_PROJECT}/agent-variables", AgentVariableList),
    _op("agent.v1.variables.get", "GET", f"{_PROJECT}/agent-variables/{{variable_id}}", AgentVariable),
    _op("agent.v1.variables.create", "POST", f"{_PROJECT}/agent-variables", AgentVariable, body=CreateAgentVariable),
    _op(
        "agent.v1.variables.update",
        "PATCH",
        f"{_PROJECT}/agent-variables/{{variable_id}}",
        AgentVariable,
        body=UpdateAgentVariable,
    ),
    _op("agent.v1.variables.delete", "DELETE", f"{_PROJECT}/agent-variables/{{variable_id}}", Confirmation),
)
"""All operations, one entry for each method and path."""

_BY_CALL = {operation.call: operation for operation in OPERATIONS}


def operation(call: str) -> Operation[Any]:
    """Return an operation by the name of its call.

    Raises:
        KeyError: there is none.
    """
    return _BY_CALL[call]
