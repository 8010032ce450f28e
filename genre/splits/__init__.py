"""Decide which part each segment belongs to: training, validation, test or none."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import SplitError
from genre.files import printable
from genre.segments import Segments, duplicates
from genre.songs import PARTS, TEST, TRAIN, UNUSED, VALIDATION, gtzan, some
from genre.splits import groups as groups_of
from genre.splits import split_file

SPLITS = {
    "track": "all segments of a track, and of its duplicates, are in one part",
    "segment": "segments are shuffled, as in the course: tracks are in several parts, scores leak",
    "artist": "all tracks of an artist are in one part (GTZAN, FMA, lists that name artists)",
    "given": "the data set's own parts (FMA, lists with parts, train/ and test/ folders)",
    "filtered": "GTZAN's fault-filtered lists, with only three artists in two parts (GTZAN only)",
}
HELP = "; ".join(f"{name}: {text}" for name, text in SPLITS.items()) + (
    "; or a CSV file with the columns track,part"
)
RANDOM = ("segment", "track", "artist")  # the splits that a seed decides; they allow folds
NO_PARTS = (
    "split given: this data set has no parts of its own; FMA has, a list with a column part, and a "
    "folder with train/ and test/"
)
TEST_ONE_IN = 4  # 1/4 of the tracks (or segments) form the test part, used once, at the end
VALIDATION_ONE_IN = 5  # 1/5 of the rest, for early stopping and for choosing the best weights
LEAKS = "this split leaks: segments of the same tracks are in training and in test"
TRACKS_UNKNOWN = (
    "this split leaks: the file does not say which segments are of one track, so most tracks have "
    "some in training and some in test; each segment is scored as a track; expect much lower "
    "scores for new songs"
)


class Split(NamedTuple):
    """The part of every segment, and notes for those who read the scores."""

    name: str
    parts: np.ndarray  # (segments,) of PARTS, or UNUSED
    notes: list[str]


def known(name: str) -> str:
    """Return a split's name, or the path of a .csv file; raises SplitError for any other text."""
    if name not in SPLITS and Path(name).suffix.lower() != ".csv":
        raise SplitError(f"split {name!r:.40} is neither a .csv file nor {', '.join(SPLITS)}")
    return name


def split(
    segments: Segments,
    name: str,
    *,
    seed: int,
    test_one_in: int = TEST_ONE_IN,
    validation_one_in: int = VALIDATION_ONE_IN,
) -> Split:
    """Split the data, given a split's name or the path of a CSV file.

    In the splits track, segment and artist, every part has the genres in the same proportions, as
    far as the groups allow, and the same seed gives the same parts. Raises SplitError if a part
    would be empty, or if the split is not made for this data.
    """
    if name in RANDOM:
        return next(_random(segments, name, seed, test_one_in, validation_one_in))
    if name == "given":
        listed = given_parts(segments)
    elif name == "filtered":
        listed = gtzan_lists(segments)
    else:
        listed = split_file.read(segments, Path(name))
    notes = []
    if listed.lacking:
        notes.append(f"{len(listed.lacking)} listed tracks are not in the data")
    if n_unused := len(np.unique(segments.track_index[listed.parts == UNUSED])):
        notes.append(f"{n_unused} tracks of the data are in no part and left out")
    split = Split(printable(name), listed.parts, notes)
    return _checked(segments, split, needed=(TRAIN, TEST))  # a list may have no validation part


def folds(
    segments: Segments,
    name: str,
    *,
    n_folds: int,
    seed: int,
    validation_one_in: int | None = VALIDATION_ONE_IN,
    rare: bool = False,
) -> list[Split]:
    """Return the splits of a cross-validation: every segment is in the test part of at most one.

    A genre whose tracks are all in one group, such as those of one artist, is only trained on.
    Shifted and altered copies of tracks are never tested. A validation part is taken from the rest,
    unless `validation_one_in` is None. Raises SplitError as `split` does, and if a genre has fewer
    tracks (or segments) than folds, unless genres may be `rare`.
    """
    if name not in RANDOM:
        raise SplitError(f"split {name} is fixed; --folds needs {', '.join(RANDOM)}")
    return list(
        _random(segments, name, seed, n_folds, validation_one_in, test_everything=True, rare=rare)
    )


def everything(segments: Segments) -> Split:
    """Return the split in which all segments are in the training part."""
    return Split("none", np.full(len(segments.labels), TRAIN), [])


def given_parts(segments: Segments) -> split_file.Listed:
    """Return the data set's own parts; raises SplitError if it has none."""
    if not segments.parts:
        raise SplitError(NO_PARTS)
    return split_file.Listed(np.array(segments.parts)[segments.track_index], [])


