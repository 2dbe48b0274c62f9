"""How subspaces lie, against numpy's SVD of the vectors themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import digits
from tests.layer_cases import reference_representations
from unsc_core.analysis import geometry, layer_views
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.figures import class_angles
from unsc_core.figures.layer_drift import drift
from unsc_core.figures.reachability import curve, selectivity
from unsc_core.figures.spectra import free_share
from unsc_core.figures.theme import LIGHT
from unsc_core.subspace.energy import MERGE_THRESHOLD
from unsc_core.subspace.null_space import energy_along, mean_angle, null_space, spectrum
from unsc_core.subspace.representations import represented_layers


def vectors(seed: int, n: int = 40, d: int = 12, rank: int = 5) -> np.ndarray:
    """(n, d) rows in a random plane of `rank` dimensions."""
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, rank)) @ draw.standard_normal((rank, d))


def moment(rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(rows.T @ rows)


def test_angles_are_those_of_the_bases() -> None:
    one, other = vectors(0), vectors(1)
    bases = [np.linalg.svd(x, full_matrices=False)[2][:5].T for x in (one, other)]
    expected = np.degrees(
        np.arccos(np.clip(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False), 0, 1))
    ).mean()
    found = [null_space(spectrum(moment(x)), 1.0) for x in (one, other)]
    assert mean_angle(*found) == pytest.approx(expected, abs=1e-6)
    assert mean_angle(found[0], found[0]) == pytest.approx(0, abs=1e-4)


def test_energy_along_is_that_of_the_projected_vectors() -> None:
    retain, forget = vectors(0, rank=12), vectors(1)
    found = spectrum(moment(retain))
    along = energy_along(found, moment(forget))
    assert torch.allclose(
        along,
        torch.from_numpy(((forget @ found.eigenvectors.numpy()) ** 2).sum(0)),
        rtol=1e-9,
        atol=1e-9,
    )
    assert float(along.sum()) == pytest.approx(float((forget**2).sum()))


def test_selectivity_is_half_for_the_same_directions_and_one_for_others() -> None:
    retain = np.array([[8.0, 1.0, 0.5, 0.5, 0.0, 0.0]])
    assert selectivity(retain, 3 * retain) == pytest.approx(0.5)
    assert selectivity(retain, np.array([[0.0, 0.0, 0.0, 0.0, 2.0, 5.0]])) == pytest.approx(1.0)
    kept, reachable = curve(retain, np.array([[1.0, 0.0, 0.0, 0.0, 3.0, 0.0]]))
    assert kept.tolist() == [0, 80, 90, 95, 100, 100, 100]
    assert reachable.tolist() == [100, 75, 75, 75, 75, 0, 0]


@pytest.mark.parametrize("settings", [{}, {"subspace": "merge"}, {"method": "pseudo-labels"}])
def test_what_is_stored_of_an_experiment(shared_store: Store, settings: dict[str, str]) -> None:
    work = Experiment(digits(**settings), shared_store)
    geometry.make(work.config, shared_store)
    found = geometry.read(work.config, work.dataset, shared_store)
    assert found is not None
    assert (
        list(found.forget_energy) == list(found.angles) == list(found.drift) == list(work.spectra)
    )
    for layer, angles in found.angles.items():
        assert angles.shape == (10, 10)
        assert np.array_equal(angles, angles.T)
        assert (angles.diagonal() == 0).all()
        assert 0 < angles.max() <= 90
        assert found.forget_energy[layer].sum() == pytest.approx(
            float(work.moments.forget((3,))[layer].diagonal(dim1=1, dim2=2).sum())
        )
        drift = found.drift[layer]
        if work.config.method == "pseudo-labels":
            assert drift["bound"] is None
        else:
            assert 0 <= drift["alone"] <= drift["bound"] * (1 + 1e-6)
        assert drift["whole"] > 0
    first = found.drift[list(work.spectra)[0]]
    assert first["whole"] == pytest.approx(first["alone"], rel=1e-4)  # its inputs do not change


OWN = """
from torch import nn

