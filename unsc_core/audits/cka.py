"""CKA: are the features of forgotten samples arranged as in the retrained network?

Source: Kornblith, Norouzi, Lee, Hinton: Similarity of Neural Network Representations Revisited,
ICML 2019, arXiv 1905.00414; for unlearning, Kim et al. 2025, arXiv 2503.06991.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unsc_core.audits.entry import Audit, Outcome
from unsc_core.audits.subject import Subject
from unsc_core.errors import AuditError

AUDIT = Audit(
    name="cka",
    title="Similarity to the retrained",
    question="Are the features of forgotten samples arranged as in the retrained network?",
    measures="Linear CKA with the retrained model, penultimate features of forgotten test samples.",
    unit="",
    direction="lower",
    group="features",
    source="Kornblith et al., ICML 2019, arXiv 1905.00414",
    order=90,
    compares=True,
)


def measure(subject: Subject, retrained: Subject) -> Outcome:
    """On the forgotten test samples; detail: every layer, on forgotten and retained ones."""
    parts = {"forget": subject.forgotten, "retain": ~subject.forgotten}
    layers = {
        part: {
            name: linear_cka(features.test[rows], retrained.layers[name].test[rows])
            for name, features in subject.layers.items()
        }
        for part, rows in parts.items()
    }
    return Outcome(list(layers["forget"].values())[-1], {"layers": layers})


def linear_cka(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) of centred features: 1 if equal up to rotation and scale.

    Args:
        x: (n, d) of n samples. y: (n, e) of the same samples in another network.

    Raises:
        AuditError: all samples have the same features in one of them.
    """
    x, y = (z.astype(np.float64) - z.mean(0, dtype=np.float64) for z in (x, y))
    size = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    if size == 0:
        raise AuditError("All samples have the same features at one layer, so CKA has no value.")
    return float(np.linalg.norm(y.T @ x) ** 2 / size)