def gtzan_lists(segments: Segments) -> split_file.Listed:
    """Return the parts of GTZAN's fault-filtered split; raises SplitError for other data."""
    part_of_track = np.array([facts.part for facts in gtzan.facts(segments.tracks)])
    present = {gtzan.name(track) for track in segments.tracks}
    listed = [name for name, facts in gtzan.table().items() if facts.part]
    lacking = [name for name in listed if name not in present]
    return split_file.Listed(part_of_track[segments.track_index], lacking)


def _random(
    segments: Segments,
    name: str,
    seed: int,
    n_folds: int,
    validation_one_in: int | None,
    *,
    test_everything: bool = False,
    rare: bool = False,
) -> Iterator[Split]:
    """Split the data into folds, and for each one yield the split with that fold as test part."""
    if not segments.tracks_known and name != "segment":
        raise SplitError(
            f"split {name}: the data does not say which segments are of one track; only --split "
            "segment can be used"
        )
    labels, groups, item_of_segment = _items(segments, name)
    counts = np.bincount(labels, minlength=len(segments.mapping))
    fewest = max(n_folds, len(PARTS)) if test_everything else len(PARTS)
    if counts.min() < fewest and not rare:
        what = "segments" if name == "segment" else "tracks"
        genre = segments.mapping[counts.argmin()]
        raise SplitError(f"every genre needs at least {fewest} {what}; {genre} has {counts.min()}")
    assigned = _divisible(labels, groups, np.full(len(labels), True))
    if not assigned.any():
        what = "tracks of two artists" if name == "artist" else "two different tracks"
        raise SplitError(f"split {name}: no genre has {what}")
    fold = _assign(labels, groups, assigned, n_folds, seed)
    if test_everything and fold.max() + 1 < n_folds:
        what = "artists" if name == "artist" else "different tracks"
        raise SplitError(f"{n_folds} folds need as many {what}, not {fold.max() + 1}")
    notes = [] if name == "segment" else _notes_on_groups(segments, name)
    untested = np.setdiff1d(labels, labels[assigned])
    if len(untested):
        names = ", ".join(segments.mapping[label] for label in untested)
        notes.append(
            f"{names}: only trained on and in no score, for lack of a second "
            f"{'artist' if name == 'artist' else 'recording'}"
        )
    for number in range(fold.max() + 1):
        parts = _parts(labels, groups, fold == number, validation_one_in, seed)
        of_fold = f" (fold {number + 1})" if test_everything else ""
        needed = PARTS if validation_one_in else (TRAIN, TEST)
        split = Split(name, parts[item_of_segment], notes)
        noted = range(len(segments.mapping)) if rare else untested
        yield _checked(segments, split, of_fold, needed=needed, noted=noted)


def _parts(
    labels: np.ndarray,
    groups: np.ndarray,
    tested: np.ndarray,
    validation_one_in: int | None,
    seed: int,
) -> np.ndarray:
    """Return the part of every item, given those to be tested, a mask of (items,)."""
    parts = np.where(tested, TEST, TRAIN).astype(f"<U{len(VALIDATION)}")
    # A genre of which no track is left to train on cannot be tested.
    parts[tested & ~np.isin(labels, labels[~tested])] = UNUSED
    if validation_one_in:
        assigned = _divisible(labels, groups, ~tested)
        fold = _assign(labels, groups, assigned, validation_one_in, seed)
        parts[fold == 0] = VALIDATION
    return parts


def _notes_on_groups(segments: Segments, name: str) -> list[str]:
    """Return notes on duplicates and, for the split artist, on tracks without an artist."""
    genres = np.full(len(segments.tracks), -1)
    genres[segments.track_index] = segments.labels
    notes = duplicates.notes(segments.tracks, genres, segments.same_recording)
    if name == "artist" and (unknown := groups_of.of_unknown_artist(segments)):
        notes.append(
            f"the artist of {unknown} of {len(segments.tracks)} tracks is not known; each of them "
            "counts as an artist of its own, so the same artist may be in training and in test"
        )
    return notes


