"""The blocking API, for scripts and threads, and every public name of deepgram-sdk v4 on top of it.

```python
from deepgram_anyio.sync import DeepgramClient

with DeepgramClient() as dg:
    print(dg.listen.v1.transcribe_file("speech.wav").transcript)
```

Names load when they are first used. Module paths of v4, such as ``clients.common.v1``, can be imported from below here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._extras import require

if TYPE_CHECKING:
    from .client import *
    from .connections import *
    from .v4.audio_constants import *
    from .v4.auth import *
    from .v4.base import *
    from .v4.client_options import *
    from .v4.errors import *
    from .v4.events import *
    from .v4.manage import *
    from .v4.microphone import *
    from .v4.options_agent import *
    from .v4.options_analyze import *
    from .v4.options_listen import *
    from .v4.options_manage import *
    from .v4.options_speak import *
    from .v4.responses_agent import *
    from .v4.responses_analyze import *
    from .v4.responses_common import *
    from .v4.responses_listen import *
    from .v4.responses_live import *
    from .v4.responses_manage import *
    from .v4.responses_speak import *
    from .v4.responses_usage import *
    from .v4.rest_analyze import *
    from .v4.rest_listen import *
    from .v4.rest_speak import *
    from .v4.routers import *
    from .v4.selfhosted import *
    from .v4.socket_agent import *
    from .v4.socket_listen import *
    from .v4.socket_speak import *
    from .v4.sources import *
    from .v4.speaker import *
    from .v4.verboselogs import *

require(__name__, "client", extra="sync")

_NAMES = {
    "client": "Deepgram DeepgramClient",
    "connections": "AgentConnection FluxConnection FluxSpeakConnection LiveConnection SpeakConnection SpeechAudio",
    "v4.audio_constants": (
        "CHANNELS CHUNK INPUT_CHANNELS INPUT_CHUNK INPUT_LOGGING INPUT_RATE LOGGING OUTPUT_CHANNELS OUTPUT_CHUNK "
        "OUTPUT_LOGGING OUTPUT_RATE RATE"
    ),
    "v4.auth": "AsyncAuthRESTClient AuthRESTClient GrantTokenResponse",
    "v4.base": "BaseResponse",
    "v4.client_options": "ClientOptionsFromEnv DeepgramClientOptions",
    "v4.errors": (
        "DeepgramApiError DeepgramApiKeyError DeepgramError DeepgramMicrophoneError DeepgramModuleError "
        "DeepgramSpeakerError DeepgramTypeError DeepgramUnknownApiError"
    ),
    "v4.events": "AgentWebSocketEvents LiveTranscriptionEvents Sentiment SpeakWebSocketEvents SpeakWebSocketMessage",
    "v4.manage": "AsyncManageClient ManageClient",
    "v4.microphone": "Microphone",
    "v4.options_agent": (
        "Agent AgentKeepAlive Audio Endpoint Function FunctionCallResponse Header InjectAgentMessageOptions "
        "InjectUserMessageOptions Input Item Listen Output Parameters Properties Provider SettingsOptions Speak "
        "Think UpdatePromptOptions UpdateSpeakOptions"
    ),
    "v4.options_analyze": "AnalyzeOptions ReadOptions",
    "v4.options_listen": "ListenRESTOptions ListenWebSocketOptions LiveOptions PrerecordedOptions",
    "v4.options_manage": (
        "InviteOptions KeyOptions ProjectOptions ScopeOptions UsageFieldsOptions UsageRequestOptions "
        "UsageSummaryOptions"
    ),
    "v4.options_speak": "SpeakOptions SpeakRESTOptions SpeakWSOptions",
    "v4.responses_agent": (
        "AgentAudioDoneResponse AgentStartedSpeakingResponse AgentThinkingResponse AgentWarningResponse "
        "CancelledFunction ConversationTextResponse EndOfThoughtResponse FrustrationDetectedResponse FunctionCall "
        "FunctionCallCancelled FunctionCallRequest HistoryFunctionCall HistoryResponse InjectionRefusedResponse "
        "LatencyReportResponse ListenUpdatedResponse PromptUpdatedResponse SettingsAppliedResponse "
        "SpeakUpdatedResponse ThinkLiveUpdatedResponse ThinkUpdatedResponse UserStartedSpeakingResponse "
        "WelcomeResponse"
    ),
    "v4.responses_analyze": (
        "AnalyzeMetadata AnalyzeResponse AnalyzeResults AnalyzeSummary AsyncAnalyzeResponse SyncAnalyzeResponse"
    ),
    "v4.responses_common": (
        "Average CloseResponse ErrorResponse Hit Intent Intents IntentsInfo ModelInfo OpenResponse Search Segment "
        "SentimentInfo Sentiments SummaryInfo Topic Topics TopicsInfo UnhandledResponse"
    ),
    "v4.responses_listen": (
        "AsyncPrerecordedResponse Entity ListenRESTAlternative ListenRESTChannel ListenRESTMetadata "
        "ListenRESTResults ListenRESTWord Paragraph Paragraphs PrerecordedResponse Sentence Summaries SummaryV1 "
        "SummaryV2 SyncPrerecordedResponse Translation Utterance Warning"
    ),
    "v4.responses_live": (
        "ConfigureFailureResponse ConfigureSuccessResponse ListenWSAlternative ListenWSChannel ListenWSMetadata "
        "ListenWSMetadataResponse ListenWSWord LiveResultResponse SpeechStartedResponse UtteranceEndResponse"
    ),
    "v4.responses_manage": (
        "Balance BalancesResponse Invite InvitesResponse Key KeyResponse KeysResponse Member MembersResponse "
        "Message ModelResponse ModelsResponse Project ProjectsResponse STTDetails ScopesResponse TTSDetails "
        "TTSMetadata"
    ),
    "v4.responses_speak": (
        "ClearedResponse FlushedResponse SpeakRESTResponse SpeakResponse SpeakWSMetadataResponse WarningResponse"
    ),
    "v4.responses_usage": (
        "Callback Config Resolution STTTokens STTUsageDetails SpeechSegment TTSTokens TTSUsageDetails TokenDetail "
        "UsageFieldsResponse UsageModel UsageRequest UsageRequestsResponse UsageResponse UsageSummaryResponse "
        "UsageSummaryResults"
    ),
    "v4.rest_analyze": "AnalyzeClient AsyncAnalyzeClient AsyncReadClient ReadClient",
    "v4.rest_listen": "AsyncListenRESTClient AsyncPreRecordedClient ListenRESTClient PreRecordedClient",
    "v4.rest_speak": "AsyncSpeakRESTClient SpeakClient SpeakRESTClient",
    "v4.routers": "AgentRouter ListenRouter ReadRouter SpeakRouter",
    "v4.selfhosted": "AsyncOnPremClient AsyncSelfHostedClient OnPremClient SelfHostedClient",
    "v4.socket_agent": "AgentWebSocketClient AsyncAgentWebSocketClient",
    "v4.socket_listen": "AsyncListenWebSocketClient AsyncLiveClient ListenWebSocketClient LiveClient",
    "v4.socket_speak": "AsyncSpeakWSClient AsyncSpeakWebSocketClient SpeakWSClient SpeakWebSocketClient",
    "v4.sources": (
        "AnalyzeSource AnalyzeStreamSource BufferSource FileSource ListenRestSource PreRecordedStreamSource "
        "PrerecordedSource SpeakRESTSource SpeakRestSource SpeakSource StreamSource TextSource UrlSource"
    ),
    "v4.speaker": "Speaker",
    "v4.verboselogs": "CRITICAL DEBUG ERROR FATAL INFO NOTICE NOTSET SPAM SUCCESS VERBOSE VerboseLogger WARNING",
}
"""Public names by module."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

importlib.import_module(".paths", __name__).install()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
