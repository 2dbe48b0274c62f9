"""UNSC Lab: `streamlit run app.py`. Page config and navigation; pages/ has the pages."""

if __name__ == "__main__":  # a worker process imports this file as it starts, and must not run it
    from pathlib import Path

    import streamlit as st

    from pages.shared import menu, mode, page_links, room, server

    ROOT = Path(__file__).parent
    st.set_page_config(
        page_title="UNSC Lab", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide"
    )
    st.html(ROOT / "pages" / "shared" / "app.css")
    page = st.navigation(page_links.navigation(), expanded=True)
    try:
        mode.follow()
        menu.close_when_done()
        room.draw_bar(page.url_path)
        page.run()
    finally:  # the page may have stopped early
        server.preload_libraries()
elif __name__ == "app":  # the server imports this file once, and runs it as above for every visitor
    import streamlit as st

    from pages.shared.room_feed import ROUTES

    app = st.App(__file__, routes=ROUTES)
