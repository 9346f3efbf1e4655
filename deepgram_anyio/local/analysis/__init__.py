"""What the embedded server has to say about a text: summary, topics, intents, sentiments.

Computed by packaged analysers and without a language model or a download: sentiment by TextBlob's lexicon, topics by
YAKE, the summary by TextRank; intents by a table of rules, for there is no packaged analyser of those.
"""

from __future__ import annotations

from .analyzer import analyze

__all__ = ["analyze"]