def small(shape, n):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.Conv2d(4, 6, 3, groups=2, padding=1), nn.ReLU(inplace=True), nn.Flatten(2),
        nn.Conv1d(6, 8, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 14, n),
    )

def one(shape, n):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, n))
"""


def recorded(
    model: nn.Module, layer: nn.Module, inputs: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a layer receives and answers."""
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_hook(
        lambda module, args, out: seen.extend([args[0].double(), out.double()])
    )
    with torch.no_grad():
        model(inputs)
    hook.remove()
    return seen[0], seen[1]


@pytest.mark.parametrize("maker", ["small", "one"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"subspace": "merge"},
        {"energy_threshold": 1.0},
        {"forget_classes": (), "forget_ids": (0, 1, 2)},
        {"method": "pseudo-labels"},
    ],
    ids=str,
)
def test_drift_is_that_of_plain_patches_and_hooks(
    maker: str, settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geometry, "DRIFT_IMAGES", 5)
    monkeypatch.setattr(geometry, "DRIFT_BATCH", 7)
    (tmp_path / "net.py").write_text(OWN)
    store = Store(tmp_path / "store")
    work = Experiment(
        digits(
            **{
                "model": f"{tmp_path / 'net.py'}:{maker}",
                "training_epochs": 2,
                "epochs": 3,
                **settings,
            }
        ),
        store,
    )
    geometry.make(work.config, store)
    found = geometry.read(work.config, work.dataset, store)
    assert found is not None
    before, after = work.original, work.unlearned.model
    rows = geometry.drift_rows(work)
    assert torch.bincount(work.data.y_test[rows], minlength=10).tolist() == [
        0 if c in work.config.forget_classes else 5 for c in range(10)
    ]
    inputs = work.data.inputs(work.data.x_test[rows])
    for i, (name, layer) in enumerate(represented_layers(before).items()):
        other = after.get_submodule(name)
        (x, z), (_, moved) = recorded(before, layer, inputs), recorded(after, other, inputs)
        change = (other.weight - layer.weight).detach().double().flatten(1)
        bias = (other.bias - layer.bias).detach().double()
        groups = getattr(layer, "groups", 1)
        limit = alone = 0.0
        for g, patches in enumerate(reference_representations(layer, x)):
            patch, part, shift = (
                torch.from_numpy(patches),
                change.chunk(groups)[g],
                bias.chunk(groups)[g],
            )
            alone += float((patch @ part.T + shift).square().sum())
            if work.config.method == "unsc":
                merge = work.config.subspace == "merge"
                spectrum_ = (work.merged_spectra if merge else work.spectra)[name][g]
                space = null_space(
                    spectrum_, MERGE_THRESHOLD if merge else work.config.energy_threshold or 1.0
                )
                limit += float(torch.linalg.svdvals(part)[0]) ** 2 * float(
                    (patch @ space.projector).square().sum()
                )
        size, drift = float(z.square().sum()), found.drift[name]
        assert drift["alone"] == pytest.approx((alone / size) ** 0.5, rel=1e-5, abs=1e-9)
        assert drift["whole"] == pytest.approx(
            (float((moved - z).square().sum()) / size) ** 0.5, rel=1e-4, abs=1e-6
        )
        if work.config.method == "unsc":
            assert drift["bound"] == pytest.approx((limit / size) ** 0.5, rel=1e-4, abs=1e-6)
            assert (
                drift["alone"] <= drift["bound"] * (1 + 1e-6) + 1e-6
            )  # weights are rounded to float32
        else:
            assert drift["bound"] is None
        if i == 0:
            assert drift["whole"] == pytest.approx(drift["alone"], rel=1e-4, abs=1e-6)
    if maker == "small" and settings == {}:
        assert any(drift["whole"] > 1.5 * drift["alone"] for drift in found.drift.values())


