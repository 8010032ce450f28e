"""What a song's tags say of its genre: they support those genres that they name.

The tags come from networks that have heard 200,000 songs, a genre's model from one that has heard
some hundreds.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from genre.features import tags

WEIGHT = 0.5  # of a tag's strength, beside the logarithm of the probability of the genre it names
MARGIN = 0.75  # by which a tag of other music may be stronger than the genre's own, in deviations
# Tags beside that of the genre's name that say that music is of a genre.
OWN = {"classical": ("instrumental",), "metal": ("heavy metal",)}
# Tags that name a kind of music. Those that are a genre of the model are not of other music.
KINDS = (
    *("electronic", "electronica", "House", "soul", "rnb"),
    *("folk", "punk", "ambient", "experimental"),
)
NO_EVIDENCE = -9.0  # for genres that no tag names: nothing speaks against them


class Evidence(NamedTuple):
    """What the tags of segments say of each genre, (segments, genres), in deviations."""

    named: np.ndarray  # how strong the tag is that names the genre; 0 if none does
    against: np.ndarray  # how much stronger a tag of other music is than the genre's own


def of_segments(strengths: np.ndarray, mapping: Sequence[str]) -> Evidence:
    """Return the evidence of tags, given their standardised strengths, (segments, tags)."""
    column = {_plain(tag): i for i, tag in enumerate(tags.NAMES)}
    known = {_plain(genre) for genre in mapping}
    others = [column[_plain(kind)] for kind in KINDS if _plain(kind) not in known]
    strongest = strengths[:, others].max(axis=1)
    named = np.zeros((len(strengths), len(mapping)))
    against = np.full_like(named, NO_EVIDENCE)
    for label, genre in enumerate(mapping):
        name = _plain(genre)
        own = [column[_plain(tag)] for tag in (name, *OWN.get(name, ())) if _plain(tag) in column]
        if name in column:
            named[:, label] = strengths[:, column[name]]
        if own:
            against[:, label] = strongest - strengths[:, own].max(axis=1)
    return Evidence(named, against)


def supported(probabilities: np.ndarray, named: np.ndarray, weight: float) -> np.ndarray:
    """Return probabilities, (segments, genres), with the support of the tags that name genres."""
    from scipy.special import softmax

    with np.errstate(divide="ignore"):  # what has no chance at all keeps none
        return softmax(np.log(probabilities) + weight * named, axis=1)


@cache  # the same few names, for every song
def _plain(name: str) -> str:
    """Return a name by which "hiphop" and "Hip-Hop" are the same."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())
