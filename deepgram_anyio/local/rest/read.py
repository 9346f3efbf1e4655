"""``/v1/read``: the analysis of a text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import anyio.to_thread

from ...protocol.rest.analysis import (
    Analysis,
    AnalysisAccepted,
    AnalysisMetadata,
    AnalyzeUrl,
    ReadOptions,
)
from ..analysis import analyze as analyze_text
from ..analysis.page import text_of
from ..answers import Refusal
from .bodies import MAX_JSON_BYTES
from .call import RestCall
from .callbacks import Delivery
from .fetch import fetch_bytes

__all__ = ["MAX_WORDS", "analyze"]

MAX_WORDS: Final = 150_000
"""The longest text; a token is a word."""

_MAX_CUSTOM: Final = 100
_MODES: Final = (None, "extended", "strict")
_SUMMARIZE: Final[Mapping[bool | str | None, bool]] = {None: False, "false": False, "true": True, "v2": True}


async def analyze(call: RestCall) -> Analysis | AnalysisAccepted:
    """Analyse a text, or what a URL leads to; with a callback, after the answer.

    Raises:
        Refusal: 400 for what cannot be asked, for another language than English, for a text that is empty, too long, or
            not to be had.

    Cancellation stops waiting for the analysis; its thread comes to an end by itself.
    """
    options: ReadOptions = call.query
    asked = _asked(options)
    call.used.model = "local"
    if options.callback is None:
        return await _analysis(call, asked)
    if not isinstance(call.body, AnalyzeUrl):
        _check(call.body.text)
    await call.state.callbacks.check(options.callback)

    async def job() -> Delivery:
        return Delivery(content=(await _analysis(call, asked)).to_json().encode())

    call.state.callbacks.deliver(job, options.callback, method=options.callback_method, request_id=call.request_id)
    call.used.callback = options.callback
    return AnalysisAccepted(request_id=call.request_id)


def _asked(options: ReadOptions) -> dict[str, Any]:
    """Read the query into the analysis' own parameters."""
    language = options.language or "en"
    if language.lower().partition("-")[0] != "en":
        raise _invalid(f"Request specified unsupported language: {language[:80]}. Only English is supported.")
    spelled = options.summarize.lower() if isinstance(options.summarize, str) else options.summarize
    summarize = spelled if isinstance(spelled, bool) else _SUMMARIZE.get(spelled)
    if summarize is None:
        raise _invalid("summarize must be true, false or v2")
    asked: dict[str, Any] = {
        "summarize": summarize,
        "topics": options.topics or False,
        "intents": options.intents or False,
        "sentiment": options.sentiment or False,
    }
    if not any(asked.values()):
        raise _invalid("At least one of summarize, topics, intents and sentiment is needed.")
    for name, given, mode in (
        ("topic", options.custom_topic, options.custom_topic_mode),
        ("intent", options.custom_intent, options.custom_intent_mode),
    ):
        custom = [given] if isinstance(given, str) else given or []
        if len(custom) > _MAX_CUSTOM:
            raise _invalid(f"custom_{name} may be given {_MAX_CUSTOM} times")
        if mode not in _MODES:
            raise _invalid(f"custom_{name}_mode must be extended or strict")
        asked[f"custom_{name}s"] = custom
        asked[f"custom_{name}s_strict"] = mode == "strict"
    return asked


def _invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY_PARAMETER", message)


def _check(text: str) -> None:
    if not text.strip():
        raise Refusal(400, "PAYLOAD_ERROR", "The text is empty.")
    if len(text.split(None, MAX_WORDS)) > MAX_WORDS:
        raise Refusal(400, "TOKEN_LIMIT_EXCEEDED", f"A text may have {MAX_WORDS} words; this one has more.")


async def _analysis(call: RestCall, asked: Mapping[str, Any]) -> Analysis:
    state = call.state
    text = await _fetched(call) if isinstance(call.body, AnalyzeUrl) else call.body.text
    _check(text)
    results, used = await anyio.to_thread.run_sync(
        partial(analyze_text, text, **asked), limiter=state.threads, abandon_on_cancel=True
    )
    call.used.tokens_in = sum(use.input_tokens or 0 for use in used.values())
    call.used.tokens_out = sum(use.output_tokens or 0 for use in used.values())
    language = call.query.language or "en"
    metadata = AnalysisMetadata(request_id=call.request_id, created=state.store.clock(), language=language, **used)
    return Analysis(metadata=metadata, results=results)


async def _fetched(call: RestCall) -> str:
    content = await fetch_bytes(call.state.settings, call.body.url, max_bytes=MAX_JSON_BYTES)
    try:
        return await anyio.to_thread.run_sync(text_of, content, limiter=call.state.threads, abandon_on_cancel=True)
    except ValueError as error:
        raise Refusal(400, "REMOTE_CONTENT_ERROR", "The URL leads to no text in UTF-8.") from error
