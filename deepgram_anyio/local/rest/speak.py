"""``POST /v1/speak`` and ``POST /v2/speak``: a text spoken in one answer, which begins before the text was spoken.

Every model is the one packaged voice, which speaks at its own speed and in its own way: ``speed`` and ``expressivity``
are checked, and not obeyed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Final

import anyio
import anyio.to_thread
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from ...errors import ConfigError
from ...protocol.rest.base import Record
from ...protocol.rest.speech import FluxSpeechOptions, SpeechAccepted, SpeechOptions, SpeechText
from ...protocol.text import MAX_TEXT_CHARS
from ..answers import Refusal
from ..codecs.encode import speech_encoder
from ..codecs.formats import SpeechFormat, speech_format
from ..engines.base import Voice
from ..socket_app import bad_request
from ..speak_socket import VOICE_UUID
from ..voice_checks import check_aura_model, check_flux_voice
from .call import RestCall
from .callbacks import Delivery

__all__ = ["speak", "speak_flux"]

_SPEEDS: Final = (0.7, 1.5)


async def speak(call: RestCall) -> Record | HttpResponse:
    """Answer ``POST /v1/speak``.

    Raises:
        Refusal: see the API's errors.

    Cancellation, of this or of the sending of the response, ends the work at the next piece of speech.
    """
    options: SpeechOptions = call.query
    check_aura_model(options.model)
    if options.speed is not None and not _SPEEDS[0] <= options.speed <= _SPEEDS[1]:
        raise bad_request(f"speed={options.speed:g} is out of range")
    return await _speak(call, options, _form(options, flux=False))


async def speak_flux(call: RestCall) -> Record | HttpResponse:
    """Answer ``POST /v2/speak``; as `speak`."""
    options: FluxSpeechOptions = call.query
    if "model" not in call.request.query_params:
        raise bad_request("model is required")
    check_flux_voice(options.model, options.speed, options.expressivity)
    if options.priority not in (None, "low"):
        raise bad_request(f"priority must be low, not {options.priority}")
    return await _speak(call, options, _form(options, flux=True))


def _form(options: SpeechOptions | FluxSpeechOptions, *, flux: bool) -> SpeechFormat:
    try:
        return speech_format(
            encoding=options.encoding,
            container=options.container,
            sample_rate=options.sample_rate,
            bit_rate=options.bit_rate,
            flux=flux,
        )
    except ConfigError as error:
        raise bad_request(f"unsupported audio format: {error}") from error


def _check_text(text: str) -> None:
    if not text.strip():
        raise bad_request("the text must not be empty")
    if len(text) > MAX_TEXT_CHARS:
        message = f"Input text exceeds maximum character limit of {MAX_TEXT_CHARS}."
        raise Refusal(413, "PAYLOAD_TOO_LARGE", message)


async def _speak(
    call: RestCall, options: SpeechOptions | FluxSpeechOptions, form: SpeechFormat
) -> Record | HttpResponse:
    body: SpeechText = call.body
    _check_text(body.text)
    call.used.model = options.model
    call.used.characters = len(body.text)
    headers = {
        "dg-model-name": options.model,
        "dg-model-uuid": VOICE_UUID,
        "dg-char-count": str(len(body.text)),
    }
    if options.callback is None:
        speech = _Speech(await call.state.voice(), body.text, form, call.state.threads)
        # What cannot be spoken at all is an error, not half an answer.
        first = await speech.next_piece()
        return _SpeechResponse(speech, first, {"content-type": form.media_type, **headers})

    async def job() -> Delivery:
        speech = _Speech(await call.state.voice(), body.text, form, call.state.threads)
        return Delivery(content=await speech.whole(), media_type=form.media_type, headers=headers)

    await call.state.callbacks.check(options.callback)
    call.state.callbacks.deliver(job, options.callback, method=options.callback_method, request_id=call.request_id)
    call.used.callback = options.callback
    return SpeechAccepted(request_id=call.request_id)


class _Speech:
    """A text that is being spoken, in worker threads."""

    def __init__(self, voice: Voice, text: str, form: SpeechFormat, limiter: anyio.CapacityLimiter) -> None:
        self._pieces = _spoken(voice, text, form)
        self._limiter = limiter

    async def next_piece(self) -> bytes:
        """Return more of the audio; nothing when that was all."""
        try:
            return await anyio.to_thread.run_sync(next, self._pieces, b"", limiter=self._limiter)
        except BaseException:
            await self.close()
            raise

    async def whole(self) -> bytes:
        """Return all of the audio."""
        audio = bytearray()
        while piece := await self.next_piece():
            audio += piece
        return bytes(audio)

    async def close(self) -> None:
        """Let go of everything; harmless when repeated."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._pieces.close, limiter=self._limiter)


def _spoken(voice: Voice, text: str, form: SpeechFormat) -> Generator[bytes, None, None]:
    encoder = speech_encoder(form, source_rate=voice.sample_rate)
    try:
        for samples in voice.synthesize(text):
            if audio := encoder.feed(samples):
                yield audio
        if audio := encoder.finish():
            yield audio
    finally:
        encoder.close()


class _SpeechResponse(HttpResponse):
    """Sends speech while it is being spoken."""

    def __init__(self, speech: _Speech, first: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]  # it was the empty body's
        self._speech = speech
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._send(send)
        finally:
            await self._speech.close()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        piece = self._first
        while piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await self._speech.next_piece()
        await send({"type": "http.response.body", "body": b""})
