"""UNSC Lab: `streamlit run app.py`. Page config and navigation; everything else is in pages/ and unsc_core/."""

from pathlib import Path

import streamlit as st

from pages.shared import server

PAGES = (
    ("story", "Story", "auto_stories"),
    ("lab", "2-D lab", "science"),
    ("decision_space", "Decision space", "scatter_plot"),
    ("confusion", "Confusion", "grid_on"),
    ("null_space", "Null space", "equalizer"),
    ("pseudo_labels", "Pseudo-labels", "alt_route"),
    ("compare", "Compare", "leaderboard"),
    ("runs", "Runs", "history"),
)

st.set_page_config(
    page_title="UNSC Lab",
    page_icon=str(Path(__file__).parent / "assets" / "icon.png"),
    layout="wide",
)
st.html(Path(__file__).parent / "pages" / "shared" / "app.css")
try:
    st.navigation(
        [
            st.Page(
                f"pages/{name}.py", title=title, icon=f":material/{icon}:", default=name == "story"
            )
            for name, title, icon in PAGES
        ]
    ).run()
finally:  # the page may have stopped early
    server.settle()
