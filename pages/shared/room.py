"""This browser tab in a room: its seat, the bar above every page, and following the presenter.

The link of every page in a room has `room=CODE`. Who somebody is, the token, and the teacher's key
are kept by the browser and by this tab's session, so that neither is on a projector nor in a link
that is passed on. The teacher's own link has the key, until it is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared import page_links, refusal, session
from pages.shared.components.mount import mount
from pages.shared.room_feed import OUT_OF_ORDER, PATH, TOKEN, rooms
from unsc_core.errors import RoomError, StoreError, UnscError
from unsc_core.rooms import Opened, Person, State

FILES = ("room.html", "room.css", "make.js", "room.js")
IN_LINK, KEY_IN_LINK = "room", "key"
SEAT, FOLLOWING, GO = "room_seat", "room_following", "room_go"
"""In the session: an Opened, whether this tab follows, and a page to open."""
WAITING = "room_waiting"
"""In the session: whether this tab is on the page Room only until there is a lesson to follow."""
LINKED = "room_linked"
"""In the session: see `linked`."""
TROUBLE = "room_trouble"
"""In the session: a sentence for the bar."""
COURSE = "course"
"""The page of the lessons."""


@dataclass(frozen=True)
class Here:
    """This tab in its room, as the page is drawn.

    Attributes:
        seat: what proves who this is. me: the person. state: the room.
        following: whether this tab goes where the presenter goes.
    """

    seat: Opened
    me: Person
    state: State
    following: bool


def enter(opened: Opened) -> None:
    """Take a seat for the first time; while a lesson runs, it is opened at once."""
    sit(opened)
    st.session_state[WAITING] = True


def sit(opened: Opened) -> None:
    """Take a seat: from now on this tab is in the room, and follows."""
    st.session_state[SEAT] = opened
    st.session_state.pop(LINKED, None)
    st.session_state[FOLLOWING] = True
    st.query_params[IN_LINK] = opened.code


def leave() -> None:
    """Leave the room in this tab."""
    for name in (SEAT, FOLLOWING, GO, WAITING, LINKED):
        st.session_state.pop(name, None)
    for name in (IN_LINK, KEY_IN_LINK):
        if name in st.query_params:
            del st.query_params[name]


def here() -> Here | None:
    """This tab in its room; None without one."""
    seat = st.session_state.get(SEAT)
    if seat is None:
        return None
    try:
        me, state = rooms().view(seat.code, seat.token)
    except UnscError:
        return None  # the bar says so
    return Here(seat, me, state, bool(st.session_state.get(FOLLOWING)))


def keep_trouble(error: UnscError) -> None:
    """Have the bar say what could not be done, when the page is drawn again."""
    st.session_state[TROUBLE] = sentence(error)


def say(error: UnscError) -> None:
    """Show why something could not be done, with the names in it as plain text."""
    st.error(sentence(error), icon=":material/error:")


def sentence(error: UnscError) -> str:
    """The message of an error, as Markdown."""
    return OUT_OF_ORDER if isinstance(error, StoreError) else refusal.as_text(str(error))


def draw_bar(page: str) -> None:
    """Draw the bar of the room above a page; without a room, nothing.

    Args:
        page: its path in addresses.
    """
    with st.container(key="room_bar"):  # one element with and without, see link_notes
        code = _code()
        if code is None:
            return
        seat = st.session_state.get(SEAT)
        on = {"seat": _come_back, "act": _act}
        if seat is None:
            mount("room", FILES, {"code": code, "path": PATH, "join": page != "room"}, on=on)
            _go(page)
            return
        st.query_params[IN_LINK] = seat.code
        _go(page)
        if page == COURSE:
            _follow()
        now = here()
        if now is None:
            _say_gone(seat)
            return
        waited = st.session_state.get(WAITING)
        waits_here = page == "room" and now.following and not now.me.presents
        st.session_state[WAITING] = waits_here and not now.state.place.lesson
        if waited and waits_here and now.state.place.lesson:
            go_and_follow()
        following = now.following and page == COURSE
        data = {
            "code": seat.code,
            "token": seat.token,
            "key": seat.key,
            "path": PATH,
            "header": TOKEN,
            "presents": now.me.presents,
            "following": following or now.me.presents,
            "waiting": st.session_state[WAITING],
            "shown": vars(now.state.place),
            "big": page == COURSE and (following or now.me.presents),
            "elsewhere": page != "room",
            "news": None,
        }
        mount("room", FILES, data, on=on)
        if trouble := st.session_state.pop(TROUBLE, None):
            st.error(trouble, icon=":material/error:")


def _code() -> str | None:
    """The room of this tab, or else of the link."""
    seat = st.session_state.get(SEAT)
    return (linked()[0] or None) if seat is None else seat.code


def linked() -> tuple[str, str]:
    """The code and the key in the link that was opened, or "", also once the link has changed."""
    code, key = (st.query_params.get(name, "")[:100] for name in (IN_LINK, KEY_IN_LINK))
    if code:
        st.session_state[LINKED] = (code, key or st.session_state.get(LINKED, ("", ""))[1])
    return st.session_state.get(LINKED, ("", ""))


def _say_gone(seat: Opened) -> None:
    try:
        rooms().view(seat.code, seat.token)
    except RoomError as error:
        leave()
        st.info(refusal.as_text(str(error)), icon=":material/door_open:")
    except StoreError:
        st.warning(OUT_OF_ORDER, icon=":material/error:")


def _come_back(kept: Any) -> None:
    """Sit down again with the token that the browser has kept."""
    code = _code()
    token, key = (str(kept.get(part, ""))[:100] for part in ("token", "key"))
    try:
        if code is not None:
            rooms().me(code, token)
            sit(Opened(code, token, key))
    except UnscError:
        return  # the person can join


def _act(what: Any) -> None:
    """What was clicked in the bar, or `news`, which only has the page drawn again."""
    if what["do"] == "follow":
        st.session_state[FOLLOWING] = True
        st.session_state[GO] = COURSE
    elif what["do"] == "stay":
        wander_off()
    elif what["do"] in ("room", "join"):
        st.session_state[GO] = "room"
    elif what["do"] == "present":
        present_now()
    elif what["do"] == "leave":
        leave()


def present_now() -> None:
    """Present from now on, as who has the key may while nobody does who is here."""
    seat = st.session_state.get(SEAT)
    if seat is None:
        return
    try:
        rooms().take_over(seat.code, seat.token, seat.key)
    except UnscError as error:
        keep_trouble(error)
    else:
        st.session_state[FOLLOWING] = True
        st.session_state[GO] = COURSE


def go_and_follow() -> None:
    """Open the lesson where the presenter is; the presenter starts or goes on there."""
    st.session_state[FOLLOWING] = True
    st.session_state[GO] = COURSE
    _go()


def _go(shown: str = "") -> None:
    """Open the page that a click asked for, if it is not the one that is shown."""
    page = st.session_state.pop(GO, shown)
    if page != shown:
        st.switch_page(page_links.path(page), query_params={IN_LINK: _code() or ""})


def _follow() -> None:
    """Have the page Course, which then reads its link, go where the presenter is.

    Who presents goes on where the room is, if the link names no lesson.
    """
    if session.went_back():
        wander_off()
    now = here()
    if now is None or not now.following or not now.state.place.lesson:
        return
    if now.me.presents and "lesson" in st.query_params:
        return
    place = now.state.place
    st.query_params["lesson"] = place.lesson
    if place.step > 1:
        st.query_params["step"] = str(place.step)
    elif "step" in st.query_params:
        del st.query_params["step"]


def wander_off() -> None:
    """Stay, from now on, where this tab goes by itself; a presenter does so anyway."""
    st.session_state[FOLLOWING] = False


def presents() -> bool:
    """Whether this tab presents."""
    now = here()
    return now is not None and now.me.presents


def follows() -> bool:
    """Whether this tab goes where somebody else leads."""
    now = here()
    return now is not None and now.following and not now.me.presents


def may_see_notes() -> bool:
    """Whether this tab is a presenter's or teacher's, or in no room."""
    now = here()
    return now is None or now.me.presents or now.me.teacher


def present(lesson: str, step: int) -> None:
    """On the page Course: if this tab presents, show the room the step that it shows."""
    now = here()
    if now is not None and now.me.presents:
        _try(lambda: rooms().move(now.seat.code, now.seat.token, lesson, step))


def reveal(lesson: str, step: int) -> None:
    """Reveal a step to the room, if this tab presents."""
    now = here()
    if now is not None and now.me.presents:
        _try(lambda: rooms().move(now.seat.code, now.seat.token, lesson, step))
        _try(lambda: rooms().reveal(now.seat.code, now.seat.token))


def has_revealed(lesson: str, step: int) -> bool:
    """Whether a step has been revealed to the room; without a room, no."""
    now = here()
    if now is None:
        return False
    place = now.state.place
    if (place.lesson, place.step) == (lesson, step):
        return place.revealed
    try:
        return rooms().answers(now.seat.code, lesson, step)[1]
    except UnscError:
        return False  # the bar says what is wrong


def waits(lesson: str, step: int) -> bool:
    """Whether a step is the presenter's to reveal: who follows does not run ahead."""
    now = here()
    if now is None or now.me.presents or not now.following or now.state.presenter is None:
        return False
    return (now.state.place.lesson, now.state.place.step) == (lesson, step)


def _try(act: Callable[[], None]) -> None:
    try:
        act()
    except UnscError as error:
        keep_trouble(error)
