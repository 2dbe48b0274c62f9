"""The arithmetic of the audits, computed another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from torch import nn

from unsc_core.audits import relearning
from unsc_core.audits.cka import linear_cka
from unsc_core.audits.divergence import jensen_shannon
from unsc_core.audits.linear_probe import LIMIT, decision_logits, forgotten_score, histograms
from unsc_core.audits.membership import auc, scores, tpr
from unsc_core.audits.probing import accuracy, linear_classifier
from unsc_core.audits.prototype import nearest_mean
from unsc_core.errors import AuditError, DivergedError

RNG = np.random.default_rng(0)


def clusters(distance: float, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Samples of three classes, their means `distance` apart along one axis each."""
    labels = np.arange(n) % 3
    return distance * np.eye(3, 5)[labels] + RNG.normal(size=(n, 5)), labels


@pytest.mark.parametrize("make", [linear_classifier, lambda: KNeighborsClassifier(20)])
def test_probe_finds_separate_classes_and_guesses_where_there_is_nothing(make) -> None:
    x, y = clusters(12.0)
    assert accuracy(make(), x[:300], y[:300], x[300:], y[300:]) == 100.0
    x, y = clusters(0.0, n=6000)  # features that know nothing of the class
    found = accuracy(make(), x[:3000], y[:3000], x[3000:], y[3000:])
    by_chance, sd = 100 / 3, 100 * np.sqrt(2 / 9 / 3000)
    assert abs(found - by_chance) < 4 * sd


def test_linear_probe_is_as_good_as_the_best_line() -> None:
    """For equal spherical classes the nearest true mean is the best classifier there is."""
    x, y = clusters(2.0, n=6000)
    best = np.argmin(((x[3000:, None] - 2.0 * np.eye(3, 5)) ** 2).sum(2), axis=1) == y[3000:]
    found = accuracy(linear_classifier(), x[:3000], y[:3000], x[3000:], y[3000:])
    assert found == pytest.approx(100 * best.mean(), abs=1.5)


def test_nearest_mean_is_that_of_scikit_learn() -> None:
    x, y = clusters(2.0)
    expected = NearestCentroid().fit(x[:300], y[:300]).predict(x[300:])
    assert np.array_equal(nearest_mean(x[:300], y[:300], x[300:]), expected)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_score_above_0_is_what_the_probe_finds(classes: int) -> None:
    x, y = clusters(2.0)
    x, y = x[y < classes], y[y < classes]
    probe = linear_classifier().fit(x, y)
    logits, predicted = decision_logits(probe, x), probe.predict(x)
    assert np.array_equal(logits.argmax(1), predicted)
    found = forgotten_score(logits, y, (1,))
    assert np.array_equal(found > 0, predicted == 1)
    if classes > 2:  # of several classes, each is to be found as itself
        found, forgotten = forgotten_score(logits, y, (0, 1)), y < 2
        assert np.array_equal(found[forgotten] > 0, (predicted == y)[forgotten])
        assert np.array_equal(found[~forgotten] > 0, predicted[~forgotten] < 2)


def test_histograms_count_every_sample_once() -> None:
    values, forgotten = 20 * RNG.normal(size=500), RNG.random(500) < 0.3
    found = histograms(values, forgotten)
    assert sum(found["forget"]) == forgotten.sum()
    assert sum(found["retain"]) == (~forgotten).sum()
    beyond = np.array(found["edges"][:-1]) >= 0
    assert np.array(found["forget"])[beyond].sum() == (values[forgotten] >= 0).sum()
    assert found["retain"][-1] == (values[~forgotten] >= LIMIT - 0.5).sum()
    assert found["each"] == pytest.approx(values[forgotten], abs=0.005)


def test_jensen_shannon_is_the_entropy_of_the_mean_less_the_mean_entropy() -> None:
    a, b = RNG.normal(size=(2, 7, 4))
    a[0, 2] = -np.inf  # hidden by a mask
    p, q = (np.exp(z) / np.exp(z).sum(1, keepdims=True) for z in (a, b))

    def entropy(r: np.ndarray) -> np.ndarray:
        return -sum(np.where(c > 0, c * np.log2(np.where(c > 0, c, 1)), 0) for c in r.T)

    expected = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    assert jensen_shannon(a, b) == pytest.approx(expected.mean())
    assert jensen_shannon(a, a) == 0
    apart = np.array([[0.0, -np.inf]]), np.array([[-np.inf, 0.0]])
    assert jensen_shannon(*apart) == pytest.approx(1.0)


