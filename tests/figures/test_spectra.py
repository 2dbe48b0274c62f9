"""The spectrum of a layer: which part of it is drawn as kept, and which as free."""

from __future__ import annotations

import numpy as np
import pytest

from unsc_core.analysis.geometry import Subspaces
from unsc_core.figures.reachability import HARDLY, reachable_sentence, selectivity
from unsc_core.figures.spectra import spectrum
from unsc_core.figures.theme import LIGHT

ENERGY = np.array([[8.0, 4.0, 2.0, 1.0, 1.0]])


@pytest.mark.parametrize("kept", range(1, 6))
def test_kept_and_free_meet_at_the_cut(kept: int) -> None:
    gamma = ENERGY[0, :kept].sum() / ENERGY.sum()
    figure = spectrum("1", "Layer 1", {"1": ENERGY}, gamma, LIGHT).figure
    grey, teal = figure.data
    share = ENERGY[0] / ENERGY.sum()
    for line, directions in ((grey, range(1, kept + 1)), (teal, range(kept + 1, 6))):
        drawn = [(x, y) for x, y in zip(line.x, line.y, strict=True) if x == int(x)]
        assert [x for x, _ in drawn] == list(directions)
        assert [y for _, y in drawn] == pytest.approx([share[i - 1] for i in directions])
        # Hovering names a direction of this part, with its own share.
        assert {int(i) for i, _ in line.customdata} == set(directions)
        assert all(of == pytest.approx(share[int(i) - 1]) for i, of in line.customdata)
    if kept < 5:
        assert grey.x[-1] == teal.x[0] == kept + 0.5 == figure.layout.shapes[0].x0
        # Halfway between its neighbours on the logarithmic axis.
        assert grey.y[-1] == teal.y[0] == pytest.approx(np.sqrt(share[kept - 1] * share[kept]))


def test_without_energy_every_direction_is_free() -> None:
    grey, teal = spectrum("1", "Layer 1", {"1": np.zeros((1, 3))}, 0.9, LIGHT).figure.data
    assert not len(grey.x)
    assert teal.x.tolist() == [1, 2, 3]


def test_layers_that_hardly_separate_are_counted() -> None:
    spectra = {"1": ENERGY, "2": ENERGY}
    apart = {"1": ENERGY.copy(), "2": ENERGY[:, ::-1].copy()}  # forgotten: alike, and the opposite
    titles, cut_at = {"1": "Layer 1", "2": "Layer 2"}, {"1": 0.9, "2": 0.9}
    for energy, weak in ((apart, "In 1 of 2 layers"), ({"1": apart["2"], "2": apart["2"]}, None)):
        text = reachable_sentence(titles, spectra, Subspaces(energy, {}, 0.9, {}), cut_at)
        assert weak in text if weak else "layers selectivity" not in text
    assert selectivity(ENERGY, apart["1"]) == pytest.approx(0.5)
    assert selectivity(ENERGY, apart["2"]) > HARDLY
