"""The textbook version that speed is measured against gives the same subspaces as ours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.benchmarks import memory, speed
from unsc_core.subspace.energy import MERGE_THRESHOLD
from unsc_core.subspace.moments import second_moments
from unsc_core.subspace.null_space import merged, null_space, spectra

CLASSES = 3
THRESHOLD = 0.9


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 4, 2, dilation=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16, CLASSES),
    ).eval()


def samples() -> Iterator[tuple[int, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return ((c, torch.rand(40, 2, 8, 8, generator=generator) + c) for c in range(CLASSES))


def test_textbook_subspaces_are_ours() -> None:
    model, retain = network(), [0, 2]
    theirs = speed.textbook(model, samples(), retain, THRESHOLD)
    moments = second_moments(model, samples(), CLASSES)
    ours = merged([spectra(moments.of([c])) for c in retain], THRESHOLD)
    assert theirs.keys() == ours.keys()
    for layer, (spectrum,) in ours.items():
        space = null_space(spectrum, MERGE_THRESHOLD)
        assert theirs[layer].shape[1] == space.rank
        difference = np.abs(theirs[layer] @ theirs[layer].T - (space.basis @ space.basis.T).numpy())
        assert difference.max() < 1e-3, layer


def test_patch_matrices_have_the_second_moments_that_ours_have() -> None:
    model = network()
    moments = second_moments(model, samples(), CLASSES)
    for c, inputs in samples():
        for layer, x in speed.patch_matrices(model, inputs):
            torch.testing.assert_close(
                torch.from_numpy(x @ x.T).double(), moments.of([c])[layer][0], rtol=1e-4, atol=1e-3
            )


def test_a_row_holds_its_value_against_its_bar() -> None:
    assert speed.Row("step", "ratio", 1.1, "×", at_most=1.25).met is True
    assert speed.Row("retrain", "ratio", 9.0, "×", at_least=10.0).met is False
    assert speed.Row("scaling", "seconds", 9.0, "s").met is None
    assert "MISSED" in str(speed.Row("retrain", "ratio", 9.0, "×", at_least=10.0))


@pytest.mark.skipif(torch.cuda.is_available(), reason="measured here")
def test_without_a_gpu_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(speed.gpu()) == []
    assert "not measured" in capsys.readouterr().out


def test_peak_memory_is_more_than_what_is_held() -> None:
    held = np.ones(2**24)
    assert memory.peak_bytes() > held.nbytes
