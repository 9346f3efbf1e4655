"""``read``: what a text is about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import parse_pairs
from .failures import CommandError
from .output import Column, Output, text_of
from .running import run_async
from .settings import Settings, with_settings

if TYPE_CHECKING:
    from .. import Analysis

__all__ = ["read_command"]

_COLOURS = {"positive": "green", "neutral": "yellow", "negative": "red"}


@with_settings
def read_command(
    settings: Settings,
    source: Annotated[str, typer.Argument(metavar="TEXT|-|FILE|URL", help="The text, or where it is; - is the input.")],
    summarize: Annotated[bool, typer.Option("--summarize", help="A summary.")] = False,
    topics: Annotated[bool, typer.Option("--topics", help="Topics, stretch by stretch.")] = False,
    intents: Annotated[bool, typer.Option("--intents", help="What the speaker wants.")] = False,
    sentiment: Annotated[bool, typer.Option("--sentiment", help="Sentiments, stretch by stretch.")] = False,
    language: Annotated[str | None, typer.Option(metavar="TAG", help="BCP-47 tag; en.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Any other parameter, such as custom_topic. Repeatable."),
    ] = None,
) -> int:
    """Summarize a text, or find its topics, intents and sentiments.

    Example: deepgram-anyio read report.txt --summarize --topics

    Example: echo "I would like my money back." | deepgram-anyio read - --intents --sentiment
    """
    output = Output(settings)
    if not (summarize or topics or intents or sentiment):
        raise CommandError("nothing to do: ask for --summarize, --topics, --intents or --sentiment")
    wanted: dict[str, Any] = {
        **parse_pairs("--option", option),
        "summarize": summarize or None,
        "topics": topics or None,
        "intents": intents or None,
        "sentiment": sentiment or None,
        "language": language,
    }
    content = _content(source)

    async def main(dg: Any) -> None:
        analysis = await dg.read.v1.analyze(**content, **wanted)
        if output.json:
            output.document(analysis)
        elif not hasattr(analysis, "results"):
            output.note(f"The analysis goes to the callback (request {analysis.request_id}).")
        else:
            _print_analysis(output, analysis)

    return run_async(settings, main)


def _content(source: str) -> dict[str, str]:
    """Tell what a source is: an address, the standard input, a file, or the text itself."""
    if source.startswith(("http://", "https://")):
        return {"url": source}
    if source == "-":
        return {"text": _decoded("standard input", sys.stdin.buffer.read())}
    path = Path(source)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long for a name, or not one at all
        is_file = False
    if is_file:
        return {"text": _decoded(source, path.read_bytes())}
    blank = any(letter.isspace() for letter in source)
    if not blank and (path.suffix or "/" in source):
        raise CommandError(f"{source}: no such file; a text that looks like one can come through '-'", kind="file")
    return {"text": source}


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: not text in UTF-8", kind="file") from error


def _print_analysis(output: Output, analysis: Analysis) -> None:
    results = analysis.results
    if analysis.summary is not None:
        output.print("Summary", style="bold")
        output.print(f"{analysis.summary}\n")
    if results.topics is not None:
        found = [
            (topic.topic, topic.confidence_score, segment.text)
            for segment in results.topics.segments or ()
            for topic in segment.topics or ()
        ]
        output.table("Topics", _columns("Topic"), found, empty="No topic was found.")
    if results.intents is not None:
        wanted = [
            (intent.intent, intent.confidence_score, part.text)
            for part in results.intents.segments or ()
            for intent in part.intents or ()
        ]
        output.table("Intents", _columns("Intent"), wanted, empty="No intent was found.")
    if results.sentiments is not None:
        average = results.sentiments.average
        if average is not None:
            output.print(
                f"Sentiment: {text_of(average.sentiment)} ({text_of(average.sentiment_score)})",
                style=_COLOURS.get(average.sentiment or ""),
            )
        stretches = [(part.sentiment, part.sentiment_score, part.text) for part in results.sentiments.segments or ()]
        output.table("Sentiments", _columns("Sentiment"), stretches, empty="No sentiment was found.")


def _columns(first: str) -> list[Column | str]:
    return [first, Column("Score", right=True), "Text"]
