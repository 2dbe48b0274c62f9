"""Second moments: of the layers' inputs, per class, in whichever form takes less memory."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import digits
from tests.layer_cases import reference_representations
from tests.own_images import own_arrays
from unsc_core.config import ExperimentConfig, MomentsConfig
from unsc_core.data.arrays import checked_dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment import experiment
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import DeviceData, class_batches, to_device
from unsc_core.subspace import moments, sampling
from unsc_core.subspace.energy import MERGE_THRESHOLD, energy_error
from unsc_core.subspace.moments import moments_bytes, second_moments
from unsc_core.subspace.null_space import (
    eigenvalues,
    energy_along_spectra,
    merged,
    null_space,
    spectra,
    spectrum,
)
from unsc_core.subspace.representations import represented_layers
from unsc_core.subspace.sampling import drawn_batches, enough_images, unseen_batches


@pytest.fixture(scope="module")
def work(shared_store: Store) -> Experiment:
    return Experiment(digits(), shared_store)


def test_moments_of_classes_add_up_to_the_moments_of_all(work: Experiment) -> None:
    classes = work.dataset.num_classes
    parts = second_moments(work.original, class_batches(work.data, 20), classes)
    whole = second_moments(
        work.original, ((0, batch) for _, batch in class_batches(work.data, 20)), 1
    )
    for layer in represented_layers(work.original):
        each = torch.stack([parts.of([c])[layer] for c in range(classes)])
        assert each.dtype == torch.float64
        assert torch.allclose(each.sum(0), whole.of([0])[layer], rtol=1e-10, atol=1e-12)
        assert torch.allclose(
            parts.retain((3, 7))[layer], each.sum(0) - each[3] - each[7], rtol=1e-9, atol=1e-9
        )
        assert torch.equal(parts.forget((3,))[layer], each[3])


def test_moments_are_those_of_the_layers_inputs(work: Experiment) -> None:
    received: dict[str, torch.Tensor] = {}
    layers = represented_layers(work.original)
    handles = [
        layer.register_forward_hook(lambda m, args, out, n=n: received.update({n: args[0]}))
        for n, layer in layers.items()
    ]
    batch = next(class_batches(work.data, 6))[1]
    with torch.no_grad():
        work.original(batch)
    for handle in handles:
        handle.remove()
    moments = second_moments(work.original, iter([(0, batch)]), 1)
    for name, layer in layers.items():
        for group, x in enumerate(reference_representations(layer, received[name].contiguous())):
            x = x.astype("float64")
            assert torch.allclose(
                moments.of([0])[name][group], torch.from_numpy(x.T @ x), rtol=1e-6, atol=1e-9
            )


def test_sampled_moments_estimate_the_full_ones_on_real_images() -> None:
    work = Experiment(ExperimentConfig(device="cpu"))
    classes, energy_threshold = work.dataset.num_classes, 0.96
    full = second_moments(work.original, class_batches(work.data, 24), classes).retain((6,))
    drawn = second_moments(
        work.original, class_batches(work.data, 24), classes, positions=32
    ).retain((6,))
    for layer, moment in full.items():
        assert float(
            drawn[layer].diagonal(dim1=1, dim2=2).sum() / moment.diagonal(dim1=1, dim2=2).sum()
        ) == pytest.approx(1, abs=0.05)
        space = null_space(spectrum(drawn[layer][0]), energy_threshold)
        held = float((space.basis.T @ moment[0] @ space.basis).trace() / moment[0].trace())
        assert held >= energy_threshold - 0.01, layer
        assert held == pytest.approx(space.energy, abs=0.01), layer


def test_rounding_is_less_than_a_hundredth_of_what_the_draw_changes(
    work: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collected(seed: int, positions: int = 2) -> dict[str, torch.Tensor]:
        return second_moments(
            work.original, class_batches(work.data, 40), 10, positions=positions, seed=seed
        ).retain((2,))

    first, other, all_patches = collected(0), collected(1), collected(0, 0)
    add = moments._Sum.add
    monkeypatch.setattr(
        moments._Sum,
        "add",
        lambda one, rows, weight, exact: add(one, rows.to(torch.float64), weight, exact),
    )
    exact, exact_patches = collected(0), collected(0, 0)
    for name, layer in represented_layers(work.original).items():
        rounded, drawn = (
            float((first[name] - exact[name]).norm()),
            float((first[name] - other[name]).norm()),
        )
        assert (
            (0 < rounded < 0.01 * drawn) if isinstance(layer, nn.Conv2d) else rounded == drawn == 0
        )
        assert torch.equal(all_patches[name], exact_patches[name])


def test_same_seed_draws_the_same_patches(work: Experiment) -> None:
    def drawn(seed: int) -> torch.Tensor:
        moments = second_moments(
            work.original, class_batches(work.data, 4), 10, positions=5, seed=seed
        )
        return moments.per_class["0"]

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


def test_model_modes_and_hooks_are_left_as_found(work: Experiment) -> None:
    model = copy.deepcopy(work.original).train()
    model[1].eval()  # a frozen BatchNorm inside a network in training
    modes = [module.training for module in model.modules()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    second_moments(model, class_batches(work.data, 8), work.dataset.num_classes)
    assert [module.training for module in model.modules()] == modes
    assert all(
        not module._forward_pre_hooks and not module._forward_hooks for module in model.modules()
    )
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_hooks_are_removed_when_the_pass_fails(work: Experiment) -> None:
    model = copy.deepcopy(work.original)
    with pytest.raises(RuntimeError):
        second_moments(model, iter([(0, torch.zeros(1, 5, 8, 8))]), 10)
    assert all(not module._forward_pre_hooks for module in model.modules())
    assert model.training is False


def test_grouped_layers_have_one_moment_per_group() -> None:
    model = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.Flatten(), nn.Linear(6 * 36, 3))
    moments = second_moments(
        model, iter([(0, torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)))]), 2
    )
    assert moments.per_class["0"].shape == (2, 2, 18, 18)
    assert moments.per_class["2"].shape == (
        2,
        1,
        2,
        216,
    )  # two vectors say what their second moment of 216 × 216 does
    assert moments.of([0])["2"].shape == (1, 216, 216)
    assert all(float(moments.of([1])[layer].abs().max()) == 0.0 for layer in ("0", "2"))


def test_few_vectors_are_kept_as_they_are_and_mean_the_same(
    work: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = second_moments(work.original, class_batches(work.data, 3), 10, positions=4)
    monkeypatch.setattr(
        moments._Sum,
        "add",
        lambda one, rows, weight, exact: moments._add_product(
            one.multiply(rows), rows.double(), weight
        ),
    )
    multiplied = second_moments(work.original, class_batches(work.data, 3), 10, positions=4)
    shapes = {layer: known.shape[2:] for layer, known in few.per_class.items()}
    assert {n < d for n, d in shapes.values()} == {True, False}
    for layer, (n, d) in shapes.items():
        assert few.per_class[layer].dtype == (torch.float32 if n < d else torch.float64)
        assert multiplied.per_class[layer].shape[2:] == (d, d)
        size = float(multiplied.retain((2,))[layer].abs().max())
        assert torch.allclose(
            few.retain((2,))[layer], multiplied.retain((2,))[layer], rtol=0, atol=1e-6 * size
        )
        assert torch.equal(few.retain((2,))[layer], few.retain((2,))[layer].transpose(-1, -2))


def test_patches_in_parts_give_the_same_moments(
    work: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = second_moments(work.original, class_batches(work.data, 20), 10)
    monkeypatch.setattr(moments, "CHUNK_BYTES", 1 << 16)
    parts = second_moments(work.original, class_batches(work.data, 20), 10)
    assert all(
        torch.allclose(parts.of([4])[layer], whole.of([4])[layer], rtol=1e-12, atol=1e-12)
        for layer in whole.per_class
    )


def test_wide_linear_layers_get_several_vectors_for_each_input(work: Experiment) -> None:
    config = MomentsConfig(images=8, positions=32)
    assert enough_images(work.original, 10, config) == MomentsConfig(
        26, 10
    )  # 4 · 64 vectors over ten classes; as many patches in all
    assert enough_images(work.original, 100, config) == config
    assert enough_images(nn.Sequential(nn.Conv2d(1, 2, 3)), 10, config) == config
    assert enough_images(work.original, 10, MomentsConfig(images=0)) == MomentsConfig(images=0)


def test_memory_is_known_in_advance(work: Experiment) -> None:
    for images, positions in ((3, 4), (40, 0)):
        found = second_moments(
            work.original, class_batches(work.data, images), 10, positions=positions
        )
        taken = sum(known.numel() * known.element_size() for known in found.per_class.values())
        expected = moments_bytes(
            work.original,
            work.data.inputs(work.data.x_train[:1]),
            10,
            MomentsConfig(images, positions),
        )
        assert expected == taken


def test_moments_too_large_for_every_class_are_those_of_the_request(
    shared_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Experiment(digits(), shared_store)
    expected = usual.spectra
    store = Store(tmp_path / "store")
    store.put("trained", usual.keys.original, shared_store.get("trained", usual.keys.original))
    monkeypatch.setattr(experiment, "MAX_MOMENTS_BYTES", 0)
    work = Experiment(digits(), store)
    assert work.moments.by_request
    assert work.moments.num_classes == 2
    for layer, (one,) in work.spectra.items():
        assert float(one.eigenvalues.sum()) == pytest.approx(
            float(expected[layer][0].eigenvalues.sum()), rel=0.02
        )  # other patches were drawn
    assert Experiment(digits(), store).moments.by_request  # read again
    assert Experiment(digits(forget_classes=(4,)), store).moments.by_request
    assert len(list((store.root / "moments").iterdir())) == 2
    with pytest.raises(ConfigError, match="joint"):
        _ = Experiment(digits(subspace="merge"), store).merged_spectra


def test_moments_of_single_samples_leave_them_out(shared_store: Store) -> None:
    work = Experiment(digits(forget_classes=(), forget_ids=(5, 6, 7)), shared_store)
    parts = work.moments
    vector = work.data.inputs(work.data.x_train[[5, 6, 7]])
    first = next(iter(represented_layers(work.original)))
    count = float(parts.forget(())[first][0].trace())
    seen = second_moments(work.original, iter([(0, vector)]), 1).of([0])[first][0]
    assert count == pytest.approx(float(seen.trace()), rel=0.1)
    assert float(parts.retain(())[first][0].trace()) > 50 * count


def test_merged_subspace_is_the_svd_of_the_joined_bases(work: Experiment) -> None:
    classes = [spectra(work.moments.of([c])) for c in (0, 1, 2)]
    for layer, (found,) in merged(classes, 0.9).items():
        bases = torch.cat([null_space(c[layer][0], 0.9).basis for c in classes], 1)
        _, singular, _ = torch.linalg.svd(bases.T, full_matrices=False)
        n = min(len(singular), len(found.eigenvalues))
        assert torch.allclose(found.eigenvalues[:n], singular[:n] ** 2, atol=1e-9)
        space = null_space(found, MERGE_THRESHOLD)
        kept = (space.basis.T @ bases).square().sum() / bases.square().sum()
        assert float(kept) >= MERGE_THRESHOLD - 1e-9


def test_merged_subspace_is_another_experiment_that_forgets_too(shared_store: Store) -> None:
    joint, merge = (Experiment(digits(subspace=name), shared_store) for name in ("joint", "merge"))
    assert joint.keys.unlearned != merge.keys.unlearned
    assert joint.keys.moments == merge.keys.moments
    result = merge.run()
    of_forget, labels = result.split.is_forgotten("train"), merge.dataset.y_train
    before, after = (
        (predictions.train.argmax(1) == labels)[of_forget].mean()
        for predictions in (result.original, result.unlearned)
    )
    assert after < 0.1 < 0.9 < before


def test_energy_error_is_that_of_brute_force(work: Experiment) -> None:
    drawn = second_moments(work.original, class_batches(work.data, 16), 10, positions=4).retain(
        (3,)
    )
    full = second_moments(work.original, class_batches(work.data, 16), 10).retain((3,))
    found = spectra(drawn)
    values = eigenvalues(found)
    along = energy_along_spectra(found, full)
    cut_at = dict(zip(found, (0.7, 0.9, 0.96, 0.99) * 2, strict=False))
    errors = energy_error(values, values, along, cut_at)
    assert list(errors) == list(found)
    for layer, error in errors.items():
        mine, theirs = drawn[layer][0], full[layer][0]
        ascending, vectors = torch.linalg.eigh(mine)
        shares = ascending.flip(0).cumsum(0) / ascending.sum()
        k = int((shares < cut_at[layer]).sum()) + 1
        basis = vectors.flip(1)[:, :k]
        assert error == pytest.approx(
            float((basis.T @ theirs @ basis).trace() / theirs.trace() - shares[k - 1]), abs=1e-9
        )
    assert max(map(abs, errors.values())) > 1e-4
    of_itself = energy_error(values, values, energy_along_spectra(found, drawn), cut_at)
    assert max(map(abs, of_itself.values())) < 1e-9


EACH = sampling.UNSEEN_IMAGES // 10


@pytest.mark.parametrize(
    ("settings", "forget"),
    [
        ({"energy_threshold": 0.8}, (0, 8)),
        ({"energy_thresholds": (0.8, 0.999, 0.8, 0.999, 0.8, 0.999)}, (3,)),
        ({"subspace": "merge"}, (3,)),
        ({"subspace": "merge"}, (0, 8)),
    ],
)
def test_a_run_says_the_energy_error_of_its_own_cut_and_classes(
    settings: dict, forget: tuple[int, ...], shared_store: Store
) -> None:
    """Computed again from all patches of the images that the moments left out."""
    run = Experiment(digits(forget_classes=forget, **settings), shared_store)
    errors = run.run().energy_error
    draws = list(
        sampling.draw(
            run.data.y_train, torch.arange(len(run.data.y_train)), run.moments.images, run.config
        )
    )
    chosen = [run.data.x_train[left[:EACH]] for c, _, left in draws if c not in forget]
    weights = [len(drawn) / EACH for c, drawn, _ in draws if c not in forget]
    assert {len(images) for images in chosen} == {EACH}
    merge = run.config.subspace == "merge"
    for i, (name, layer) in enumerate(represented_layers(run.original).items()):
        theirs = 0
        for images, weight in zip(chosen, weights, strict=True):
            x = reference_representations(
                layer, _received(run.original, layer, run.data.inputs(images))
            )[0].astype(np.float64)
            theirs = theirs + weight * torch.from_numpy(x.T @ x)
        mine = run.moments.retain(forget)[name][0]
        if merge:
            space = null_space(run.merged_spectra[name][0], MERGE_THRESHOLD)
        else:
            space = null_space(
                spectrum(mine), settings.get("energy_threshold") or settings["energy_thresholds"][i]
            )
        kept = [
            float((space.basis.T @ c @ space.basis).trace() / c.trace()) for c in (theirs, mine)
        ]
        assert errors[name] == pytest.approx(kept[0] - kept[1], abs=1e-6)
    others = Experiment(digits(forget_classes=forget), shared_store).run().energy_error
    assert all(errors[name] != others[name] for name in errors)


def _received(model: nn.Module, layer: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    received: list[torch.Tensor] = []
    hook = layer.register_forward_hook(
        lambda module, args, out: received.append(args[0].contiguous())
    )
    with torch.no_grad():
        model(inputs)
    hook.remove()
    return received[0]


# Which images are drawn.


def uneven_arrays() -> dict[str, np.ndarray]:
    """Three classes of 124, 60 and 30 training images."""
    arrays = own_arrays(train=124)
    rows = np.concatenate(
        [np.flatnonzero(arrays["y_train"] == c)[:n] for c, n in enumerate((124, 60, 30))]
    )
    return {**arrays, "x_train": arrays["x_train"][rows], "y_train": arrays["y_train"][rows]}


def uneven() -> DeviceData:
    arrays = uneven_arrays()
    return to_device(
        checked_dataset(
            "uneven", *(arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        ),
        "cpu",
    )


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 49, 3)
    ).eval()


def drawn_rows(
    config: ExperimentConfig, images: int = 20, rows: torch.Tensor | None = None
) -> dict[int, list[int]]:
    labels = uneven().y_train
    among = torch.arange(len(labels)) if rows is None else rows
    return {
        label: drawn.tolist() for label, drawn, _ in sampling.draw(labels, among, images, config)
    }


def test_random_images_are_drawn_by_the_seed_once_each_and_are_not_the_first() -> None:
    labels, drawn = uneven().y_train, drawn_rows(ExperimentConfig())
    assert drawn == drawn_rows(ExperimentConfig())
    assert drawn != drawn_rows(ExperimentConfig(seed=1))
    for label, rows in drawn.items():
        assert len(set(rows)) == len(rows) == 20
        assert {int(labels[row]) for row in rows} == {label}
        assert set(rows) != set(torch.nonzero(labels == label)[:20, 0].tolist())
    assert {label: len(rows) for label, rows in drawn_rows(ExperimentConfig(), 50).items()} == {
        0: 50,
        1: 50,
        2: 30,
    }
    assert {label: len(rows) for label, rows in drawn_rows(ExperimentConfig(), 0).items()} == {
        0: 124,
        1: 60,
        2: 30,
    }
    among = torch.arange(5, 200)
    assert all(
        set(rows) <= set(among.tolist())
        for rows in drawn_rows(ExperimentConfig(), rows=among).values()
    )


def test_first_images_are_those_that_class_batches_yields() -> None:
    data, first = uneven(), ExperimentConfig(moments_sample="first")
    batches = drawn_batches(data, [(None, torch.arange(len(data.y_train)))], 40, first)
    for (label, inputs, weight), (expected, wanted) in zip(
        batches, class_batches(data, 40), strict=True
    ):
        assert (label, weight) == (expected, 1.0)
        assert torch.equal(inputs, wanted)


@pytest.mark.parametrize("sample", ["random", "first"])
def test_unseen_images_are_none_of_the_drawn_and_stand_for_as_many(
    sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "UNSEEN_IMAGES", 12)
    data, config = uneven(), ExperimentConfig(moments_sample=sample)
    parts: sampling.Parts = [(None, torch.arange(len(data.y_train)))]

    def images(batches: sampling.Batches) -> dict[int, tuple[set[bytes], float]]:
        return {
            label: ({image.numpy().tobytes() for image in inputs}, weight * len(inputs))
            for label, inputs, weight in batches
        }

    drawn, unseen = (
        images(drawn_batches(data, parts, 58, config)),
        images(unseen_batches(data, parts, 58, config)),
    )
    of_test = {image.numpy().tobytes() for image in data.inputs(data.x_test)}
    assert [len(of_test & some) for some, _ in unseen.values()] == [
        0,
        2,
        4,
    ]  # 58 of 60 drawn, and all of 30
    for label, (some, stands_for) in unseen.items():
        assert len(some) == 4
        assert not some & drawn[label][0]
        assert stands_for == pytest.approx(drawn[label][1])


def test_weights_by_size_estimate_the_second_moment_of_the_whole_retain_set() -> None:
    data, net = uneven(), network()
    full = second_moments(net, class_batches(data, 0), 3).retain((2,))

    def estimated(weights: str, seed: int, by_request: bool = False) -> dict[str, torch.Tensor]:
        config = ExperimentConfig(class_weights=weights, seed=seed)
        everything = torch.arange(len(data.y_train))
        forgotten = data.y_train == 2
        parts: sampling.Parts = (
            [(0, everything[~forgotten]), (1, everything[forgotten])]
            if by_request
            else [(None, everything)]
        )
        found = second_moments(
            net, drawn_batches(data, parts, 30, config), 3, positions=20, seed=seed
        )
        return replace(found, by_request=by_request).retain((2,))

    for layer, wanted in full.items():
        for by_request in (False, True):
            mean = torch.stack(
                [estimated("size", seed, by_request)[layer] for seed in range(20)]
            ).mean(0)
            assert float((mean - wanted).norm() / wanted.norm()) < 0.02
            assert float(
                estimated("size", 0, by_request)[layer][0].trace() / wanted[0].trace()
            ) == pytest.approx(1, abs=0.1)
        equal = estimated("equal", 0)[layer]
        equal *= wanted[0].trace() / equal[0].trace()
        assert float((equal - wanted).norm() / wanted.norm()) > float(
            (estimated("size", 0)[layer] - wanted).norm() / wanted.norm()
        )


def test_weights_by_size_change_the_moments_of_uneven_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "uneven.npz", **uneven_arrays())
    config = ExperimentConfig(
        dataset=str(tmp_path / "uneven.npz"),
        forget_classes=(1,),
        device="cpu",
        epochs=3,
        training_epochs=1,
    )
    equal, size = (
        Experiment(replace(config, class_weights=weights), Store(tmp_path / "store"))
        for weights in ("equal", "size")
    )
    assert equal.keys.original == size.keys.original
    assert equal.keys.unlearned != size.keys.unlearned
    layer, moment = next(iter(size.moments.retain((1,)).items()))
    other = equal.moments.retain((1,))[layer]
    assert not torch.allclose(moment / moment[0].trace(), other / other[0].trace(), rtol=1e-3)
