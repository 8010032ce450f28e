"""Find the tracks of a data set that are the same recording, whole, in part or in another format.

Fingerprints of duplicates have some frames in common. So pairs of tracks are looked up by equal
frames, which takes no longer for each track of a large data set. Most of these pairs differ already
in a few frames. The whole fingerprints of the others are compared.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from genre.audio import fingerprint
from genre.songs import some

IGNORED = 8  # bits of a frame that need not be equal
NEIGHBOURS = 8  # places of an equal frame that are looked at; the rest is found through these
SHARES = (np.arange(16) + 0.5) / 16  # places in two tracks' overlap that are compared first
MAYBE = 0.375  # fraction of the bits at these places; if more differ, the rest is not compared
AT_ONCE = 2**16  # pairs that are compared at these places at a time, to save memory


def first_of_each(digests: Iterable[bytes]) -> np.ndarray:
    """Return for each digest the index of the first equal one."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(digest, i) for i, digest in enumerate(digests)], dtype=int)


def joined(*groupings: np.ndarray) -> np.ndarray:
    """Return the finest groups of tracks in which all groups of several groupings are whole.

    A grouping, (tracks,), gives equal numbers to the tracks of a group. The number of a returned
    group is the index of its first track.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    tracks = np.arange(len(groupings[0]))
    firsts = np.concatenate([_first_of_group(grouping) for grouping in groupings])
    links = np.ones(len(firsts)), (np.tile(tracks, len(groupings)), firsts)
    graph = coo_array(links, shape=(len(tracks), len(tracks)))
    return _first_of_group(connected_components(graph, directed=False)[1])


def _first_of_group(grouping: np.ndarray) -> np.ndarray:
    _, first, group = np.unique(grouping, return_index=True, return_inverse=True)
    return first[group]


def same_sound(fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """Return for each track, given its fingerprint, the first track of the same recording.

    Tracks that are both like a third one are the same recording.
    """
    groups = np.arange(len(fingerprints))
    for first, second, offset in _candidates(fingerprints):
        known, other = groups[first], groups[second]
        if known == other:
            continue
        differing = fingerprint.differing_bits(fingerprints[first], fingerprints[second], offset)
        if differing <= fingerprint.SAME:
            groups[groups == max(known, other)] = min(known, other)
    return groups


def notes(
    tracks: Sequence[str], genres: Sequence[Hashable] | np.ndarray, groups: np.ndarray
) -> list[str]:
    """Return notes for the user on duplicates, given the first track of each track's recording.

    `genres` are those of the tracks.
    """
    duplicates = np.flatnonzero(groups != np.arange(len(groups))).tolist()
    same: list[str] = []
    other: list[str] = []
    for track in duplicates:
        first = int(groups[track])
        pair = f"{tracks[track]} = {tracks[first]}"
        (same if genres[track] == genres[first] else other).append(pair)
    lines = []
    if duplicates:
        lines.append(
            "duplicates of other tracks (the same recording, whole or in part): "
            f"{len(duplicates)}; every split keeps them in one part: {some(same or other)}"
        )
    if other:
        lines.append(f"duplicates under another genre: {', '.join(other)}")
    return lines


def _candidates(fingerprints: Sequence[np.ndarray]) -> list[tuple[int, int, int]]:
    """Return pairs of tracks that may be the same, and how much later a frame is in the second."""
    lengths = np.array([len(each) for each in fingerprints], dtype=np.int32)
    starts = np.cumsum(lengths, dtype=np.int32) - lengths
    frames = np.concatenate([*fingerprints, fingerprint.NONE])
    pairs = _with_an_equal_frame(frames >> IGNORED, starts, lengths)
    groups = (pairs[begin : begin + AT_ONCE] for begin in range(0, len(pairs), AT_ONCE))
    likely = [group[_few_bits_differ(group, frames, starts, lengths)] for group in groups]
    return [tuple(pair) for group in likely for pair in group.tolist()]


def _with_an_equal_frame(codes: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return pairs of tracks with an equal code, and how much later it is in the second track.

    A row of the result, (pairs, 3), holds the two tracks and that distance. `codes` are those of
    all tracks, one after another: `starts` says where each track begins.
    """
    track = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    frame = np.arange(len(codes), dtype=np.int32) - np.repeat(starts, lengths)
    # Silence is no sign of a duplicate, and a sound that lasts counts once.
    telling = (codes != 0) & ((codes != np.roll(codes, 1)) | (frame == 0))
    order = np.flatnonzero(telling)[np.argsort(codes[telling], kind="stable")]
    longest, n_tracks = max(lengths, default=0), len(lengths)
    found = [np.zeros(0, np.int64)]  # a pair and its distance in one number, quicker to sort
    for distance in range(1, NEIGHBOURS + 1):
        one, other = order[:-distance], order[distance:]
        equal = (codes[one] == codes[other]) & (track[one] != track[other])
        one, other = one[equal], other[equal]
        pair = track[one].astype(np.int64) * n_tracks + track[other]
        found.append(pair * (2 * longest) + frame[other] - frame[one] + longest)
    pair, later = np.divmod(np.unique(np.concatenate(found)), 2 * max(1, longest))
    return np.stack([*np.divmod(pair, max(1, n_tracks)), later - longest], axis=1)


def _few_bits_differ(
    pairs: np.ndarray, frames: np.ndarray, starts: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """Return for each pair whether few bits differ in SHARES of its overlap, (pairs,)."""
    first, second, later = pairs.T
    begin = np.maximum(0, -later)
    overlap = np.minimum(lengths[first], lengths[second] - later) - begin
    places = begin[:, None] + (overlap[:, None] * SHARES).astype(int)
    ours = frames[starts[first, None] + places]
    theirs = frames[(starts[second] + later)[:, None] + places]
    return np.bitwise_count(ours ^ theirs).mean(axis=1) <= MAYBE * fingerprint.BITS
