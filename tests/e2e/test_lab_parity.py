"""The mathematics of the 2-D lab in the browser against the core: same start, 100 steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unsc_core.config import TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.request import split
from unsc_core.figures.lab import WORKER
from unsc_core.learning import training
from unsc_core.learning.batches import DeviceData
from unsc_core.methods import METHODS, gradient_ascent
from unsc_core.methods.context import Context, Unlearned, train_on
from unsc_core.models import build_model
from unsc_core.progress import Stages, silent
from unsc_core.subspace.energy import energy_rank
from unsc_core.subspace.null_space import Spectra, null_space, spectra

TOLERANCE = 1e-5
FORGET, RATE, WIDTH, EPOCHS = 2, 0.1, 24, 25
STEPS = """({x, y, forget, gamma, rate, width, epochs}) => {
  const points = {x: Float64Array.from(x), y: Uint8Array.from(y), classes: 4, forget};
  const rows = y.map((_, i) => i);
  const gone = rows.filter(i => y[i] === forget), rest = rows.filter(i => y[i] !== forget);
  const orders = n => {
    const random = new Random(n);
    return Array.from({length: epochs}, () => random.batches(n, 1 + n / 4));
  };
  const [all, few] = [orders(rows.length), orders(gone.length)];
  const original = Network.initial(width, 4, 0), initial = Array.from(original.all);
  train(original, points, rows, epoch => all[epoch], epochs);
  const found = spectra(original, points, rest);
  const ranks = found.map(one => energyRank(one.values, gamma));
  const projectors = found.map((one, i) => projector(one, ranks[i]));
  const random = gone.map((_, i) => [0, 1, 3][i % 3]);
  const run = more => {
    const made = new Run(original, points, gone, {rate, batches: epoch => few[epoch], ...more});
    made.advance(epochs);
    return {weights: Array.from(made.network.all), recognised: made.recognised};
  };
  const plain = batches => batches.map(epoch => epoch.map(batch => Array.from(batch)));
  return {
    initial, trained: Array.from(original.all), all: plain(all), few: plain(few), ranks, random,
    values: found.map(one => Array.from(one.values)),
    projectors: projectors.map(p => Array.from(p)),
    labels: Array.from(predictions(original, points, gone, forget)),
    unsc: run({labels: predictions(original, points, gone, forget), projectors}),
    random_labels: run({labels: random, floor: -1}),
    ascent: run({labels: gone.map(() => forget), ascend: true}),
  };
}"""


class Exact(DeviceData):
    """Points in float64, as the browser computes with them."""

    def inputs(self, samples: Tensor) -> Tensor:
        return samples


def weights(model: nn.Module) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).numpy()


def filled(values: list[float]) -> nn.Module:
    model = build_model(f"mlp-{WIDTH}", (2,), 4).double()
    nn.utils.vector_to_parameters(torch.tensor(values, dtype=torch.float64), model.parameters())
    return model


def apart(found: Any, expected: np.ndarray) -> float:
    """The relative difference."""
    size = max(float(np.linalg.norm(expected)), 1e-12)
    return float(np.linalg.norm(np.ravel(found) - np.ravel(expected))) / size


def moments(model: nn.Module, x: Tensor) -> Spectra:
    """The spectra of the inputs of both layers."""
    first, second = (name for name, m in model.named_modules() if isinstance(m, nn.Linear))
    hidden = torch.relu(model.get_submodule(first)(x)).detach()
    return spectra({first: (x.T @ x)[None], second: (hidden.T @ hidden)[None]})


@pytest.mark.parametrize(("gamma", "ranks"), [(0.98, [2, 4]), (0.6, [1, 2])])
def test_a_hundred_steps_are_the_cores(
    gamma: float, ranks: list[int], page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = load_dataset("blobs")
    chosen = blobs.first_of_each_class("train", 100)
    points = replace(blobs, x_train=blobs.x_train[chosen], y_train=blobs.y_train[chosen])
    request = split(points, (FORGET,))
    x, y = torch.from_numpy(points.x_train).double(), torch.from_numpy(points.y_train)
    data = Exact(x, y, x, y, torch.zeros(1, 2), torch.ones(1, 2), False)

    page.goto("about:blank")
    for file in WORKER[:2]:
        page.add_script_tag(path=file)
    settings = {"forget": FORGET, "gamma": gamma, "rate": RATE, "width": WIDTH, "epochs": EPOCHS}
    found = page.evaluate(STEPS, {"x": x.flatten().tolist(), "y": y.tolist(), **settings})
    assert [len(epoch) for epoch in found["few"]] == EPOCHS * [4]
    assert found["ranks"] == ranks

    orders: list[list[list[int]]] = []

    def as_in_the_browser(n: int, *_: Any) -> list[Tensor]:
        return [torch.tensor(batch) for batch in orders.pop(0)]

    monkeypatch.setattr(training, "shuffled", as_in_the_browser)
    monkeypatch.setattr(gradient_ascent, "shuffled", as_in_the_browser)

    orders += found["all"]
    model = filled(found["initial"])
    training.train(model, data, torch.arange(len(y)), TrainingConfig(EPOCHS), 0)
    assert apart(found["trained"], weights(model)) < TOLERANCE

    retained = moments(model, x[y != FORGET])
    for (one,), values, rank, projector in zip(
        retained.values(), found["values"], found["ranks"], found["projectors"], strict=True
    ):
        assert apart(values, one.eigenvalues.numpy()) < TOLERANCE
        assert energy_rank(one.eigenvalues, gamma) == rank
        assert apart(projector, null_space(one, gamma).projector.numpy()) < TOLERANCE

    def unlearned(unlearn: Callable[[nn.Module, Context], Unlearned], name: str) -> Unlearned:
        """Compare the weights and accuracies after every epoch, and return the core's."""
        orders[:] = found["few"]
        work = Context(
            request,
            data,
            seed=0,
            energy_threshold=gamma,
            learning_rate=RATE,
            epochs=EPOCHS,
            stages=Stages(silent),
            spectra=lambda: retained,
            forget_spectra=lambda: retained,
            retrained=lambda: model,
        )
        result = unlearn(filled(found["trained"]), work)
        assert apart(found[name]["weights"], weights(result.model)) < TOLERANCE
        assert found[name]["recognised"] == pytest.approx(
            [epoch["accuracy"] for epoch in result.history]
        )
        assert apart(found["trained"], weights(result.model)) > 100 * TOLERANCE
        return result

    ours = unlearned(METHODS["unsc"].unlearn, "unsc")
    assert ours.labels is not None
    assert ours.labels.tolist() == found["labels"]
    unlearned(METHODS["gradient-ascent"].unlearn, "ascent")
    labels = torch.tensor(found["random"])
    unlearned(partial(train_on, labels, floor=-1.0), "random_labels")