def test_drift_of_large_images_is_measured_on_fewer(
    shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Experiment(digits(), shared_store)
    rows = geometry.drift_rows(work)
    assert torch.bincount(work.data.y_test[rows], minlength=10).tolist() == [
        32 if c != 3 else 0 for c in range(10)
    ]
    assert not torch.equal(rows[:32], torch.nonzero(work.data.y_test == 0)[:32, 0])
    for numbers, each in ((9 * 64 * 5, 5), (1, 1)):
        monkeypatch.setattr(geometry, "MAX_DRIFT_NUMBERS", numbers)
        assert len(geometry.drift_rows(work)) == 9 * each


def test_subspaces_of_another_version_are_not_read(
    shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Experiment(digits(), shared_store)
    geometry.make(work.config, shared_store)
    assert geometry.read(work.config, work.dataset, shared_store) is not None
    assert geometry.key(work.config, work.dataset).startswith(
        work.keys.unlearned + "-"
    )  # so that it is deleted with its run
    monkeypatch.setattr(geometry, "VERSION", geometry.VERSION + 1)
    assert geometry.read(work.config, work.dataset, shared_store) is None


def test_protecting_everything_leaves_less_drift_than_protecting_nothing(
    shared_store: Store,
) -> None:
    def moved(method: str) -> float:
        work = Experiment(digits(method=method), shared_store)
        geometry.make(work.config, shared_store)
        found = geometry.read(work.config, work.dataset, shared_store)
        assert found is not None
        return max(layer["whole"] for layer in found.drift.values())

    assert moved("unsc") < moved("random-labels")


# What the pictures say.


def spoken(**percent: list[float] | None) -> str:
    """The drift's sentence for two layers with these movements, in percent."""
    movements = {
        layer: {
            part: None if values is None else values[i] / 100 for part, values in percent.items()
        }
        for i, layer in enumerate("ab")
    }
    return drift(
        {"a": "Layer 1 · 4 inputs", "b": "Layer 2 · 9 inputs"},
        geometry.Subspaces({}, {}, 0.96, movements),
        LIGHT,
    ).sentence


def test_the_drift_says_only_what_its_numbers_show() -> None:
    said = spoken(bound=[4, 10], alone=[2, 4], whole=[2, 21.3])
    most, within, beyond = said.split(". ")
    assert ("layer 2 moves" in most, "21.3 %" in most, "4.0 %" in most) == (True, True, True)
    assert ("layer 1 comes" in within, "2.0 of at most 4.0 %" in within) == (True, True)
    assert ("layer 2 moves" in beyond, "layer 1" in beyond) == (True, False)
    assert "further" not in spoken(bound=[4, 10], alone=[2, 4], whole=[2, 9])
    assert "within its bound" not in spoken(bound=[4, 3], alone=[2, 4], whole=[2, 9])
    assert "bound" not in spoken(bound=None, alone=[2, 4], whole=[2, 9])
    rounded = 4 * (1 + 1e-7)
    text = spoken(bound=[4, 10], alone=[rounded, 4], whole=[rounded, 9])
    assert ("within its bound" in text, "further" in text) == (True, False)


def test_the_drift_has_three_bars_and_columns_where_there_is_a_bound() -> None:
    for bound, bars in ((0.04, 3), (None, 2)):
        found = geometry.Subspaces(
            {}, {}, 0.96, {"a": {"bound": bound, "alone": 0.02, "whole": 0.03}}
        )
        picture = drift({"a": "First"}, found, LIGHT)
        assert len(picture.figure.data) == bars
        assert list(picture.table) == ["layer", *(["bound"] if bound else []), "alone", "whole"]
        assert picture.alt.endswith("bound.") == (bound is not None)


def test_a_bound_that_rounding_passes_blames_no_earlier_layer() -> None:
    moved = {"a": {"bound": 2e-8, "alone": 2.1e-8, "whole": 2.1e-8}}
    moved["b"] = {"bound": 1e-8, "alone": 0.9e-8, "whole": 3e-8}
    found = geometry.Subspaces({}, {}, 0.96, moved)
    text = drift({"a": "Layer 1", "b": "Layer 2"}, found, LIGHT).sentence
    assert "stays within its bound" not in text
    assert "Alone, layer 1 goes past its bound, which only rounding can do." in text
    assert "In the whole network, layer 2 moves further" in text


def test_free_directions_are_said_to_hold_what_they_hold() -> None:
    found = {"a": np.array([[90.0, 6.0, 3.0, 1.0]]), "b": np.array([[99.0, 1.0, 0.0, 0.0]])}
    titles = {"a": "Layer 1 · 4 inputs", "b": "Layer 2 · 4 inputs"}

    def said(threshold: float) -> str:
        return free_share(titles, found, dict.fromkeys(found, threshold), LIGHT).sentence

    assert "1 to 4 % of their energy there, depending on the layer" in said(0.96)
    assert "63\u00a0% of all directions are free" in said(0.96)
    assert "Layer 2 has the largest share" in said(0.96)
    assert "none of their energy" in said(1.0)
    found["b"] = np.concatenate([np.ones((1, 1)), np.zeros((1, 999))], 1)
    assert "99.8\u00a0% of all directions are free" in said(0.5)
    found["b"] = np.array([[99.0, 1.0, 1e-20, 0.0]])
    assert "less than 0.01 % of their energy" in said(1.0)
    found["b"][0] = 1
    assert said(1.0) == "At γ = 1, no direction is free: all are kept."


@pytest.mark.parametrize(
    ("between", "said"),
    [
        ([[0, 45], [45, 0]], "In layer 6, a is at 45° to b."),
        ([[0, 0, 0], [0, 0, 9], [0, 9, 0]], "In layer 6, a is at 0° to all retained classes."),
        (
            [[0, 20, 60], [20, 0, 50], [60, 50, 0]],
            "In layer 6, a is closest to b (20°) and farthest from c (60°).",
        ),
    ],
)
def test_of_equal_angles_none_is_the_smallest(between: list[list[float]], said: str) -> None:
    matrix = np.array(between, np.float32)
    names = "abc"[: len(matrix)]
    assert (
        class_angles.angles("Layer 6 · 64 inputs", matrix, names, (0,), 0.96, LIGHT).sentence
        == said
    )


def test_nothing_is_there_before_it_was_made(tmp_path, shared_store: Store) -> None:
    work = Experiment(digits(), shared_store)
    assert geometry.read(work.config, work.dataset, Store(tmp_path)) is None


def test_views_of_layers_are_products_of_their_inputs(shared_store: Store) -> None:
    work = Experiment(digits(), shared_store)
    geometry.make(work.config, shared_store)
    found = geometry.read(work.config, work.dataset, shared_store)
    assert found is not None
    assert list(found.views) == list(work.spectra)
    name = list(work.spectra)[-1]
    view, layer = found.views[name], work.original.get_submodule(name)
    unit = int(view.unit[0])
    assert unit == 3  # in the last layer, the row of the forgotten class
    rows, forgotten = layer_views._samples(work)
    inputs, outputs = recorded(work.original, layer, work.data.inputs(work.data.x_train[rows]))
    assert view.outputs == pytest.approx(
        (outputs[:, unit] - layer.bias[unit].double()).detach().numpy(), rel=1e-4, abs=1e-4
    )
    assert (forgotten == (work.data.y_train[rows] == 3).numpy()).all()
    after = work.unlearned.model.get_submodule(name)
    change = (after.weight - layer.weight)[unit].detach().double()
    assert view.moved == pytest.approx((inputs @ change).numpy(), rel=1e-4, abs=1e-5)
    space = null_space(work.spectra[name][0], work.config.energy_threshold or 0)
    assert view.kept.tolist() == [True, True, True, False]
    assert np.abs(view.change[view.kept]).max() < 1e-4  # UNSC leaves kept directions alone
    through = float(
        (space.complement * (work.moments.retain((3,))[name][0] @ space.complement)).sum()
        / work.moments.retain((3,))[name][0].trace()
    )
    assert view.best[0] <= through + 1e-9
    kept, left = curve(
        np.array([s.eigenvalues.numpy() for s in work.spectra[name]]), found.forget_energy[name]
    )
    assert 100 * view.best[1] >= left[space.rank] - 1e-6
