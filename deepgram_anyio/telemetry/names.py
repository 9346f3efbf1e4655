"""The names of all spans' attributes, events and metrics; ``docs/observability.md`` explains them one by one.

Those without ``deepgram.`` are of OpenTelemetry's semantic conventions. Sockets have no stable convention, so what is
said of sessions has names of its own beside them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "ATTEMPT",
    "AUDIO_ACKNOWLEDGED",
    "AUDIO_LOST",
    "AUDIO_RECEIVED",
    "AUDIO_REPLAYED",
    "AUDIO_SENT",
    "CAUSE",
    "CLOSE_CODE",
    "CONNECTED",
    "CONNECTION_LOST",
    "ERRORS",
    "ERROR_CODE",
    "ERROR_TYPE",
    "FINAL_LATENCY",
    "FIRST_BYTE",
    "FIRST_RESULT",
    "GAP",
    "METHOD",
    "METRICS",
    "MODEL",
    "OPEN_CONNECTIONS",
    "OUTCOME",
    "PROTOCOL",
    "RECEIVED",
    "RECONNECTED",
    "RECONNECTS",
    "REFUSED",
    "REQUEST_DURATION",
    "REQUEST_ID",
    "REQUEST_IDS",
    "RESENT",
    "RETRY",
    "SERVER_ADDRESS",
    "SERVER_PORT",
    "STATUS",
    "TEXT_SENT",
    "URL",
    "URL_TEMPLATE",
    "WAIT",
    "Metric",
]

# Attributes, of the conventions.
ERROR_TYPE: Final = "error.type"
METHOD: Final = "http.request.method"
PROTOCOL: Final = "network.protocol.name"
RESENT: Final = "http.request.resend_count"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
STATUS: Final = "http.response.status_code"
URL: Final = "url.full"
URL_TEMPLATE: Final = "url.template"

# Attributes, our own. Seconds, where they are times.
ATTEMPT: Final = "deepgram.attempt"
AUDIO_ACKNOWLEDGED: Final = "deepgram.audio.acknowledged"
AUDIO_LOST: Final = "deepgram.audio.lost"
AUDIO_RECEIVED: Final = "deepgram.audio.received"
AUDIO_REPLAYED: Final = "deepgram.audio.replayed"
AUDIO_SENT: Final = "deepgram.audio.sent"
CAUSE: Final = "deepgram.cause"
CLOSE_CODE: Final = "deepgram.close_code"
ERROR_CODE: Final = "deepgram.error_code"
GAP: Final = "deepgram.gap"
MODEL: Final = "deepgram.model"
OUTCOME: Final = "deepgram.outcome"
RECEIVED: Final = "deepgram.messages.received"
RECONNECTS: Final = "deepgram.reconnects"
REQUEST_ID: Final = "deepgram.request_id"
REQUEST_IDS: Final = "deepgram.request_ids"
TEXT_SENT: Final = "deepgram.text.sent"
WAIT: Final = "deepgram.wait"

# Events.
CONNECTED: Final = "deepgram.connected"
CONNECTION_LOST: Final = "deepgram.connection_lost"
RECONNECTED: Final = "deepgram.reconnected"
REFUSED: Final = "deepgram.refused"
RETRY: Final = "deepgram.retry"

# Metrics; some share their names with attributes, which say the same of one session.
ERRORS: Final = "deepgram.errors"
FINAL_LATENCY: Final = "deepgram.listen.final_latency"
FIRST_BYTE: Final = "deepgram.speak.time_to_first_byte"
FIRST_RESULT: Final = "deepgram.listen.time_to_first_result"
OPEN_CONNECTIONS: Final = "deepgram.open_connections"
REQUEST_DURATION: Final = "http.client.request.duration"


class Metric(NamedTuple):
    """A metric.

    Attributes:
        name: its name.
        kind: ``histogram``, ``counter`` or ``up-down counter``.
        unit: by UCUM, as OpenTelemetry wants it.
        description: what it says.
    """

    name: str
    kind: str
    unit: str
    description: str


METRICS: Final = (
    Metric(REQUEST_DURATION, "histogram", "s", "Duration of REST calls, retries included."),
    Metric(FINAL_LATENCY, "histogram", "s", "From handing over the last audio that a final covers to its arrival."),
    Metric(FIRST_RESULT, "histogram", "s", "From handing over the first audio of a session to its first result."),
    Metric(FIRST_BYTE, "histogram", "s", "From asking for the speech of a text to the first byte of it."),
    Metric(OPEN_CONNECTIONS, "up-down counter", "{connection}", "Sockets that are open and usable."),
    Metric(RECONNECTS, "counter", "{reconnect}", "Connections that took up a session after a break."),
    Metric(AUDIO_SENT, "counter", "s", "Audio that sessions accepted."),
    Metric(AUDIO_ACKNOWLEDGED, "counter", "s", "Audio that final results cover."),
    Metric(AUDIO_LOST, "counter", "s", "Audio that no final result can cover any more."),
    Metric(AUDIO_RECEIVED, "counter", "s", "Speech that came over sockets."),
    Metric(ERRORS, "counter", "{error}", "Calls and sessions that failed for good."),
)
