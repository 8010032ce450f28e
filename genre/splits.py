"""Decide which part each segment belongs to: training, validation or test."""

from math import ceil

import numpy as np

import config
from genre.dataset import Segments
from genre.errors import SplitError

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
SPLITS = {
    "track": "all segments of a track stand on one side",
    "segment": "segments are shuffled, as in the course; tracks stand on both sides, scores leak",
}
LEAKS = "this split leaks: segments of the same tracks stand in training and in test"


def split(segments: Segments, name: str, *, seed: int) -> np.ndarray:
    """Return the part of every segment, (segments,) of "train", "validation" or "test".

    Both splits keep the genres' shares in every part, and the same seed gives the same parts.
    Raises SplitError when a genre has too few tracks (or segments) for three parts.
    """
    if name == "segment":
        return _stratified_parts(segments.labels, segments.mapping, "segments", seed)
    tracks, first_segment = np.unique(segments.track_index, return_index=True)
    genre_of_track = segments.labels[first_segment]
    part_of_track = _stratified_parts(genre_of_track, segments.mapping, "tracks", seed)
    return part_of_track[np.searchsorted(tracks, segments.track_index)]


def _stratified_parts(labels: np.ndarray, mapping: list[str], what: str, seed: int) -> np.ndarray:
    """Deal items with these labels out to the three parts, every genre in proportion."""
    from sklearn.model_selection import train_test_split

    counts = np.bincount(labels, minlength=len(mapping))
    if counts.min() < len(PARTS):
        raise SplitError(
            f"every genre needs at least {len(PARTS)} {what} to be split into training, "
            f"validation and test; {mapping[counts.argmin()]} has {counts.min()}"
        )

    def part_off(items: np.ndarray, share: float) -> list[np.ndarray]:
        size = max(len(mapping), ceil(share * len(items)))  # room for one of each genre
        return train_test_split(items, test_size=size, stratify=labels[items], random_state=seed)

    rest, test = part_off(np.arange(len(labels)), config.TEST_SHARE)
    _, validation = part_off(rest, config.VALIDATION_SHARE)
    parts = np.full(len(labels), TRAIN, dtype=f"<U{len(VALIDATION)}")
    parts[test], parts[validation] = TEST, VALIDATION
    return parts
