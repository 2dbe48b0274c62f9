"""What attacks with shadow models share: the halves, what is stored of each, and the judgement.

A shadow model is trained like the original, on a random half of all training and test samples. So
one knows of every sample, whether it was a member of the audited network's training set or not, how
sure networks are that were trained on it, and how sure those are that were not. An attacker does
not know who the members are, so both kinds of samples are in the pool and are treated alike. The
models come in pairs with complementary halves: of any even number from the first on, half were
trained on a given sample.

Source: Carlini et al.: Membership Inference Attacks From First Principles, IEEE S&P 2022,
arXiv 2112.03570; pairs: Zarifzadeh, Liu, Shokri: Low-Cost High-Power Membership Inference Attacks,
ICML 2024, arXiv 2312.03262.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from unsc_core.audits.entry import SHADOW_MODELS, Outcome
from unsc_core.audits.ranking import auc, chance_sd, false_alarms, tpr
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import Split
from unsc_core.errors import AuditError, ConfigError
from unsc_core.experiment.artefacts import SHADOWS
from unsc_core.experiment.keys import shadow_key
from unsc_core.experiment.result import Predictions
from unsc_core.experiment.store import Store

FEWEST, MOST = min(SHADOW_MODELS), 64
"""Numbers of shadow models that make sense."""
PARTS = ("train", "test")
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What shadow models answer to all samples of the classes that a request forgets.

    Attributes:
        logits: (models, n, classes) on the forgotten training samples, then on the test samples of
            their classes.
        within: (models, n) bool, whether the model was trained on the sample.
    """

    logits: NDArray[np.float32]
    within: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shadows:
    """What an attacker knows from shadow models.

    Attributes:
        log_odds: (models, n) of the class that is asked about; see `Attacked`.
        within: (models, n) bool, whether the model was trained on the sample.
    """

    log_odds: Values
    within: NDArray[np.bool_]

    @property
    def models(self) -> int:
        """How many."""
        return len(self.log_odds)


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attacker sees of one network, and what shadow models say of the same samples.

    The class that is asked about is the true one. If the network hides it, it is the one of the
    others that shadow models are surest of in the mean; their answers are then masked alike.

    Attributes:
        log_odds: (n,) of that class, log p − log(1 − p).
        labels: (n,) true classes.
        member: (n,) bool, what is to be found out: whether the original was trained on it.
        shadows: of these samples.
        masked: whether the network hides the true classes.
    """

    log_odds: Values
    labels: NDArray[np.int64]
    member: NDArray[np.bool_]
    shadows: Shadows
    masked: bool = False

    @property
    def silent(self) -> bool:
        """Whether there is nothing to see, since only one class is left to predict."""
        return not np.isfinite(self.log_odds).all()

    def of_first(self, models: int) -> Attacked:
        """The same with so many shadow models."""
        known = self.shadows
        return replace(self, shadows=Shadows(known.log_odds[:models], known.within[:models]))

    def classes(self) -> list[NDArray[np.intp]]:
        """The samples of each class: an unlearned network may treat every class otherwise."""
        return [np.flatnonzero(self.labels == c) for c in np.unique(self.labels)]


def log_odds(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Values:
    """(…, n) log p − log(1 − p) of a class; −∞ where it is hidden, ∞ where all others are.

    Args:
        logits: (…, n, classes); −∞ where hidden. labels: (n,) the classes.
    """
    of_class = np.arange(logits.shape[-1]) == labels[:, None]
    z = logits.astype(np.float64)
    own = z[..., of_class]
    return own - logsumexp(np.where(of_class, -np.inf, z), axis=-1)


def check_models(models: int, option: str = "The number of shadow models") -> None:
    """Check a number of shadow models.

    Raises:
        ConfigError: it is odd, too small or too large.
    """
    if models % 2 or not FEWEST <= models <= MOST:
        raise ConfigError(
            f"{option} must be an even number from {FEWEST} to {MOST}, not {models}: each sample "
            "is in the training data of half of them."
        )


def half(labels: NDArray[np.int64], model: int) -> NDArray[np.bool_]:
    """(n,) bool: the samples that a shadow model is trained on, half of every class.

    Args:
        labels: (n,) of the training samples, then the test samples.
        model: its number, from 0; 0 and 1, 2 and 3, … have complementary halves.
    """
    rng = np.random.default_rng(model // 2)
    chosen = np.zeros(len(labels), dtype=bool)
    for c in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == c))
        chosen[rows[: (len(rows) + int(rng.integers(2))) // 2]] = True
    return chosen if model % 2 == 0 else ~chosen


def stored_models(config: ExperimentConfig, dataset: Dataset, store: Store) -> int:
    """How many shadow models of a resolved config are stored, from the first on; at most MOST."""
    has = (SHADOWS.has(store, shadow_key(config, dataset, model)) for model in range(MOST))
    return next((model for model, there in enumerate(has) if not there), MOST)


def read_answers(
    config: ExperimentConfig, request: Split, store: Store, models: int
) -> Answers | None:
    """What the first shadow models of a resolved config answer; None while one is missing.

    Args:
        config: resolved.
        request: the config's, of whole classes.
        store: where they are.
        models: how many.
    """
    forgotten = np.concatenate([request.is_forgotten(part) for part in PARTS])
    logits, within = [], []
    for model in range(models):
        found = SHADOWS.read(store, shadow_key(config, request.dataset, model))
        if found is None:
            return None
        logits.append(found["logits"][forgotten])
        within.append(found["within"][forgotten])
    return Answers(np.stack(logits), np.stack(within))


def attacked(predictions: Predictions, request: Split, answers: Answers) -> Attacked:
    """What an attacker sees of a network's answers to all samples of the forgotten classes.

    Args:
        predictions: of the network.
        request: of whole classes.
        answers: of the shadow models to the same request.

    Raises:
        AuditError: a logit is not a number.
    """
    rows = {part: request.is_forgotten(part) for part in PARTS}
    logits = np.concatenate([predictions.of(part)[rows[part]] for part in PARTS])
    labels = np.concatenate([request.dataset.labels(part)[rows[part]] for part in PARTS])
    if np.isnan(logits).any() or np.isposinf(logits).any():
        raise AuditError(
            "A logit of the network is not a number; train or unlearn it again with a smaller "
            "learning rate."
        )
    hidden = (logits == -np.inf).all(axis=0)
    shown = np.where(hidden, -np.inf, answers.logits)
    asked = np.where(hidden[labels], shown.mean(0).argmax(1), labels)
    return Attacked(
        log_odds(logits, asked),
        labels,
        np.arange(len(labels)) < rows["train"].sum(),
        Shadows(log_odds(shown, asked), answers.within),
        masked=bool(hidden[labels].any()),
    )


def judged(scores: Callable[[Attacked], Values], seen: Attacked) -> Outcome:
    """The AUC of an attack on one network.

    Detail: "auc", "tpr" at 1 % FPR; "members", "others", how many there are, and "false_alarms",
    how many others that FPR allows; "chance_sd", see `ranking.chance_sd`; "by_models": the AUC with
    fewer shadow models (their number as a string).

    Args:
        scores: the attack; a higher score (n,) means a member.
        seen: what it sees.
    """
    found = scores(seen)
    members, others = found[seen.member], found[~seen.member]
    fewer = [models for models in SHADOW_MODELS if models < seen.shadows.models]
    aucs = {models: _auc(scores(seen.of_first(models)), seen.member) for models in fewer}
    value = auc(members, others)
    aucs[seen.shadows.models] = value
    return Outcome(
        value,
        {
            "auc": value,
            "tpr": tpr(members, others),
            "members": len(members),
            "others": len(others),
            "false_alarms": false_alarms(len(others)),
            "chance_sd": chance_sd(len(members), len(others)),
            "by_models": {str(models): found for models, found in aucs.items()},
        },
    )


def _auc(scores: Values, member: NDArray[np.bool_]) -> float:
    return auc(scores[member], scores[~member])
