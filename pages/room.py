"""Room: a class on one server. Open one or join, see who is here, and take on the challenges."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from pages.shared import (
    addresses,
    cache,
    controls,
    header,
    link_choices,
    page_links,
    room,
    run_card,
)
from pages.shared.components.mount import mount
from pages.shared.room import Here
from pages.shared.room_feed import rooms
from unsc_core.config import ExperimentConfig
from unsc_core.errors import UnscError
from unsc_core.experiment.resolve import resolve
from unsc_core.figures.phrases import class_title, dataset_title
from unsc_core.figures.qr import qr_code
from unsc_core.rooms import CHALLENGES, Challenge, Opened
from unsc_core.rooms.challenges import FIXED, submit, task_config, written
from unsc_core.rooms.texts import CODE_LENGTH, LONGEST_NAME
from unsc_core.runs.history import Run

DOOR = ("door.html", "door.css", "make.js", "door.js")
BOARD = ("board.html", "board.css", "make.js", "board.js")


def outside() -> None:
    """Before there is a room: join one, or open one."""
    st.markdown(
        "A room brings everyone on this server together: one person presents, the others follow, "
        "answer on their own device, and see how all answered. It ends after a day."
    )
    left, right = st.columns(2, gap="large")
    linked, key = room.linked()
    with left.form("join", enter_to_submit=True):
        st.subheader("Join a room")
        code = st.text_input("Code", linked[:20], max_chars=20, key="join_code")
        name = st.text_input("Your name", max_chars=LONGEST_NAME, key="join_name")
        st.caption("Everyone in the room sees the name. No account is made.")
        if st.form_submit_button("Join", type="primary", icon=":material/login:"):
            enter(lambda: rooms().join(code or linked, name, key))
    with right.form("open", enter_to_submit=True):
        st.subheader("Open a room")
        teacher = st.text_input("Your name", "Teacher", max_chars=LONGEST_NAME, key="open_name")
        st.caption(
            f"You get a code of {CODE_LENGTH} letters and digits to show, and present. Others join "
            "with the code."
        )
        if st.form_submit_button("Open a room", icon=":material/add:"):
            enter(lambda: rooms().open(teacher))


def enter(act: Callable[[], Opened]) -> None:
    """Open or join a room, and draw the page anew in it."""
    try:
        room.enter(act())
    except UnscError as error:
        room.say(error)
    else:
        if room.KEY_IN_LINK in st.query_params:
            del st.query_params[room.KEY_IN_LINK]
        st.rerun()


def inside(now: Here) -> None:
    """The code to show, who is here, and what can be done."""
    address = page_links.shared({room.IN_LINK: now.seat.code})
    qr = qr_code(address) if now.me.teacher else ""
    mount("door", DOOR, {"code": now.seat.code, "address": address, "qr": qr})
    if now.me.teacher and urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1"):
        st.caption(
            "**Only this computer can open an address with localhost.** Start the app with "
            "`--server.address 0.0.0.0`, open it by this computer's address in the network, and "
            "then the code works for the room."
        )
    with st.container(horizontal=True, vertical_alignment="center", key="room_buttons"):
        if now.me.presents:
            go_button("Go on with the course" if now.state.place.lesson else "Start the course")
        elif now.state.place.lesson:
            go_button("Follow the presenter")
        if now.me.teacher:
            teacher_buttons(now)
        st.button("Leave", icon=":material/logout:", type="tertiary", on_click=room.leave)
    challenges(now)


def go_button(label: str) -> None:
    """A button that opens the lesson, following from there."""
    if st.button(label, type="primary", icon=":material/co_present:"):
        room.go_and_follow()


def teacher_buttons(now: Here) -> None:
    """What only the key allows."""
    code, key = now.seat.code, now.seat.key
    with st.popover("Hand on", icon=":material/switch_account:"):
        st.markdown("One person presents. Whoever does so now will follow.")
        people = {person.id: person for person in now.state.people}
        st.selectbox(
            "Who presents next",
            list(people),
            format_func=lambda id: people[id].name + ("" if people[id].here else " (away)"),
            key="hand_to",
        )
        st.button(
            "Hand on",
            type="primary",
            key="hand_on",
            on_click=attempt,
            args=(lambda: rooms().hand_on(code, key, st.session_state["hand_to"]),),
        )
    with st.popover("Your link", icon=":material/key:"):
        st.markdown(
            "With this link you, or a second teacher, come in as a teacher from another device. "
            "It holds the key of the room: do not project it."
        )
        st.code(
            page_links.shared({room.IN_LINK: code, room.KEY_IN_LINK: key}),
            language=None,
            wrap_lines=True,
        )
    st.download_button(
        "Export",
        lambda: json.dumps(rooms().export(code, key), indent=1, ensure_ascii=False),
        f"room-{code}.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
        help="Names, answers and challenge entries of this room, as JSON.",
    )
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown("Delete this room with all names, answers and entries? Export them first.")
        st.button("Delete room", type="primary", on_click=delete, args=(code, key))


def attempt(act: Callable[[], None]) -> None:
    """Do something in the room; keep the sentence of what went wrong for the page."""
    try:
        act()
    except UnscError as error:
        room.keep_trouble(error)


def delete(code: str, key: str) -> None:
    """Delete the room and leave it."""
    try:
        rooms().delete(code, key)
    except UnscError as error:
        room.keep_trouble(error)
    else:
        room.leave()


def challenges(now: Here) -> None:
    """The challenges: what to do, a run to enter, and who leads."""
    st.header("Challenges", anchor=False)
    titles = {name: challenge.title for name, challenge in CHALLENGES.items()}
    first = next(iter(titles))
    link_choices.read("challenge", titles, first)
    st.segmented_control(
        "Challenge",
        list(titles),
        format_func=titles.__getitem__,
        required=True,
        label_visibility="collapsed",
        key="challenge",
        on_change=link_choices.write,
        args=("challenge", first),
    )
    challenge = CHALLENGES[st.session_state["challenge"]]
    left, right = st.columns([3, 2], gap="large")
    with left:
        take_on(challenge, now)
    with right:
        mount("board", BOARD, {"challenge": challenge.name}, f"-{challenge.name}")


def take_on(challenge: Challenge, now: Here) -> None:
    """What to do, where, and the run to enter."""
    config = task_config(challenge, now.seat.code)
    data = cache.dataset(config.dataset)
    forgets = class_title(data.class_names[config.forget_classes[0]])
    st.markdown(challenge.task)
    of = dataset_title(config.dataset)
    st.markdown(f"Forget **{forgets}** of {of}, with seed {config.seed}.")
    query = addresses.query_of(resolve(config, data), data) | {room.IN_LINK: now.seat.code}
    query.setdefault("forget", ",".join(map(str, config.forget_classes)))
    st.link_button(
        f"Work on it: {page_links.PAGES[challenge.page][0]}",
        page_links.address(challenge.page, query),
        icon=page_links.icon(challenge.page),
    )
    runs = {run.key: run for run in run_card.list_or_stop() if takes_part(run, config)}
    if not runs:
        st.info("No run of this task is stored on this server yet.", icon=":material/hourglass:")
        return
    chosen = st.selectbox(
        "Run to enter",
        list(runs),
        format_func=lambda key: run_card.label(runs[key]),
        key=f"enter-{challenge.name}",
        help="The runs that are stored on this server, newest first. The server reads the score "
        "from the run.",
    )
    if st.button("Enter this run", type="primary", icon=":material/flag:"):
        try:
            score = submit(
                rooms(), now.seat.code, now.seat.token, challenge.name, chosen, cache.store()
            )
        except UnscError as error:
            room.say(error)
        else:
            found = (
                "no score yet" if score is None else f"your score is {written(challenge, score)}"
            )
            st.success(f"Entered: {found}.", icon=":material/flag:")


def takes_part(run: Run, task: ExperimentConfig) -> bool:
    """Whether a run is of a task, as far as its settings tell."""
    config = run.config
    if config is None or run.trouble or run.imported or config.method == "retrain":
        return False
    return all(getattr(config, name) == getattr(task, name) for name in FIXED)


controls.use_navigation()
header.title("Room", *header.TERMS)
inside_room = room.here()
if inside_room is None:
    outside()
else:
    inside(inside_room)
