"""Attacks with shadow models, on numbers whose answer is known and on a network that memorises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from tests.audits.conftest import overlapping
from tests.conftest import blobs
from unsc_core.audits import AUDITS, SHADOW_AUDITS, likelihood_ratio, rmia, shadow_models
from unsc_core.audits.entry import NETWORKS
from unsc_core.audits.ranking import auc, chance_sd
from unsc_core.audits.shadow import (
    Answers,
    Attacked,
    Shadows,
    attacked,
    check_models,
    half,
    read_answers,
    stored_models,
)
from unsc_core.audits.shadow_models import make_shadows
from unsc_core.audits.shadow_outcomes import shadow_outcomes
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.errors import Cancelled, ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve, training
from unsc_core.experiment.result import Predictions, masked
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import predict, to_device
from unsc_core.learning.training import train
from unsc_core.models import build_model
from unsc_core.progress import Progress

GAIN, SD = 1.5, 1.0
"""What training on a sample adds to its log odds, and their spread over networks."""


def normal_world(gain: float = GAIN, n: int = 6000, models: int = 64, seed: int = 0) -> Attacked:
    """Samples of two classes, each as hard as it is, and a network that was trained on half."""
    rng = np.random.default_rng(seed)
    level, member = rng.normal(0, 3, n), np.arange(n) < n // 2
    labels = np.arange(n) % 2
    pairs = rng.random((models // 2, n)) < 0.5
    within = np.stack([pairs, ~pairs], 1).reshape(models, n)
    log_odds = level + gain * within + SD * rng.normal(size=(models, n))
    own = level + gain * member + SD * rng.normal(size=n)
    return Attacked(own, labels, member, Shadows(log_odds, within))


def found(scores: np.ndarray, seen: Attacked) -> float:
    return auc(scores[seen.member], scores[~seen.member])


def test_the_likelihood_ratio_reaches_the_auc_of_two_normals() -> None:
    seen = normal_world()
    best = norm.cdf(
        GAIN / (SD * np.sqrt(2))
    )  # what nobody can exceed who knows each sample's level
    by_confidence = norm.cdf(GAIN / np.sqrt(2 * (SD**2 + 3**2)))  # and without knowing it
    assert found(likelihood_ratio.scores(seen), seen) == pytest.approx(best, abs=0.015)
    assert found(seen.log_odds, seen) == pytest.approx(by_confidence, abs=0.02)
    outcome = likelihood_ratio.measure(seen)
    assert outcome.detail["as_published"] == pytest.approx(best, abs=0.015)
    known = likelihood_ratio.normals(seen)
    assert (known.mean_in - known.mean_out).mean() == pytest.approx(GAIN, abs=0.02)
    assert known.sd_in[0] == pytest.approx(SD, abs=0.02)


def test_more_shadow_models_find_more() -> None:
    by_models = likelihood_ratio.measure(normal_world()).detail["by_models"]
    assert list(by_models) == ["4", "8", "16", "64"]
    assert list(by_models.values()) == sorted(by_models.values())
    assert by_models["64"] - by_models["4"] > 0.02


@pytest.mark.parametrize("attack", [likelihood_ratio, rmia])
def test_nothing_is_found_where_there_is_nothing(attack) -> None:
    seen = normal_world(gain=0.0, models=16)
    value = attack.measure(seen).value
    assert abs(value - 0.5) < 4 * chance_sd(3000, 3000)
    # Nor with real shadow models in a network that was trained on none of these samples.
    none = replace(normal_world(models=16), log_odds=seen.log_odds)
    assert abs(attack.measure(none).value - 0.5) < 4 * chance_sd(3000, 3000)


def test_a_class_that_was_moved_as_a_whole_is_found_all_the_same() -> None:
    """The likelihood ratio as published loses it."""
    seen = normal_world(models=16)
    moved = replace(seen, log_odds=np.where(seen.labels == 0, 0.3, 0.5) * seen.log_odds - 20)
    before, after = (likelihood_ratio.scores(one) for one in (seen, moved))
    assert np.allclose(before, after)
    outcome = likelihood_ratio.measure(moved)
    assert outcome.value == pytest.approx(likelihood_ratio.measure(seen).value)
    assert outcome.detail["as_published"] < outcome.value - 0.2


@pytest.mark.parametrize("attack", [likelihood_ratio, rmia])
def test_a_network_with_one_class_left_betrays_nobody(attack) -> None:
    seen = normal_world(n=400, models=8)
    outcome = attack.measure(replace(seen, log_odds=np.full(400, np.inf)))
    assert (outcome.value, outcome.detail["tpr"]) == (0.5, 0)


def test_the_likelihood_ratio_finds_nothing_where_all_answers_are_the_same() -> None:
    seen = normal_world(n=400, models=8)
    assert likelihood_ratio.measure(replace(seen, log_odds=np.full(400, -3.0))).value == 0.5


def test_behind_a_mask_the_surest_class_that_is_shown_is_asked_about(few: Dataset) -> None:
    request = split(few, (0,))
    rng, n = np.random.default_rng(0), int((few.y_train == 0).sum() + (few.y_test == 0).sum())
    answers = Answers(rng.normal(size=(6, n, 4)).astype(np.float32), rng.random((6, n)) < 0.5)
    logits = [rng.normal(size=(160, 4)).astype(np.float32) for _ in range(2)]
    seen = attacked(Predictions(*(masked(z, (0,)) for z in logits)), request, answers)
    asked = 1 + answers.logits[..., 1:].mean(0).argmax(1)
    rows = np.concatenate([logits[1][few.y_train == 0], logits[0][few.y_test == 0]])

    def expected(z: np.ndarray) -> np.ndarray:
        p = np.exp(z[:, 1:]) / np.exp(z[:, 1:]).sum(1, keepdims=True)
        own = p[np.arange(n), asked - 1]
        return np.log(own / (1 - own))

    assert seen.masked
    assert seen.log_odds == pytest.approx(expected(rows), abs=1e-4)
    for model in range(6):
        assert seen.shadows.log_odds[model] == pytest.approx(
            expected(answers.logits[model]), abs=1e-4
        )
    whole = attacked(Predictions(*logits), request, answers)
    p = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    assert not whole.masked
    assert whole.log_odds == pytest.approx(np.log(p[:, 0] / (1 - p[:, 0])), abs=1e-4)
    assert seen.member.tolist() == whole.member.tolist() == [i < 40 for i in range(n)]


def test_rmia_counts_pairs_as_in_the_paper() -> None:
    seen = normal_world(n=60, models=4)
    p, by_model = expit(seen.log_odds), expit(seen.shadows.log_odds)
    scores = rmia.scores(seen)
    for x in range(60):
        ratios = []
        for sample in range(60):
            within = seen.shadows.within[:, sample]
            mean = (by_model[within, sample].mean() + by_model[~within, sample].mean()) / 2
            ratios.append(p[sample] / mean)
        population = [
            z
            for z in range(60)
            if z != x and not seen.member[z] and seen.labels[z] == seen.labels[x]
        ]
        expected = np.mean([ratios[x] >= ratios[z] for z in population])
        assert scores[x] == pytest.approx(expected)


@pytest.mark.parametrize("attack", [likelihood_ratio, rmia])
def test_shadow_models_tell_which_way_training_moves_an_answer(attack) -> None:
    up, down = normal_world(models=16), normal_world(gain=-GAIN, models=16)
    values = [attack.measure(seen).value for seen in (up, down)]
    assert min(values) > 0.6
    assert values[0] == pytest.approx(values[1], abs=0.03)


@pytest.mark.parametrize("attack", [likelihood_ratio, rmia])
def test_the_order_of_samples_and_models_does_not_matter(attack) -> None:
    seen = normal_world(n=300, models=8)
    rng = np.random.default_rng(1)
    rows, models = rng.permutation(300), rng.permutation(8)
    known = seen.shadows
    other = Attacked(
        seen.log_odds[rows],
        seen.labels[rows],
        seen.member[rows],
        Shadows(known.log_odds[models][:, rows], known.within[models][:, rows]),
    )
    assert np.allclose(attack.scores(seen)[rows], attack.scores(other))


def test_each_sample_is_in_half_of_any_even_number_of_models() -> None:
    labels = np.repeat([0, 1, 2], [40, 41, 3])
    halves = np.stack([half(labels, model) for model in range(6)])
    for models in (2, 4, 6):
        assert (halves[:models].sum(0) == models // 2).all()
    for c, count in enumerate((40, 41, 3)):
        assert np.isin(halves[:, labels == c].sum(1), (count // 2, -(-count // 2))).all()
    assert len({each.tobytes() for each in halves}) == 6
    assert np.array_equal(half(labels, 3), halves[3])


@pytest.mark.parametrize("models", [2, 7, 66, -4])
def test_an_impossible_number_of_models_is_refused(models: int) -> None:
    with pytest.raises(ConfigError, match=f"even number from 4 to 64, not {models}"):
        check_models(models)


@pytest.fixture(scope="module")
def few() -> Dataset:
    """As many training samples as test samples, few enough to be learned by heart."""
    whole = overlapping()
    return replace(whole, x_test=whole.x_test[:160], y_test=whole.y_test[:160])


def test_members_of_a_network_that_memorises_are_found(
    few: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr(shadow_models, "load_dataset", lambda name, report: few)
    config = resolve(blobs(training_epochs=60), few)
    store, data = Store(tmp_path), to_device(few, "cpu")
    make_shadows(config, 8, store)
    request = split(few, (0, 2))
    answers = read_answers(config, request, store, 8)
    assert answers is not None

    def seen(rows: np.ndarray) -> Attacked:
        model = build_model(config.model, few.input_shape, few.num_classes, 0)
        train(model, data, torch.from_numpy(rows), training(config), 0)
        logits = [predict(model, data, x).numpy() for x in (data.x_test, data.x_train)]
        return attacked(Predictions(*logits), request, answers)

    memoriser = seen(np.arange(160))
    retrained = seen(np.flatnonzero(few.y_train % 2 == 1))
    for entry in SHADOW_AUDITS.values():
        remembered, zero = (entry.attack(one).value for one in (memoriser, retrained))
        assert remembered is not None
        assert zero is not None
        assert remembered > 0.85
        assert abs(zero - 0.5) < 4 * chance_sd(80, 80)
    confidence = found(memoriser.log_odds, memoriser)
    assert found(likelihood_ratio.scores(memoriser), memoriser) > confidence


def test_a_training_that_was_cancelled_goes_on_and_gives_the_same(tmp_path) -> None:
    config = blobs(training_epochs=2)
    seen: list[Progress] = []

    def cancelling(progress: Progress) -> None:
        seen.append(progress)
        if progress.detail.startswith("3 of 4"):
            raise Cancelled

    store, other = Store(tmp_path / "a"), Store(tmp_path / "b")
    with pytest.raises(Cancelled):
        make_shadows(config, 4, store, cancelling)
    work = Experiment(replace(config, seed=7, forget_classes=(1,), method="fine-tune"), store)
    assert stored_models(work.config, work.dataset, store) == 2  # whatever is forgotten, and how
    assert read_answers(work.config, work.split, store, 4) is None
    seen.clear()
    make_shadows(config, 4, store, seen.append)
    assert seen[1].detail.startswith("3 of 4")
    make_shadows(config, 4, other)
    both = [read_answers(work.config, work.split, each, 4) for each in (store, other)]
    assert both[0] is not None
    assert both[1] is not None
    assert np.array_equal(both[0].logits, both[1].logits)
    assert len({each.tobytes() for each in both[0].logits}) == 4

    quick = replace(config, epochs=2, forget_classes=(1,))
    result = Experiment(quick, store).run(with_retrain=True)
    outcomes = shadow_outcomes([result, result], both[0])
    assert set(outcomes) == set(SHADOW_AUDITS)
    for of in outcomes.values():
        assert tuple(of) == NETWORKS
        assert of["original"][0] == of["original"][1]
        assert (
            of["original"][0].detail["false_alarms"]
            == result.split.is_forgotten("test").sum() // 100
        )
    assert not set(AUDITS) & set(SHADOW_AUDITS)
