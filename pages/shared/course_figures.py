"""The figures of lessons on the page: pictures, and those that one can handle."""

from __future__ import annotations

import streamlit as st

from pages.shared import page_links, pictures, subspace_views
from pages.shared.components.mount import EXPLAINER, GAMMA, mount
from unsc_core.analysis import gamma_sweep
from unsc_core.course.evidence import Evidence
from unsc_core.course.lesson_file import Step
from unsc_core.course.pictures import FIGURES
from unsc_core.experiment.resolve import settings
from unsc_core.figures import explainer, gamma_cockpit, gamma_layers
from unsc_core.figures.lab import PARTS, WORDS, lab_data


def draw(step: Step, found: Evidence | None, name: str) -> None:
    """Draw the figure of a step, and a link to the page that shows more of it.

    Args:
        step: of a lesson.
        found: what is stored for it; None if it needs nothing.
        name: unique on the page.
    """
    figure = FIGURES[step.figure]
    if figure.name == "lab":
        st.caption(WORDS)
        mount("lab", PARTS, lab_data() | {"link": "none"})
    elif figure.name == "cloud":
        mount("explainer", EXPLAINER, explainer.toy_data(pictures.page_look()), name)
    elif figure.name == "gamma" and found is not None:
        _gamma(found)
    elif figure.draw is not None and found is not None:
        pictures.draw(figure.draw(found, pictures.page_look()), name)
    page = page_links.PAGES[figure.page][0]
    page_links.link(figure.page, f"More on the page {page}")


def _gamma(found: Evidence) -> None:
    """The curves over γ, with the map and the layers; a button of it starts nothing here."""
    assert found.subspaces is not None
    config, spectra = found.result.config, dict(found.spectra)
    titles = subspace_views.layer_titles(spectra)
    own = settings(config).energy_threshold
    runs = [
        gamma_sweep.sweep_run(float(gamma), run)
        for gamma, run in found.others.items()
        if gamma[0].isdigit()
    ]
    stops = gamma_cockpit.stops(own)
    layers = gamma_layers.layers(titles, spectra, found.subspaces.forget_energy, stops)
    view = gamma_cockpit.cockpit(found.result.split, layers, runs, stops, own)
    fixed = {"start": view.data["gammas"].index(f"{own:g}"), "layer": len(spectra) - 1}
    mount("gamma", GAMMA, view.data | fixed | {"fixed": False, "locked": True})
    st.markdown(view.sentence)
