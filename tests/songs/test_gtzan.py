"""GTZAN's artists and fault-filtered lists, and the splits that use them."""

import dataclasses
import hashlib
from collections import Counter

import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from genre import splits
from genre.errors import SplitError
from genre.segments import Segments
from genre.songs import PARTS, gtzan

# How many tracks the published lists hold, and the SHA-256 of their files, which have lines such
# as "blues/blues.00029.wav".
PUBLISHED = {
    "train": (443, "2b04966cef1486f1a7767b74271533fa23e220388db804a1937835e1fc4fa3fa"),
    "validation": (197, "f8fbee7c52397a0e0f3a91dc54fedecb2e27f5bdc9a9daeab8cb10d077e26956"),
    "test": (290, "09cafa6a89ce0a27f30ed250d56ecb4d03c22fffb5a693f96c7ae655ee02ac72"),
}
NAMES = sorted(gtzan.table())
SAMPLES = st.sets(st.sampled_from(NAMES), min_size=120, max_size=400)
SEEDS = st.integers(0, 2**31)


def genre_of(name: str) -> str:
    return name.split(".")[0]


def gtzan_segments(names: list[str], pattern: str = "{genre}/{name}.wav") -> Segments:
    """Return two segments of each of GTZAN's tracks, under paths after a pattern."""
    counts = Counter(map(genre_of, names))
    tracks = [pattern.format(genre=genre_of(name), name=name) for name in sorted(names)]
    blank = made_up_segments(list(counts.values()), segments_per_track=2, shape=(1, 1))
    mapping = sorted(counts)
    labels = [mapping.index(genre_of(name)) for name in sorted(names)]
    return dataclasses.replace(
        blank, mapping=mapping, tracks=tracks, labels=np.array(labels)[blank.track_index]
    )


def artists_in(segments: Segments, parts: np.ndarray, part: str) -> set[str]:
    tracks = [segments.tracks[i] for i in np.unique(segments.track_index[parts == part])]
    return {artist for facts in gtzan.facts(tracks) for artist in facts.artists}


def test_the_table_holds_every_track():
    genres = sorted(set(map(genre_of, NAMES)))
    assert len(genres) == 10
    assert [f"{genre}.{i:05}" for genre in genres for i in range(100)] == NAMES


@pytest.mark.parametrize("part", PARTS)
def test_the_lists_are_the_published_ones(part):
    listed = [name for name in NAMES if gtzan.table()[name].part == part]
    lines = "".join(f"{genre_of(name)}/{name}.wav\n" for name in listed)
    assert (len(listed), hashlib.sha256(lines.encode()).hexdigest()) == PUBLISHED[part]


def test_the_published_lists_keep_artists_apart_but_for_tracks_of_several():
    segments = gtzan_segments([n for n in NAMES if len(gtzan.table()[n].artists) < 2])
    parts = splits.split(segments, "filtered", seed=0).parts
    train, validation, test = (artists_in(segments, parts, part) for part in PARTS)
    assert not train & validation and not train & test and not validation & test


@pytest.mark.parametrize(
    "pattern",
    ["{genre}/{name}.wav", "{name}.au", "Data/genres_original/{genre}/{name}.mp3", "{name}"],
)
def test_tracks_are_known_whatever_their_suffix_and_folder(pattern):
    segments = gtzan_segments(NAMES, pattern)
    split = splits.split(segments, "filtered", seed=0)
    counts = {part: len(t) for part, t in splits.tracks_by_part(segments, split.parts).items()}
    assert counts == {part: count for part, (count, _) in PUBLISHED.items()}
    assert split.notes == ["70 tracks of the data are in no part and left out"]


def test_listed_tracks_that_the_data_lacks_are_counted():
    segments = gtzan_segments(NAMES[::2])
    lacking = sum(bool(gtzan.table()[name].part) for name in NAMES[1::2])
    assert (
        f"{lacking} listed tracks are not in the data"
        in splits.split(segments, "filtered", seed=0).notes
    )