def test_cka_is_that_of_centred_gram_matrices() -> None:
    x, y = RNG.normal(size=(30, 5)), RNG.normal(size=(30, 8))
    centre = np.eye(30) - 1 / 30
    k, m = (centre @ z @ z.T @ centre for z in (x, y))
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert linear_cka(x, y) == pytest.approx(expected)
    rotation = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
    assert linear_cka(x, 3 * x @ rotation + 1) == pytest.approx(1.0)
    with pytest.raises(AuditError, match="same features"):
        linear_cka(np.ones((30, 2)), y)


def test_scores_of_membership_are_those_of_the_paper() -> None:
    logits, labels = RNG.normal(size=(6, 4)), np.array([0, 1, 2, 3, 0, 1])
    found = scores(logits, labels)
    for i, (z, y) in enumerate(zip(logits, labels, strict=True)):
        p = np.exp(z) / np.exp(z).sum()
        modified = -(1 - p[y]) * np.log(p[y]) - sum(
            p[c] * np.log(1 - p[c]) for c in range(4) if c != y
        )
        assert found["modified_entropy"][i] == pytest.approx(-modified)
        assert found["entropy"][i] == pytest.approx((p * np.log(p)).sum())
        assert found["confidence"][i] == pytest.approx(np.log(p[y]))
        assert found["correctness"][i] == float(z.argmax() == y)


def test_modified_entropy_tells_sure_and_wrong_from_sure_and_right() -> None:
    sure = np.array([[50.0, 0.0, 0.0]] * 2)
    right, wrong = scores(sure, np.array([0, 1]))["modified_entropy"]
    assert right == pytest.approx(0, abs=1e-9)
    assert wrong < -40
    hidden = scores(np.array([[-np.inf, 1.0, 0.0]]), np.array([0]))
    assert np.isfinite(hidden["modified_entropy"]).all()


def test_auc_counts_pairs_and_tpr_is_read_at_one_percent() -> None:
    members, others = RNG.integers(0, 9, 40).astype(float), RNG.integers(0, 7, 250).astype(float)
    pairs = np.subtract.outer(members, others)
    assert auc(members, others) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    allowed = [t for t in np.arange(-1, 10) if (others >= t).mean() <= 0.01]
    assert tpr(members, others) == pytest.approx(max((members >= t).mean() for t in allowed))
    assert auc(np.array([-np.inf, -np.inf]), np.array([-np.inf])) == 0.5


def test_fine_tuning_is_sgd_with_momentum() -> None:
    x, y = 4 * RNG.normal(size=(12, 3)).astype(np.float32), np.arange(12) % 4
    layer = nn.Linear(3, 4)
    weight = np.hstack([layer.weight.detach().numpy(), layer.bias.detach().numpy()[:, None]])
    relearning.fine_tune(layer, torch.from_numpy(x), torch.from_numpy(y), seed=0)
    inputs, velocity = np.hstack([x, np.ones((12, 1))]), 0.0
    for _ in range(relearning.STEPS):
        z = inputs @ weight.T
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        gradient = (p - np.eye(4)[y]).T @ inputs / 12
        gradient *= min(1, relearning.CLIP / np.linalg.norm(gradient))
        velocity = relearning.MOMENTUM * velocity + gradient
        weight = weight - relearning.LEARNING_RATE * velocity
    assert np.allclose(layer.weight.detach().numpy(), weight[:, :3], atol=1e-5)
    assert np.allclose(layer.bias.detach().numpy(), weight[:, 3], atol=1e-5)


def test_fine_tuning_that_diverges_is_refused() -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(DivergedError, match="Relearning"):
        relearning.fine_tune(layer, torch.full((4, 2), torch.nan), torch.zeros(4).long(), 0)
