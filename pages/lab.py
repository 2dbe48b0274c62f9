"""2-D lab: methods forget one class of points in the plane, computed in the visitor's browser."""

import streamlit as st

from pages.shared import controls, header
from pages.shared.components.mount import mount
from unsc_core.figures.lab import PARTS, WORDS, lab_data, static_page

TERMS = ("Acc_f", "Acc_r", "γ", "Null space", "Pseudo-label", "Retrained model", "Mask", "Logits")
header.title("2-D lab", *TERMS)
controls.use_navigation()
mount("lab", PARTS, lab_data())
st.caption(
    f"{WORDS} Everything here runs in your browser: drag a setting or, with *Move points*, a point."
)
st.download_button(
    "Download this lab as one HTML file",
    static_page,
    "unsc-lab.html",
    "text/html",
    help="It opens in any browser, without a server and without a network.",
)
