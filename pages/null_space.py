"""Null space: what the retained classes use of every layer, and where the weights may still move."""

import streamlit as st

from pages.shared import cache, controls, header, jobs, show, state
from unsc_core.figures import spectra as figures
from unsc_core.methods import METHODS
from unsc_core.results import keys

st.title("Null space")
chosen = controls.experiment(gamma_here=True)
st.markdown(
    "The retained classes' inputs to a layer spread over few directions. γ decides how much of that energy is **protected**; "
    "weights move only in the rest, the **null space**, which those classes cannot see."
)
result = jobs.result(chosen)
header.strip(chosen, result)
found = cache.spectra(chosen.config)
if found is None:
    jobs.wait_for("spectra", keys(chosen.config, chosen.dataset).spectra, chosen.config, "Collecting the second moments")
    st.stop()


def titles(layers: list[str]) -> dict[str, str]:
    """Layer name -> "Layer 2: 144 inputs"."""
    return {layer: f"Layer {i + 1} · {found[layer].shape[0] * found[layer].shape[1]} inputs" for i, layer in enumerate(layers)}


@st.fragment
def cut() -> None:
    """γ and everything it moves; only this part is drawn again when it changes."""
    slider, button = st.columns([4, 2], vertical_alignment="bottom")
    gamma = controls.gamma(slider)
    ran = chosen.config.energy_threshold
    if not METHODS[chosen.config.method].uses_energy_threshold:
        button.caption(f"{METHODS[chosen.config.method].title} does not use the null space.")
    elif gamma != ran and button.button(f"Unlearn with γ = {gamma:g}", type="primary", width="stretch"):
        state.choose(gamma=gamma)
        st.rerun()
    names, look = titles(list(found)), show.mode()
    summary = figures.free_share(names, found, gamma, look)
    pictures = {f"spectrum-{i + 1}": figures.spectrum(layer, names[layer], found, gamma, look) for i, layer in enumerate(found)}
    show.in_rows(pictures, 3)
    st.caption(":gray[grey: directions the retained classes use] · :green[**teal: the null space**] · dotted: the cut at γ")
    show.picture(summary, "null-space")
    if errors := cache.energy_error(chosen.config):
        worst = max(map(abs, errors.values()))
        st.caption(
            f"The spectra come from sampled patches; on images and patches that were not drawn, kept energy is within {100 * worst:.1f} points."
        )
    show.downloads({"null-space": summary} | pictures)


cut()
