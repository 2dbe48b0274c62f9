"""What each model answers for one image, and how sure it is. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis.maps import NEIGHBOURS
from unsc_core.experiment.result import masked

CLOSE = 10.0
"""A margin of fewer points than this is called close."""


@dataclass(frozen=True, eq=False)
class Answer:
    """One model's answer for one image.

    Attributes:
        logits: (classes,); −∞ where the mask hides a class.
    """

    logits: NDArray[np.float32]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(classes,): the softmax of the logits."""
        powers = np.exp(self.logits.astype(np.float64) - float(self.logits.max()))
        return powers / powers.sum()

    @property
    def order(self) -> NDArray[np.intp]:
        """Classes, the most probable first."""
        return np.argsort(-self.logits, kind="stable")

    @property
    def label(self) -> int:
        """The predicted class."""
        return int(self.logits.argmax())

    @property
    def second(self) -> int:
        """The class next in probability."""
        return int(self.order[1])

    @property
    def margin(self) -> float:
        """The probability of the predicted class minus that of the next, in points."""
        first, second = self.probabilities[self.order[:2]]
        return float(100 * (first - second))

    @property
    def is_close(self) -> bool:
        """Whether the margin is small; see CLOSE."""
        return self.margin < CLOSE


def answers(
    logits: Mapping[str, NDArray[np.float32]], forget_classes: tuple[int, ...]
) -> dict[str, Answer]:
    """Model -> its answer, in the order of tables; the mask follows from the original's logits.

    Args:
        logits: (classes,) of the models there are: original, unlearned and perhaps retrained.
        forget_classes: what the mask hides; there is no mask without any.
    """
    found = {"original": Answer(logits["original"])}
    if forget_classes:
        hidden = masked(logits["original"][None], forget_classes)[0]
        found["mask"] = Answer(hidden)
    return found | {name: Answer(of) for name, of in logits.items() if name != "original"}


def like_most(
    logits: NDArray[np.float32],
    original: NDArray[np.float32],
    labels: NDArray[np.int64],
    without: int | None = None,
) -> tuple[int, int, int]:
    """The most frequent class among the samples whose original logits are nearest to `logits`.

    Args:
        logits: (classes,) of an image under any model.
        original: (n, classes) of the samples under the original. labels: (n,) their true classes.
        without: a row that is left out: the image itself.

    Returns:
        The class, how many of the nearest have it, and how many nearest there are.
    """
    distance = np.linalg.norm(original - logits, axis=1)
    if without is not None:
        distance[without] = np.inf
    count = min(NEIGHBOURS, len(original) - (without is not None))
    nearest = np.argpartition(distance, count - 1)[:count]
    votes = np.bincount(labels[nearest])
    return int(votes.argmax()), int(votes.max()), count
