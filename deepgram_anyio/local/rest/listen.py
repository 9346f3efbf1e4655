"""``POST /v1/listen``: the transcription of recordings, sent or fetched."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import anyio
import anyio.from_thread
import anyio.to_thread
import msgspec

from ...errors import ConfigError
from ...protocol.rest.analysis import AnalyzeUrl, Summary
from ...protocol.rest.base import Record
from ...protocol.rest.prerecorded_options import PrerecordedOptions
from ...protocol.rest.transcription import Transcription, TranscriptionAccepted
from ...protocol.rest.urls import check_url
from ..answers import Refusal
from ..codecs.decode import MAX_AUDIO_S, RecordingDecoder, TooMuchAudioError
from ..codecs.formats import DEMUXERS
from ..engines.raw_forms import ENCODINGS
from ..recognition_checks import check_recognition
from ..recording import Origin, asked_for, hear, strings, written
from ..socket_app import bad_request
from ..wire_audio import UndecodableAudioError
from .call import RestCall
from .callbacks import Delivery
from .fetch import fetch
from .spool import Spool, SpoolFullError

__all__ = ["MAX_RECORDING_BYTES", "transcribe"]

MAX_RECORDING_BYTES: Final = 2 * 1024**3
"""The largest recording that is taken."""

_MAX_CUSTOM: Final = 100


async def transcribe(call: RestCall) -> Record:
    """Transcribe a recording: the body, or what the URL in a JSON body leads to.

    Raises:
        Refusal: see the API's errors.

    Cancellation ends the work at the next piece of the recording, of which nothing stays.
    """
    options: PrerecordedOptions = call.query
    _check(options, any_language=call.state.any_language)
    call.used.model = options.model
    if options.callback is not None:
        await call.state.callbacks.check(options.callback)
    if not isinstance(call.body, AnalyzeUrl):
        return await _transcribe_body(call)
    url = call.body.url
    try:
        check_url("url", url)
    except ConfigError as error:
        raise bad_request(str(error)) from error
    if options.callback is None:
        return await _fetch_and_transcribe(call, url)
    return _call_back(call, lambda: _fetch_and_transcribe(call, url))


async def _transcribe_body(call: RestCall) -> Record:
    spool = Spool(max_bytes=MAX_RECORDING_BYTES)
    in_background = False
    try:
        async with aclosing(call.request.stream()) as chunks:
            await _fill(spool, chunks, announced=call.request.headers.get("content-length"))
        if call.query.callback is None:
            return await _transcribe_spool(call, spool)
        accepted = _call_back(call, lambda: _transcribe_spool(call, spool), release=spool.close)
        in_background = True
        return accepted
    finally:
        if not in_background:
            spool.close()


def _check(options: PrerecordedOptions, *, any_language: bool) -> None:
    check_recognition(options, any_language=any_language)
    languages = [language for language in strings(options.detect_language) if language not in ("true", "false")]
    if languages and not any_language and not any(language.split("-")[0].lower() == "en" for language in languages):
        raise bad_request("the local server recognises English only, and detect_language leaves it out")
    for name in ("topic", "intent"):
        mode = getattr(options, f"custom_{name}_mode")
        if mode not in (None, "extended", "strict"):
            raise bad_request(f"custom_{name}_mode must be extended or strict, not {mode}")
        if len(strings(getattr(options, f"custom_{name}"))) > _MAX_CUSTOM:
            raise bad_request(f"custom_{name} can be given {_MAX_CUSTOM} times at most")
    if isinstance(options.summarize, str) and options.summarize not in ("true", "false", "v2"):
        raise bad_request(f"summarize must be true, false or v2, not {options.summarize}")
    encoding = options.encoding
    if encoding is not None and encoding not in ENCODINGS and encoding not in DEMUXERS:
        raise bad_request(f"the local server does not decode encoding={encoding}")
    if encoding in ENCODINGS and options.sample_rate is None:
        raise bad_request(f"encoding={encoding} needs sample_rate")


async def _fill(spool: Spool, chunks: AsyncIterable[bytes], *, announced: str | None = None) -> None:
    too_large = Refusal(
        413, "PAYLOAD_TOO_LARGE", f"The recording is larger than {MAX_RECORDING_BYTES} bytes, the most that is taken."
    )
    if announced is not None and announced.isdecimal() and int(announced) > MAX_RECORDING_BYTES:
        raise too_large
    try:
        await spool.fill(chunks)
    except SpoolFullError:
        raise too_large from None


async def _fetch_and_transcribe(call: RestCall, url: str) -> Transcription:
    spool = Spool(max_bytes=MAX_RECORDING_BYTES)
    try:
        async with fetch(call.state.settings, url) as chunks:
            await _fill(spool, chunks)
        return await _transcribe_spool(call, spool)
    finally:
        spool.close()


async def _transcribe_spool(call: RestCall, spool: Spool) -> Transcription:
    options: PrerecordedOptions = call.query
    recognizer = await call.state.recognizer()
    created = call.state.store.clock()
    decoder = RecordingDecoder(
        spool.file,
        encoding=options.encoding,
        sample_rate=options.sample_rate,
        channels=options.channels or 1,
        mix=not options.multichannel,
        check=anyio.from_thread.check_cancelled,
    )

    def work() -> Transcription:
        heard = hear(decoder, recognizer, options)
        origin = Origin(
            request_id=call.request_id,
            created=created,
            sha256=spool.sha256,
            duration_s=decoder.duration_s,
            engine=recognizer.name,
        )
        transcription = written(heard, options, origin)
        if any(map(asked_for, (options.summarize, options.topics, options.intents, options.sentiment))):
            # Sentences are found by their signs, which the transcript may have to do without.
            with_signs = written(heard, msgspec.structs.replace(options, punctuate=True), origin)
            _analyze(with_signs.transcript, transcription, options)
        return transcription

    try:
        transcription = await anyio.to_thread.run_sync(work, limiter=call.state.threads)
    except UndecodableAudioError as error:
        raise bad_request("failed to process audio: corrupt or unsupported data") from error
    except TooMuchAudioError as error:
        message = f"The recording is longer than {MAX_AUDIO_S / 3600:g} hours, the most that is taken."
        raise Refusal(413, "PAYLOAD_TOO_LARGE", message) from error
    call.used.audio_s = decoder.duration_s
    call.used.channels = decoder.channels
    return transcription


def _analyze(text: str, transcription: Transcription, options: PrerecordedOptions) -> None:
    from ..analysis import analyze

    found, used = analyze(
        text,
        summarize=asked_for(options.summarize),
        topics=bool(options.topics),
        intents=bool(options.intents),
        sentiment=bool(options.sentiment),
        custom_topics=strings(options.custom_topic),
        custom_topics_strict=options.custom_topic_mode == "strict",
        custom_intents=strings(options.custom_intent),
        custom_intents_strict=options.custom_intent_mode == "strict",
    )
    results = transcription.results
    if found.summary is not None:
        results.summary = Summary(result="success", short=found.summary.text)
    results.topics, results.intents, results.sentiments = found.topics, found.intents, found.sentiments
    for name, use in used.items():
        setattr(transcription.metadata, name, use)


def _call_back(
    call: RestCall, work: Callable[[], Awaitable[Transcription]], *, release: Callable[[], None] | None = None
) -> TranscriptionAccepted:
    async def job() -> Delivery:
        return Delivery(content=(await work()).to_json().encode())

    options: PrerecordedOptions = call.query
    assert options.callback is not None
    call.state.callbacks.deliver(
        job, options.callback, method=options.callback_method, request_id=call.request_id, release=release
    )
    call.used.callback = options.callback
    return TranscriptionAccepted(request_id=call.request_id)
