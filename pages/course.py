"""Course: lessons that ask before they show, on the figures of this app."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.shared import (
    answers,
    batch,
    cache,
    controls,
    course_figures,
    course_question,
    header,
    link_notes,
    refusal,
    room,
)
from unsc_core.course import course, handout
from unsc_core.course.evidence import Evidence
from unsc_core.course.lesson_file import Lesson, Step
from unsc_core.course.pictures import FIGURES
from unsc_core.errors import UnscError
from unsc_core.figures.phrases import counted
from unsc_core.jobs.size import megabytes
from unsc_core.paths import home

NOTES = "Presenter's notes"


def go(lesson: str = "", number: int = 1) -> None:
    """Open a step, or the list of lessons; who follows a presenter no longer does."""
    room.wander_off()
    for name, value in (("lesson", lesson), ("step", f"{number}" if number > 1 else "")):
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def wanted() -> tuple[Lesson | None, int]:
    """The lesson and the number of the step in the link; None for the list."""
    name = st.query_params.get("lesson")
    if not name:
        return None, 1
    lesson = next((one for one in lessons if one.name == name), None)
    if lesson is None:
        link_notes.add(f"There is no lesson '{name[:40]}'; choose one below.")
        return None, 1
    text = st.query_params.get("step", "1")
    if text not in map(str, range(1, len(lesson.steps) + 1)):
        what = f"The lesson has no step '{text[:40]}'"
        link_notes.add(f"{what}; it has {len(lesson.steps)}, and shows the first.")
        return lesson, 1
    return lesson, int(text)


def jobs_of(some: list[Lesson]) -> list[batch.BatchItem]:
    """The jobs behind some lessons."""
    return [
        batch.BatchItem(
            piece.kind, piece.key, piece.config, piece.title, piece.is_stored(cache.store())
        )
        for piece in course.lesson_pieces(some)
    ]


def overview() -> None:
    """Every lesson, whether it is prepared, and what is wrong with files."""
    total = sum(lesson.minutes for lesson in lessons)
    count = counted(len(lessons), "lesson")
    st.markdown(
        f"**{count}, {total} minutes.** Each step asks for a prediction, then shows what came out, "
        "on figures that are computed here and not drawn by hand."
    )
    for error in errors:
        refusal.show(error)
    for i, lesson in enumerate(lessons, 1):
        items = jobs_of([lesson])
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"lesson-{i}"
        ):
            st.markdown(f"**{i} · {lesson.title}**", width="stretch")
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                words = f"{lesson.minutes} minutes · {counted(len(lesson.steps), 'step')}"
                st.caption(words, width="content")
                ready = all(item.done for item in items)
                badge = ":green-badge[:material/check: ready]"
                st.markdown(badge if ready else ":gray-badge[not prepared]", width="content")
                st.button(
                    "Open",
                    type="primary" if i == 1 else "secondary",
                    on_click=go,
                    args=(lesson.name,),
                    key=f"open-{lesson.name}",
                )
    items = jobs_of(lessons)
    batch.run_button(items, "Prepare all lessons", "course")
    if not all(item.done for item in items):
        size = cache.course_size(tuple(course.lesson_pieces(lessons)))
        st.caption(f"The results take about {megabytes(size)}.")
    handouts()


def handouts() -> None:
    """The course on paper, without and with the presenter's notes."""
    with st.container(horizontal=True):
        for label, name, with_notes in (
            ("Handout to print", "course.html", False),
            ("Handout with notes", "course-notes.html", True),
        ):
            st.download_button(
                label,
                partial(handout.handout, lessons, cache, notes=with_notes),
                name,
                "text/html",
                icon=":material/print:",
                on_click="ignore",
                help="All lessons as one HTML file: open it in a browser and print it.",
            )
    st.caption(
        "A lesson is a text file. One that is put into the folder `lessons` of the data folder "
        "appears here; the README tells how to write it."
    )


def turn(lesson: Lesson, number: int) -> None:
    """Where one is, and the buttons that turn the pages."""
    at = lessons.index(lesson)
    before = lessons[at - 1] if at else None
    after = lessons[at + 1] if at + 1 < len(lessons) else None
    with st.container(horizontal=True, vertical_alignment="center", key="turn"):
        st.button("All lessons", icon=":material/toc:", type="tertiary", on_click=go)
        st.caption(
            f"Lesson {at + 1} of {len(lessons)} · {lesson.minutes} minutes · "
            f"step {number} of {len(lesson.steps)}",
            width="stretch",
        )
        st.button(
            "Back",
            on_click=go,
            args=(lesson.name, number - 1)
            if number > 1
            else (before.name, len(before.steps))
            if before
            else (),
            key="back",
            shortcut="Left",
        )
        last = number == len(lesson.steps)
        st.button(
            "Next" if not last else "Next lesson" if after else "Finish",
            type="secondary" if room.follows() else "primary",  # who follows need not turn
            on_click=go,
            args=(lesson.name, number + 1) if not last else (after.name,) if after else (),
            key="next",
            shortcut="Right",
        )


def stored_for(lesson: Lesson, step: Step) -> Evidence | None:
    """What is stored for a step; while a part is missing, the button that computes it."""
    found = course.evidence(step, cache)
    if found is None:
        st.info("This step needs results that are not there yet.", icon=":material/hourglass_top:")
        batch.run_button(jobs_of([lesson]), "Prepare this lesson", "course")
    return found


def draw_step(lesson: Lesson, number: int) -> None:
    """One step: its text and question, the bars or choices, and, once revealed, the figure."""
    step = lesson.steps[number - 1]
    figure = FIGURES[step.figure] if step.figure else None
    st.header(step.heading, anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown(step.text)
        if step.question is not None:
            st.markdown(f"**{step.question.text}**")
        if notes and step.notes:
            with st.container(border=True):
                st.caption(f":material/co_present: **{NOTES}**")
                st.markdown(step.notes)
    with right:
        found = stored_for(lesson, step) if course.uses_results(step) else None
        if course.uses_results(step) and found is None:
            return
    shown = step.question is None or answers.is_revealed(lesson.name, number)
    if step.question is not None and found is not None:
        asked = course.asked(step, found)
        with right:
            course_question.draw(lesson.name, number, step.question, asked)
        with left if shown else right:  # beside the truth, not below it
            answers.draw_room_answers(lesson.name, number, step.question, asked)
    with right:
        if shown and step.reveal:
            st.markdown(step.reveal)
        if figure is not None and shown and not figure.wide:
            course_figures.draw(step, found, f"figure-{lesson.name}-{number}")
        if shown and step.look_for:
            st.markdown(f":material/search: {step.look_for}")
    if figure is not None and figure.wide and (shown or figure.open):
        course_figures.draw(step, found, f"figure-{lesson.name}-{number}")


controls.use_navigation()
lessons, errors = course.lessons(home())
link_notes.draw()
lesson_shown, number_shown = wanted()
header.title("Course" if lesson_shown is None else lesson_shown.title, *header.TERMS)
if lesson_shown is None:
    overview()
else:
    room.present(lesson_shown.name, number_shown)
    notes = room.may_see_notes() and st.sidebar.toggle(NOTES, key="presenter_notes")
    turn(lesson_shown, number_shown)
    try:
        draw_step(lesson_shown, number_shown)
    except UnscError as error:
        refusal.show(error)
cache.engine()