def _items(segments: Segments, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the items that a split assigns: their labels and groups, and each segment's item.

    An item is a track or, in the split segment, a segment. A group stays in one part.
    """
    if name == "segment":
        everything = np.arange(np.sum(segments.originals))
        if segments.originals.all():
            return segments.labels, everything, everything
        keys = np.stack([segments.track_index, segments.numbers])
        _, first, item_of_segment = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        return segments.labels[first], everything, item_of_segment
    tracks, first, item_of_segment = np.unique(
        segments.track_index, return_index=True, return_inverse=True
    )
    groups = groups_of.artists(segments) if name == "artist" else segments.same_recording
    return segments.labels[first], groups[tracks], item_of_segment


def _divisible(labels: np.ndarray, groups: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return which of the items `among`, a mask of (items,), can be split into two parts.

    A genre with a single group (an artist, or a track and its duplicates) cannot. It is used for
    training only: a genre cannot be tested if it was not trained on. So are other genres' items in
    that group.
    """
    pairs = {(label, group) for label, group in zip(labels[among], groups[among], strict=True)}
    n_groups = np.bincount([label for label, _ in pairs], minlength=labels.max() + 1)
    divisible = among & (n_groups[labels] > 1)
    divisible &= ~np.isin(groups, groups[among & ~divisible])
    # Where groups were taken away, another genre may be left with a single one.
    return divisible if (divisible == among).all() else _divisible(labels, groups, divisible)


def _assign(
    labels: np.ndarray, groups: np.ndarray, assigned: np.ndarray, n_folds: int, seed: int
) -> np.ndarray:
    """Return the fold of every item that is assigned, a mask of (items,), and -1 for the others.

    Every fold has the genres in the same proportions; no group is in two folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    fold = np.full(len(labels), -1)
    items = np.flatnonzero(assigned)
    n_groups = len(np.unique(groups[items]))
    if n_groups < 2:
        fold[items] = 0
        return fold
    strata = labels[items]
    if np.bincount(strata).max() < 2:
        strata = np.zeros_like(strata)  # with one item a genre there are no proportions to keep
    # With few items there are fewer, and so larger, folds.
    n_folds = max(2, min(n_folds, n_groups, np.bincount(strata).max()))
    alone = len(np.unique(groups)) == len(groups)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(
        n_folds, shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a later note names genres that a part lacks
        for number, (_, chosen) in enumerate(splitter.split(items, strata, groups[items])):
            fold[items[chosen]] = number
    if alone:
        for label in np.unique(labels[items]):  # so that the first fold has every genre
            fold[assigned & (labels == label)] -= fold[assigned & (labels == label)].min()
    return fold


def _checked(
    segments: Segments,
    split: Split,
    of_fold: str = "",
    *,
    needed: tuple[str, ...],
    noted: Sequence[int] | np.ndarray = (),
) -> Split:
    """Raise SplitError if a needed part is empty; note leaks, and genres that a part lacks.

    `noted` are genres of which a note says already that they are not tested. Shifted and altered
    copies of tracks are used for training only.
    """
    parts = np.where(segments.originals | (split.parts == TRAIN), split.parts, UNUSED)
    notes = [*split.notes, *several_genres(segments), *_leaks(segments, parts)]
    for part in PARTS:
        present = np.unique(segments.labels[parts == part])
        if not len(present):
            if part in needed:
                why = f" ({'; '.join(split.notes)})" if split.notes else ""
                raise SplitError(f"split {split.name}: none of the data is in the {part} part{why}")
            continue
        missing = [name for i, name in enumerate(segments.mapping) if i not in (*present, *noted)]
        if missing:
            notes.append(f"no {', '.join(missing)} in the {part} part{of_fold}")
    return split._replace(parts=parts, notes=notes)


def several_genres(segments: Segments) -> list[str]:
    """Return a note if tracks have several genres."""
    if not len(segments.also):
        return []
    n_several = len(np.unique(segments.also[:, 0]))
    return [
        f"{n_several} of {len(segments.tracks)} tracks have several genres; an answer is right if "
        "it names one of them"
    ]


def _leaks(segments: Segments, parts: np.ndarray) -> list[str]:
    """Return a note if tracks, or duplicates of them, are in training and in test."""
    trained, tested = (np.unique(segments.track_index[parts == part]) for part in (TRAIN, TEST))
    if not segments.tracks_known:
        return [TRACKS_UNKNOWN]
    if np.isin(trained, tested).any():
        return [LEAKS]
    recording = segments.same_recording
    trained_too = tested[np.isin(recording[tested], recording[trained])]
    if not len(trained_too):
        return []
    names = some([segments.tracks[track] for track in trained_too])
    return [f"this split leaks: duplicates of test tracks are in training: {names}"]


def tracks_by_part(segments: Segments, parts: np.ndarray) -> dict[str, list[str]]:
    """Return the tracks that have segments in each part."""
    return {
        part: [segments.tracks[i] for i in np.unique(segments.track_index[parts == part])]
        for part in PARTS
    }
