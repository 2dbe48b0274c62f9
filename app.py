"""UNSC Lab: `streamlit run app.py`. Page config, theme and navigation; everything else is in pages/ and unsc_core/."""

from pathlib import Path

PAGES = (
    ("story", "Story", "auto_stories"),
    ("decision_space", "Decision space", "scatter_plot"),
    ("confusion", "Confusion", "grid_on"),
    ("null_space", "Null space", "equalizer"),
    ("pseudo_labels", "Pseudo-labels", "alt_route"),
)


def main() -> None:
    """Draw the page that the address asks for."""
    import streamlit as st

    st.set_page_config(page_title="UNSC Lab", page_icon=str(Path(__file__).parent / "assets" / "icon.png"), layout="wide")
    pages = [st.Page(f"pages/{name}.py", title=title, icon=f":material/{icon}:", default=name == "story") for name, title, icon in PAGES]
    st.navigation(pages).run()


if __name__ == "__main__":  # worker processes import this file too, and stop here
    main()
