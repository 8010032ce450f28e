"""Putting the frames of a data set's songs together."""

from pathlib import Path

import numpy as np
import pytest

from genre.errors import DatasetError
from genre.features import Track
from genre.segments import Index
from genre.segments.collect import collect as collect_songs
from genre.songs import Song


def song(track: str) -> Song:
    return Song(Path("somewhere", track), track, track.split("/")[0])


def collect(
    results: list[tuple[Song, Track | str]], **more
) -> tuple[tuple[Index, list[str]], np.ndarray]:
    """Return what is known of the songs, and the frames that were kept."""
    kept = []
    found = collect_songs(results, kept.append, feature="mfcc", settings={"n_mfcc": 4}, **more)
    return found, np.concatenate(kept)


def test_every_segment_is_labelled_and_knows_its_track():
    frames = np.arange(5 * 3 * 4, dtype=np.float32).reshape(5, 3, 4)
    (index, notes), kept = collect(
        [
            (song("rock/a.wav"), Track(frames[:2])),
            (song("rock/b.wav"), "is empty"),
            (song("jazz/c.wav"), Track(frames[2:3])),
            (song("rock/d.wav"), Track(frames[3:])),
        ]
    )
    assert index.mapping == ["jazz", "rock"]
    assert index.tracks == ["rock/a.wav", "jazz/c.wav", "rock/d.wav"]
    assert index.labels.tolist() == [1, 1, 0, 1, 1]
    assert index.track_index.tolist() == [0, 0, 1, 2, 2]
    assert index.skipped == [{"track": "rock/b.wav", "reason": "is empty"}]
    np.testing.assert_array_equal(kept, frames)
    assert notes == []


def test_further_genres_are_kept_if_other_songs_are_of_them_first():
    results = [
        (song("rock/a.wav")._replace(also=("jazz", "ska")), random_track(1)),
        (song("jazz/b.wav"), random_track(2)),
    ]
    (index, _), _ = collect(results)
    assert index.also.tolist() == [[0, 0]]
    np.testing.assert_allclose(index.shares, [[0.5, 0.5], [1, 0]])
    (index, _), _ = collect([(song("rock/a.wav"), random_track(1)), results[1]])
    assert index.shares is None


def test_two_genres_must_have_a_usable_song():
    one = np.zeros((1, 3, 4), dtype=np.float32)
    with pytest.raises(DatasetError, match=r"jazz/b\.wav: is empty"):
        collect([(song("rock/a.wav"), Track(one)), (song("jazz/b.wav"), "is empty")])
    with pytest.raises(DatasetError, match="2 songs skipped"):
        collect([(song("rock/a.wav"), "is short"), (song("jazz/b.wav"), "is empty")])


def random_track(seed: int, n_segments: int = 2) -> Track:
    frames = np.random.default_rng(seed).normal(size=(n_segments, 3, 4))
    return Track(frames.astype(np.float32))


def test_short_songs_are_named_once():
    tracks = [(song(f"rock/{i}.wav"), random_track(i)._replace(short=True)) for i in range(5)]
    (_, notes), _ = collect([*tracks, (song("jazz/a.wav"), random_track(9))])
    assert notes == [
        "5 tracks are shorter than one segment and were repeated to fill it: "
        "rock/0.wav, rock/1.wav, rock/2.wav, ..."
    ]


def test_duplicates_are_named_and_those_of_another_genre_above_all():
    tracks = [("jazz/a.wav", 1), ("rock/a.wav", 1), ("rock/b.wav", 2), ("rock/b (1).wav", 2)]
    (_, notes), _ = collect([(song(name), random_track(seed)) for name, seed in tracks])
    assert notes == [
        "duplicates of other tracks (the same recording, whole or in part): 2; every split keeps "
        "them in one part: rock/b (1).wav = rock/b.wav",
        "duplicates under another genre: rock/a.wav = jazz/a.wav",
    ]


def test_a_song_and_its_beginning_are_no_copies_nor_are_shifted_copies():
    whole = random_track(1, n_segments=4)
    tracks = [("jazz/a.wav", whole), ("rock/a.wav", Track(whole.frames[:2]))]
    assert collect([(song(name), track) for name, track in tracks])[0][1] == []
    shifted = Track(np.concatenate([whole.frames, whole.frames + 1]))
    also_shifted = Track(np.concatenate([whole.frames, whole.frames + 2]))
    both = [(song("jazz/a.wav"), shifted), (song("rock/a.wav"), also_shifted)]
    assert "rock/a.wav = jazz/a.wav" in collect(both, shifts=[1])[0][1][0]
