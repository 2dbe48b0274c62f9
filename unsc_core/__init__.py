"""UNSC Lab core: make a trained classifier forget classes, and measure what that did to the rest.

The core knows no screen: it imports neither streamlit nor the pages. Importing it, its registries and
everything a view needs does not load torch; that happens where tensors are computed.
"""

__version__ = "0.1.0"
