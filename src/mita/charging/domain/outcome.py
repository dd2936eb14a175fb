"""What a batch did, for the caller that has to answer a wire or a person. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.metering.domain import SHOWN_CLASSES, ReadingClass, Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True)
class Outcome:
    """A charged batch: each reading's class in order of arrival, and the sums.

    ``reclassified`` counts stored readings of earlier batches whose class a late reading changed.
    Quantities by (utility, register); money in micro, positive when customers pay.
    """

    class_: NDArray[np.int64]
    reason: dict[int, str]
    reclassified: Counter[int] = field(default_factory=Counter)
    quantity_micro: Counter[tuple[str, str]] = field(default_factory=Counter)
    net_micro: int = 0
    tax_micro: int = 0
    entries: int = 0
    crossings: int = 0

    def counts(self) -> Counter[str]:
        """Return how many readings ended in each class, by the name that is shown."""
        counts: Counter[str] = Counter(dict.fromkeys(SHOWN_CLASSES, 0))
        numbers = Counter(self.class_.tolist())
        numbers.update(self.reclassified)
        for number, count in numbers.items():
            counts[ReadingClass(number).shown] += count
        return counts

    def reading(self, place: int) -> tuple[ReadingClass, str]:
        """Return one reading's class and the reason as a sentence, empty if there is nothing to say."""
        return ReadingClass(int(self.class_[place])), self.reason.get(place, "")


def sentence_of(reason: int) -> str:
    """Return a stored reason as a sentence."""
    return Reason(reason).sentence
