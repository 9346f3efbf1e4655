"""Summaries by TextRank: the sentences that share most with the others, in their order (Mihalcea and Tarau, 2004)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...protocol.rest.analysis import Summary
from ..engines.failures import missing_extra
from .language import Language
from .sentences import Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["summarize", "text_rank"]

_SHORT_TEXT = 50
"""Words; a text with fewer is its own summary."""

_SENTENCES = 3
_COMPARED = 400
"""Sentences that are compared with each other; of more, as many are taken at even distances."""

_DAMPING = 0.85
_ROUNDS = 50
_TOLERANCE = 1e-6


def summarize(sentences: Sequence[Sentence], language: Language) -> Summary:
    """Return a summary: up to three sentences of the text, in their order; all of a text of less than 50 words."""
    if sum(len(sentence.words) for sentence in sentences) < _SHORT_TEXT:
        return Summary(text=" ".join(" ".join(sentence.text.split()) for sentence in sentences))
    compared = _spread(sentences)
    stems = [frozenset(language.stems(sentence.words)) for sentence in compared]
    ranks = text_rank(stems)
    chosen: list[int] = []
    for index in sorted(range(len(compared)), key=lambda index: (-ranks[index], index)):
        if len(chosen) < _SENTENCES and all(stems[index] != stems[other] for other in chosen):
            chosen.append(index)
    return Summary(text=" ".join(" ".join(compared[index].text.split()) for index in sorted(chosen)))


def _spread(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    if len(sentences) <= _COMPARED:
        return sentences
    return [sentences[index * len(sentences) // _COMPARED] for index in range(_COMPARED)]


def text_rank(stems: Sequence[frozenset[str]]) -> list[float]:
    """Return each sentence's rank: PageRank over how much the sentences share; the ranks add up to 1.

    Args:
        stems: of each sentence.

    Raises:
        ConfigError: numpy is missing.
    """
    try:
        import numpy as np
    except ImportError as error:
        raise missing_extra("local", error) from error
    links = _similarities(stems)
    count = len(stems)
    sums = links.sum(axis=1, keepdims=True)
    # A sentence that shares nothing with any other leads to all alike.
    links = np.where(sums > 0, links / np.where(sums > 0, sums, 1), 1 / count)
    ranks = np.full(count, 1 / count)
    for _ in range(_ROUNDS):
        before, ranks = ranks, (1 - _DAMPING) / count + _DAMPING * (ranks @ links)
        if np.abs(ranks - before).sum() < _TOLERANCE:
            break
    # What differs by rounding alone must not depend on the machine.
    return [round(float(rank), 9) for rank in ranks]


def _similarities(stems: Sequence[frozenset[str]]) -> NDArray[np.float64]:
    """Stems in common, over the logarithms of both sentences' lengths."""
    import numpy as np

    columns = {stem: column for column, stem in enumerate(sorted(frozenset().union(*stems)))}
    occurs = np.zeros((len(stems), len(columns)), dtype=np.float32)
    for row, found in enumerate(stems):
        occurs[row, [columns[stem] for stem in found]] = 1
    shared = (occurs @ occurs.T).astype(np.float64)
    np.fill_diagonal(shared, 0)
    lengths = np.log1p(occurs.sum(axis=1, dtype=np.float64))
    weights = lengths[:, None] + lengths[None, :]
    links: NDArray[np.float64] = np.divide(shared, weights, out=np.zeros_like(shared), where=weights > 0)
    return links
