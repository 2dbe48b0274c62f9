"""Directions chosen by both moments, against every other choice that is tried."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unsc_core.subspace.both_moments import at_price, frontier, leading_free, soft_reach, within
from unsc_core.subspace.null_space import energy_along, null_space, spectrum


def moments(seed: int, groups: int = 1, d: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Second moments of retained and forgotten samples that share some directions."""
    draw = torch.Generator().manual_seed(seed)
    shared = torch.randn(groups, 40, d, generator=draw, dtype=torch.float64)
    shared *= torch.linspace(3, 0.05, d)
    own = torch.randn(groups, 20, d, generator=draw, dtype=torch.float64)
    own *= torch.linspace(0.05, 1.5, d)
    retained = shared.transpose(1, 2) @ shared
    return retained, retained / 3 + own.transpose(1, 2) @ own


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("price", [0.5, 1.0, 3.0])
def test_no_other_directions_are_worth_more_at_this_price(seed: int, price: float) -> None:
    retained, forgotten = (one[0] / one[0].trace() for one in moments(seed))
    best = at_price(retained[None], forgotten[None], price)
    draw = torch.Generator().manual_seed(seed)
    for k in range(1, len(retained)):
        for _ in range(20):
            other = torch.linalg.qr(
                torch.randn(len(retained), k, generator=draw, dtype=torch.float64)
            )[0]
            worth = float((other * ((forgotten - price * retained) @ other)).sum())
            assert worth <= best.forgotten - price * best.retained + 1e-9


@pytest.mark.parametrize("energy_threshold", [0.8, 0.96])
def test_it_reaches_at_least_what_the_cut_does(energy_threshold: float) -> None:
    retained, forgotten = moments(0, d=48)
    found = spectrum(retained[0])
    free = null_space(found, energy_threshold).complement
    let_through = float((free * (retained[0] @ free)).sum() / retained[0].trace())
    reached = float((free * (forgotten[0] @ free)).sum() / forgotten[0].trace())
    best = within(retained, forgotten, let_through)
    assert best.retained <= let_through
    assert best.forgotten > reached  # these moments differ, so looking at both helps


def test_groups_share_one_price() -> None:
    retained, forgotten = moments(1, groups=2)
    both = at_price(retained, forgotten, 1.0)
    whole = [torch.block_diag(*one)[None] for one in (retained, forgotten)]
    assert both.forgotten == pytest.approx(at_price(*whole, 1.0).forgotten)
    assert both.directions == at_price(*whole, 1.0).directions


def test_the_frontier_falls_from_all_to_hardly_any() -> None:
    shares = np.array([[one.retained, one.forgotten] for one in frontier(*moments(2))])
    assert shares[0] == pytest.approx([1.0, 1.0])
    assert (np.diff(shares, axis=0) <= 1e-12).all()
    assert (shares[:, 1] >= shares[:, 0] - 1e-12).all()
    assert frontier(torch.zeros(1, 3, 3), torch.eye(3)[None]) == []


def test_the_leading_free_direction_is_free_and_leads() -> None:
    retained, forgotten = moments(0)
    space = null_space(spectrum(retained[0]), 0.9)
    direction = leading_free(space.complement, forgotten[0])
    assert float(direction.norm()) == pytest.approx(1.0)
    assert torch.allclose(space.basis.T @ direction, torch.zeros(space.rank).double(), atol=1e-9)
    most = float(direction @ forgotten[0] @ direction)
    each = torch.einsum("dk,de,ek->k", space.complement, forgotten[0], space.complement)
    assert most >= float(each.max()) - 1e-9


def test_a_soft_projector_lets_through_the_energy_of_projected_vectors() -> None:
    retained, forgotten = (one[0] for one in moments(0))
    found = spectrum(retained)
    m = 0.1 * float(retained.trace()) / len(retained)
    projector = m * torch.linalg.inv(retained + m * torch.eye(len(retained)).double())
    (reach,) = soft_reach(found.eigenvalues, energy_along(found, forgotten), [0.1])
    for share, c in ((reach.retained, retained), (reach.forgotten, forgotten)):
        expected = float((projector @ c @ projector).trace() / c.trace())
        assert share == pytest.approx(expected, rel=1e-9)
