"""What the probes share: a classifier of all classes, judged on held-out forgotten samples."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from unsc_core.audits.subject import Subject

MAX_ITERATIONS = 300


def linear_classifier() -> Any:
    """Logistic regression on standardised features, with an L2 penalty of 1."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))


def probe(
    subject: Subject, fit: NDArray[np.floating], test: NDArray[np.floating], classifier: Any
) -> float:
    """Accuracy of a classifier in percent on the test samples of the forgotten classes.

    Args:
        subject: whose samples these are.
        fit: (n_fit, d) of `Subject.fit_rows`. test: (n_test, d) of the test samples.
        classifier: as in scikit-learn, not fitted.
    """
    rows = subject.forgotten
    return accuracy(classifier, fit, subject.fit_labels, test[rows], subject.test_labels[rows])


def accuracy(
    classifier: Any,
    fit: NDArray[np.floating],
    fit_labels: NDArray[np.int64],
    held_out: NDArray[np.floating],
    held_out_labels: NDArray[np.int64],
) -> float:
    """Accuracy in percent on held-out samples, of a classifier that is fitted here.

    A probe that has not converged after its iterations is judged as it is then.

    Args:
        classifier: as in scikit-learn, not fitted.
        fit: (n, d) features, as many of every class. fit_labels: (n,).
        held_out: (m, d). held_out_labels: (m,).
    """
    # on so few samples, threads mostly wait for each other
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(fit, fit_labels)
    return float(100 * np.mean(classifier.predict(held_out) == held_out_labels))
