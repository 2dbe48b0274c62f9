"""Links from one page to another."""

import streamlit as st
from streamlit.errors import StreamlitAPIException


def to(page: str, label: str, icon: str) -> None:
    """A link to pages/`page`.py; plain text where a page is run on its own, without the app's navigation."""
    try:
        st.page_link(f"pages/{page}.py", label=label, icon=f":material/{icon}:")
    except (StreamlitAPIException, KeyError):
        st.caption(label)