@settings(max_examples=10, deadline=None)
@given(names=SAMPLES, seed=SEEDS)
def test_no_artist_stands_on_two_sides(names, seed):
    counts = Counter(map(genre_of, names))
    names = [name for name in names if counts[genre_of(name)] >= 3]
    segments = gtzan_segments(names)
    parts = splits.split(segments, "artist", seed=seed).parts
    train, validation, test = (artists_in(segments, parts, part) for part in PARTS)
    assert not train & validation and not train & test and not validation & test
    assert set(parts.tolist()) == set(PARTS)


def test_folds_by_artist_test_every_track_once_and_keep_artists_apart():
    segments = gtzan_segments(NAMES)
    tested = Counter()
    for split in splits.folds(segments, "artist", n_folds=5, seed=1):
        sides = [artists_in(segments, split.parts, part) for part in PARTS]
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
        tested.update(np.unique(segments.track_index[split.parts == "test"]).tolist())
    assert tested == Counter(range(1000))


def test_shares_of_the_artist_split_are_near_those_asked_for():
    segments = gtzan_segments(NAMES)
    parts = splits.split(segments, "artist", seed=0).parts
    assert np.mean(parts == "test") == pytest.approx(0.25, abs=0.02)
    assert np.mean(parts == "validation") == pytest.approx(0.15, abs=0.02)


def test_a_genre_of_one_artist_trains_and_is_said_to_be_missing():
    blues = [f"blues.{i:05}" for i in range(10)]  # all by John Lee Hooker
    segments = gtzan_segments(blues + [name for name in NAMES if genre_of(name) == "disco"])
    split = splits.split(segments, "artist", seed=0)
    assert set(split.parts[segments.labels == 0].tolist()) == {"train"}
    unknown, untested = split.notes
    assert unknown.startswith("the artist of 10 of 110 tracks is not known")
    assert untested == "blues: only trained on and in no score, for lack of a second artist"


def test_unknown_artists_stand_alone_and_joint_tracks_join_artists():
    unknown = [name for name in NAMES if not gtzan.table()[name].artists]
    assert len(unknown) == 81
    assert len(set(gtzan.artist_groups(unknown).tolist())) == 81
    # The middle one is by Lauryn Hill and Bob Marley, the others by one of them each.
    together = [
        next(n for n in NAMES if gtzan.table()[n].artists == (artist,))
        for artist in ("Lauryn Hill", "Bob Marley")
    ]
    apart = gtzan.artist_groups(together)
    joined = gtzan.artist_groups([together[0], "reggae.00087", together[1]])
    assert apart[0] != apart[1] and len(set(joined.tolist())) == 1


@pytest.mark.parametrize("name", ["artist", "filtered"])
def test_other_data_are_refused(name):
    with pytest.raises(
        SplitError, match=r"for GTZAN .*: 12 of 12 tracks are not GTZAN's, first genre0/"
    ):
        splits.split(made_up_segments([6, 6]), name, seed=0)


def test_an_empty_part_is_named():
    names = [name for name in NAMES if gtzan.table()[name].part in ("train", "validation")]
    with pytest.raises(SplitError, match="none of the data is in the test part"):
        splits.split(gtzan_segments(names), "filtered", seed=0)


def test_an_excerpt_and_the_whole_clip_have_the_same_name():
    tracks = ["cut/blues.00001.flac", "b/a.wav", "wav/blues/blues.00001.wav", "a.wav", "a.mp3"]
    assert gtzan.same_name(tracks).tolist() == [0, 1, 0, 3, 4]


def test_excerpts_stay_with_the_clips_that_they_are_from():
    cut = [f"cut/{name}.flac" for name in NAMES[:300]]
    segments = gtzan_segments([*cut, *(f"wav/{name}.wav" for name in NAMES[:300])])
    for name in ("track", "artist"):
        parts = splits.split(segments, name, seed=0).parts
        of_track = dict(zip(segments.track_index.tolist(), parts.tolist(), strict=True))
        assert all(of_track[i] == of_track[i + 300] for i in range(300))
