"""The menu on a phone, where it covers the page."""

from __future__ import annotations

from pages.shared.components.mount import mount


def close_when_done() -> None:
    """Have the menu close on a phone when a page is chosen, or the page beside it is touched."""
    mount("menu", ("menu.js",), {})
