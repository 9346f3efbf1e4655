"""What was measured, and the statistics of it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

__all__ = ["Figures"]


class Figures:
    """Samples by case, client and figure; one sample for each round."""

    def __init__(self) -> None:
        self._samples: dict[str, dict[str, dict[str, list[float]]]] = {}

    def add(self, case: str, client: str, figures: Mapping[str, float]) -> None:
        """Enter what one run of a client found."""
        found = self._samples.setdefault(case, {}).setdefault(client, {})
        for name, value in figures.items():
            found.setdefault(name, []).append(value)

    def samples(self, case: str, client: str, figure: str) -> list[float]:
        """Return the samples of a figure, in the order of the rounds; none when it was not measured."""
        return list(self._samples.get(case, {}).get(client, {}).get(figure, ()))

    def median(self, case: str, client: str, figure: str) -> float | None:
        """Return the median over all rounds; None when it was not measured."""
        samples = self.samples(case, client, figure)
        return statistics.median(samples) if samples else None

    def spread(self, case: str, client: str, figure: str) -> tuple[float, float] | None:
        """Return the least and the most of all rounds; None when it was not measured."""
        samples = self.samples(case, client, figure)
        return (min(samples), max(samples)) if samples else None

    def measured(self, case: str) -> bool:
        """Tell whether there is any sample of a case."""
        return case in self._samples

    def to_dict(self) -> dict[str, Any]:
        """Return medians, spreads and samples as plain dicts."""
        return {
            case: {
                client: {
                    name: {"median": statistics.median(found), "low": min(found), "high": max(found), "samples": found}
                    for name, found in figures.items()
                }
                for client, figures in clients.items()
            }
            for case, clients in self._samples.items()
        }
