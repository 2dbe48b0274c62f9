"""How well simple probes find some classes in vectors: in a network's features, or in raw samples.

Source: of the probes, Alain & Bengio: Understanding intermediate layers using linear classifier
probes, ICLR 2017 workshop, arXiv 1610.01644; Cover & Hart 1967. That what can be read of a class in
the samples themselves is near what can be read in a network that never saw it, is this project's
observation for the linear probe on Fashion-MNIST, to within 8 points; neighbours and class means
find up to 29 points more or 19 less there, and on digits the samples show up to 15 points more.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from unsc_core.data.dataset import Dataset

SAMPLES = 120
"""Most training samples per class."""
FOLDS = 3
"""Each third is judged by probes that are fitted on the other two."""
NEIGHBOURS = 20
STEPS = 60
"""Of the solver of the linear probe, which has then settled as far as it matters here."""


@dataclass(frozen=True)
class Found:
    """The share of samples of the chosen classes whose class a probe finds."""

    linear: float
    neighbours: float
    prototype: float


@dataclass(frozen=True, eq=False)
class Readability:
    """Training samples on which probes are fitted and judged in turn, always the same ones.

    Attributes:
        rows: (n,) indices of training samples. labels: (n,) their classes.
        fold: (n,) which of FOLDS each is in.
        classes: whose samples are to be found.
    """

    rows: NDArray[np.intp]
    labels: NDArray[np.int64]
    fold: NDArray[np.int64]
    classes: tuple[int, ...]

    @classmethod
    def drawn(cls, dataset: Dataset, classes: tuple[int, ...], seed: int) -> Readability:
        """Draw at most SAMPLES of each class, as many of every class.

        Args:
            classes: whose samples are to be found.
        """
        draw, labels = np.random.default_rng(seed), dataset.y_train
        fewest = np.bincount(labels, minlength=dataset.num_classes).min()
        size = int(min(SAMPLES, fewest))
        each = [
            draw.permutation(np.flatnonzero(labels == c))[:size] for c in range(dataset.num_classes)
        ]
        rows = np.concatenate(each)
        return cls(rows, labels[rows], np.tile(np.arange(size) % FOLDS, len(each)), classes)

    def of(self, vectors: NDArray[np.floating]) -> Found:
        """What the probes find in `vectors` (n, d), which belong to `rows`."""
        with threadpool_limits(1, "blas"):  # on so few samples, threads mostly wait for each other
            right = [self._right(vectors, self.fold == fold) for fold in range(FOLDS)]
        return Found(*np.concatenate(right, 1).mean(1).tolist())

    def _right(self, x: NDArray[np.floating], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(3, m) whether each probe finds each sample to be found among the `held` (n,) ones."""
        fit, labels = x[~held], self.labels[~held]
        wanted = held & np.isin(self.labels, self.classes)
        if not len(fit):
            return np.zeros((3, int(wanted.sum())), bool)
        spread = fit.std(0)
        spread[spread == 0] = 1.0
        linear = LogisticRegression(max_iter=STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            linear.fit((fit - fit.mean(0)) / spread, labels)
        near = KNeighborsClassifier(min(NEIGHBOURS, len(fit))).fit(fit, labels)
        known = np.unique(labels)
        means = np.stack([fit[labels == c].mean(0) for c in known])
        answers = (
            linear.predict((x[wanted] - fit.mean(0)) / spread),
            near.predict(x[wanted]),
            known[((means**2).sum(1) - 2 * x[wanted] @ means.T).argmin(1)],
        )
        return np.stack(answers) == self.labels[wanted]
