"""The image that is tried: a sample of the dataset, a drawing, a photograph or an upload.

Only a sample is in the link. Other pictures stay in the memory of this tab.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.shared import link_choices, link_notes, refusal, url_fields
from pages.shared.components.sketch import sketch
from unsc_core.analysis.opening_image import first_choice, next_after, offered
from unsc_core.data.framing import PreparedPicture, is_bright, prepared, usual_framing
from unsc_core.data.picture import MAX_BYTES, MAX_MEGAPIXELS, OpenedPicture
from unsc_core.data.picture_process import opened_apart
from unsc_core.errors import DataError
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import class_title

SOURCES = ("Sample", "Draw", "Camera", "Upload")
FRAMING_TITLES = {"trim": "Trimmed", "square": "Middle", "whole": "Whole"}
BRIGHTNESS = {"Automatic": None, "As it is": False, "Inverted": True}
TRAINING = "training-"
"""Before the number of a training sample in a link."""
_OF, _LAST, _DECODED = "tried_of", "tried_last", "tried_decoded"


@dataclass(frozen=True, eq=False)
class Tried:
    """The image that is tried.

    Attributes:
        sample: (channels, height, width) uint8, as the networks take it.
        what: what it is: "Test image 12".
        truth: its class; None if nobody knows it.
        part, row: where it is in the dataset; None for a picture of the user's.
        picture: (height, width, 3) uint8, before it was prepared; None for a sample.
        notes: what was done to it, one sentence each.
    """

    sample: NDArray[np.uint8]
    what: str
    truth: int | None = None
    part: str | None = None
    row: int | None = None
    picture: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def test_row(self) -> int | None:
        """Its row among the test samples, if it is one."""
        return self.row if self.part == "test" else None


def choose(result: Result, row: Any, place: Any) -> Tried:
    """Draw the controls, and return the image; there always is one.

    What cannot be used becomes a sentence, and the image from before stays.

    Args:
        result: of the experiment.
        row: where the choice goes. place: where a picture is drawn, taken or dropped.
    """
    with row:
        link_choices.read("from", SOURCES, "Sample")
        chosen = st.segmented_control(
            "Image",
            SOURCES,
            required=True,
            key="from",
            on_change=link_choices.write,
            args=("from", "Sample"),
        )
        source = chosen or "Sample"
        if source == "Sample":
            _sample_controls(result)
    if source == "Sample":
        return _chosen_sample(result)
    last, of = st.session_state.get(_LAST), (result.split.dataset.name, source)
    with place:
        try:
            found = {"Draw": _drawing, "Camera": _photograph, "Upload": _upload}[source](result)
        except DataError as error:
            refusal.show(error)
            found = last[1] if last and last[0] == of else _chosen_sample(result)
            st.caption(f"Still shown: {refusal.as_text(found.what)}.")
            return found
    if found is None:  # the last picture is kept: a browser takes it away before it sends the next
        return _chosen_sample(result)
    st.session_state[_LAST] = (of, found)
    return found


# Samples.


def _sample_controls(result: Result) -> None:
    """A class, and a button to the next of its images."""
    request, names = result.split, result.split.dataset.class_names
    part, row = _current(result)
    classes: list[int | None] = [*([None] if request.forget_ids else []), *range(len(names))]
    label = None if part == "train" else int(request.dataset.y_test[row])
    st.session_state["tried_class"] = label
    st.selectbox(
        "Of class",
        classes,
        key="tried_class",
        format_func=lambda c: (
            "the samples to forget" if c is None else names[c] + _forget_mark(c, result)
        ),
        on_change=_go_to_class,
        args=(result,),
        width=180,
    )
    st.button(
        "Another image",
        icon=":material/navigate_next:",
        on_click=_go_on,
        args=(result,),
        help="The next image of this class, in an order that was shuffled once.",
    )


def _forget_mark(label: int, result: Result) -> str:
    return " (to forget)" if label in result.split.forget_classes else ""


def _chosen_sample(result: Result) -> Tried:
    dataset = result.split.dataset
    part, row = _current(result)
    truth = int(dataset.labels(part)[row])
    what = f"{'Test' if part == 'test' else 'Training'} image {row:,}"
    sample = np.ascontiguousarray(dataset.samples(part)[row], dtype=np.uint8)
    return Tried(sample, what, truth, part, row)


def _current(result: Result) -> tuple[str, int]:
    """Part and row of the sample: that in the link, or the first choice of this request."""
    name = result.split.dataset.name
    if st.session_state.setdefault(_OF, name) != name:  # another dataset has other images
        st.session_state[_OF] = name
        link_choices.put("image", None)
    text = link_choices.value("image")
    link_choices.put("image", text)
    if text is None:
        return _first(result)
    try:
        return _in_dataset(text, result)
    except ValueError:
        link_notes.add(url_fields.impossible("image", text, "which is not in this dataset"))
        link_choices.put("image", None)
        return _first(result)


def _first(result: Result) -> tuple[str, int]:
    if result.split.forget_ids:
        return "train", int(offered(result.split, None)[0])
    return "test", first_choice(result.split, result.original.test)


def _in_dataset(text: str, result: Result) -> tuple[str, int]:
    part = "train" if text.startswith(TRAINING) else "test"
    row = int(text.removeprefix(TRAINING))
    dataset = result.split.dataset
    if not 0 <= row < len(dataset.labels(part)):
        raise ValueError(text)
    if part == "train" and row not in result.split.forget_ids:
        raise ValueError(text)
    return part, row


def _go_to_class(result: Result) -> None:
    label = st.session_state["tried_class"]
    _keep("train" if label is None else "test", int(offered(result.split, label)[0]))


def _go_on(result: Result) -> None:
    part, row = _current(result)
    label = None if part == "train" else int(result.split.dataset.y_test[row])
    _keep(part, next_after(offered(result.split, label), row))


def _keep(part: str, row: int) -> None:
    link_choices.put("image", f"{TRAINING if part == 'train' else ''}{row}")


# Pictures of the user's.


def _drawing(result: Result) -> Tried | None:
    dataset = result.split.dataset
    channels, height, width = dataset.input_shape
    ink, paper = ("#000000", "#ffffff") if is_bright(dataset) else ("#ffffff", "#000000")
    content = sketch(width, height, ink=ink, paper=paper, colours=channels > 2, of=dataset.name)
    if not content:
        st.caption(
            "Draw large: the objects in the training images reach the edges. Until you draw, the "
            "answers are about the test image."
        )
        return None
    made = _tried("Your drawing", _opened(content, "The drawing"), result, "whole", False)
    return replace(made, picture=None)  # the canvas shows it


def _photograph(result: Result) -> Tried | None:
    file = st.camera_input("Photograph an object on a plain background", key="camera")
    if file is None:
        st.caption(
            "No picture, or access refused? Allow the camera beside the address bar, or choose "
            "*Upload*: phones take a photograph there, too. Browsers allow cameras only on "
            "https:// addresses and on this machine itself."
        )
        return None
    return _with_controls("Your photograph", _opened(file.getvalue(), "The photograph"), result)


def _upload(result: Result) -> Tried | None:
    file = st.file_uploader(
        f"PNG, JPEG, WebP, GIF, BMP or TIFF, at most {MAX_BYTES >> 20} MB and {MAX_MEGAPIXELS} "
        "megapixels",
        key="own_image",
        max_upload_size=MAX_BYTES >> 20,
    )
    if file is None:
        return None
    return _with_controls(file.name, _opened(file.getvalue(), file.name), result)


def _opened(content: bytes, name: str) -> OpenedPicture:
    """The picture; the last one of this tab is not decoded again when a control changes."""
    of = hashlib.sha256(content).digest(), name
    last = st.session_state.get(_DECODED)
    if last is None or last[0] != of:
        last = of, opened_apart(content, name)
        st.session_state[_DECODED] = last
    return last[1]


def _with_controls(name: str, picture: OpenedPicture, result: Result) -> Tried:
    """A picture, prepared as these controls say."""
    dataset, invert = result.split.dataset, None
    usual = usual_framing(dataset)
    framing = st.segmented_control(
        "Frame",
        [usual, *(one for one in FRAMING_TITLES if one != usual)],
        default=usual,
        required=True,
        key="framing",
        format_func=FRAMING_TITLES.__getitem__,
        help="Trimmed: cut to the object on its background, which is made plain. "
        "Middle: the largest part there with the proportions of the training images. "
        "Whole: all of the picture, padded.",
    )
    if dataset.input_shape[0] < 3:
        invert = BRIGHTNESS[
            st.segmented_control(
                "Dark and bright",
                list(BRIGHTNESS),
                default="Automatic",
                required=True,
                key="brightness",
                help="The networks know bright objects on a dark background, or the other way "
                "round, as in the training images.",
            )
        ]
    return _tried(name, picture, result, framing, invert)


def _tried(
    what: str, picture: OpenedPicture, result: Result, framing: str, invert: bool | None
) -> Tried:
    made: PreparedPicture = prepared(picture, result.split.dataset, framing, invert)
    return Tried(made.sample, what, picture=picture.pixels, notes=made.notes)


def true_class(tried: Tried, result: Result) -> str:
    """What an image is, in a caption."""
    if tried.truth is None:
        return f"**{tried.what}**"
    request = result.split
    name = class_title(request.dataset.class_names[tried.truth])
    forgotten = tried.truth in request.forget_classes or tried.part == "train"
    mark = f":orange[**×**] {name}, to be forgotten" if forgotten else f"{name}, retained"
    return f"**{tried.what}** · true class: {mark}"
