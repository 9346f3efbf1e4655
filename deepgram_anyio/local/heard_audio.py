"""How much audio a socket's client has sent, in seconds, read off its messages."""

from __future__ import annotations

from ..errors import ConfigError
from ..protocol import agent
from ..protocol.codec import Codec
from ..protocol.flux_options import FluxOptions
from ..protocol.listen_options import LiveOptions
from ..protocol.options import parse_query
from ..protocol.wav import WavError, WavReader
from .agent_config import InvalidSettingsError, read_settings

__all__ = ["HeardAudio"]

_OPTIONS: dict[str, type[LiveOptions | FluxOptions]] = {"/v1/listen": LiveOptions, "/v2/listen": FluxOptions}


class HeardAudio:
    """Counts the audio of one stream: raw, or WAV; of other forms the bytes do not tell the length.

    Attributes:
        seconds: the audio so far.
    """

    def __init__(self, path: str, query: bytes) -> None:
        """
        Args:
            path: of the socket.
            query: its query string.
        """
        self.seconds: float = 0.0
        self._settings = Codec([agent.Settings]) if path not in _OPTIONS else None
        self._wav: WavReader | None = None
        self._byte_rate: int | None = None
        options = _OPTIONS.get(path)
        if options is not None:
            self._byte_rate = _announced(options, query)
            if self._byte_rate is None:
                self._wav = WavReader()

    def take_text(self, text: str) -> None:
        """Take a JSON message: an agent's settings name the format of what follows."""
        settings = None if self._settings is None else self._settings.decode(text)
        if isinstance(settings, agent.Settings):
            try:
                self._byte_rate = read_settings(settings).input.byte_rate
            except InvalidSettingsError:
                return  # the socket is about to tell the client

    def take_audio(self, data: bytes) -> None:
        """Take a binary message."""
        if self._wav is not None:
            try:
                data = self._wav.feed(data)
            except WavError:
                return  # not WAV, and then nobody knows how long it is
            if self._wav.format is not None:
                self._byte_rate = self._wav.format.byte_rate
        if self._byte_rate:
            self.seconds += len(data) / self._byte_rate


def _announced(options: type[LiveOptions | FluxOptions], query: bytes) -> int | None:
    try:
        return parse_query(options, query)[0].audio_format.byte_rate
    except ConfigError:
        return None  # a handshake that the socket refuses
