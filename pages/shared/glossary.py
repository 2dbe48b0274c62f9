"""The terms of the field, each defined once; pages show them as tooltips and behind "Terms"."""

from __future__ import annotations

import streamlit as st

from unsc_core.analysis.claims import AS_MASK
from unsc_core.analysis.measures import MEASURES

TERMS = {
    "Calibration gain": "Acc_r minus that of the original model, taken before either is rounded. "
    "The *free* part is what the mask gains without changing a weight; the *added* part is what "
    "the method has beyond the mask.",
    "Calibrated": "Said of a class that is forgotten while Acc_r rises if its test samples go "
    "where the retrained model sends them: at least two thirds of them do, and about as many as "
    f"with the mask or more (up to {AS_MASK:g} point less counts).",
    "Logits": "A model's scores, one for each class. The class with the highest logit is the "
    "prediction.",
    "Retrained model": "A model trained from scratch without the forgotten data. It is the gold "
    "standard: unlearning tries to reach it without the cost of training again.",
    "Mask": "The original model with the logits of the forgotten classes hidden. It never predicts "
    "them, but no weight has changed. Single samples cannot be masked, as their class stays.",
    "Over-unlearning": "Damage to the retained classes: Acc_r falls below that of the original "
    "model.",
    "Pseudo-label": "The retained class that the original model finds most similar to a forgotten "
    "sample; for single samples, the most similar class other than its own. UNSC trains the sample "
    "towards this class.",
    "Margin": "In the original model, the logit of the pseudo-label minus that of the next most "
    "similar class that it could have been. A small margin means that two classes were almost "
    "equally similar.",
    "Features": "The inputs of a network's last layer: what it has made of an image before it "
    "decides.",
    "Margin of an answer": "The probability of the predicted class minus that of the next most "
    "probable class, in points. With a small margin, a small change of the image can change the "
    "prediction.",
    "Second moments": "The mean products of a layer's inputs, taken over training images. Their "
    "eigenvectors are the directions that the images use; their eigenvalues are the energies.",
    "Energy": "How strongly the retained classes use a direction of a layer's input: their mean "
    "squared input along it.",
    "γ": "The energy threshold: the share of the retained classes' energy that is kept in every "
    "layer. A higher γ is safer for the retained classes, but makes forgetting harder.",
    "Null space": "The directions of a layer's input that the retained classes hardly use. Weights "
    "that change only along these move the layer's output for the retained classes much less than "
    "a change of the same size along the others would.",
    "Linear probe": "A linear classifier that is trained to tell the classes apart by a model's "
    "features, the inputs of one of its layers. It is judged on held-out samples.",
    "Excess": "An audit's value for the unlearned model minus that for the retrained one, paired "
    "by seed. Any network finds something of a class it never saw, so the goal is an excess of 0, "
    "not a value of 0.",
    "Zero": "The same difference between two models retrained with different seeds: how much of an "
    "excess is mere chance.",
    "Sees": "How well an audit tells the original and the mask, which remember, from retrained "
    "models: the share of pairs in the right order. Below 0.75 it is blind here and says nothing.",
    "Member": "A sample that was in the training data.",
    "Shadow model": "A network trained like the original on a random half of all samples, so that "
    "it is known what it was trained on. Attackers train many to learn how sure such networks are "
    "of a sample that they saw, and of one that they did not.",
    "Likelihood ratio": "How much more likely a confidence is of a network that was trained on the "
    "sample than of one that was not, as shadow models tell.",
    "AUC": "Area under the curve of hits against false alarms: the chance that a score is higher "
    "for one of those sought than for another. 0.5 is guessing, 1 is never wrong.",
    "CKA": "Centred kernel alignment: how alike two networks arrange the same samples at a layer. "
    "1 if their features agree up to rotation and scale.",
    "Trustworthiness": "How far neighbours on the map are also neighbours among the logits; "
    "1 if all are.",
}


def meaning(term: str) -> str:
    """What a term or the name of a measure means, for a tooltip."""
    return ({measure.name: measure.help for measure in MEASURES.values()} | TERMS)[term]


def popover(*terms: str) -> None:
    """A button that lists the terms which a page uses."""
    with st.popover("Terms", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- **{term}**: {meaning(term)}" for term in terms))
