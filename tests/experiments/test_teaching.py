"""What a person's model learns from, and how it is tested."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import made_up_segments

from genre.experiments import model_folder, teaching
from genre.experiments import run as experiment
from genre.model import card
from genre.segments import Segments, segment_file
from genre.training.recipe import Recipe


def library(tracks_in_genre: list[int], artists: list[str]) -> Segments:
    """Return segments of embeddings, in the order of the tracks."""
    segments = made_up_segments(tracks_in_genre, shape=(1, 8))
    order = np.argsort(segments.track_index, kind="stable")
    return replace(
        segments,
        feature="some embedding",
        labels=segments.labels[order],
        track_index=segments.track_index[order],
        artists=artists,
        recordings=np.arange(len(segments.tracks)),
    )


def in_test(plan: teaching.Plan, segments: Segments) -> set[int]:
    """Return the tracks that the runs test."""
    return {
        track
        for run in plan.runs
        for track in segments.track_index[run.split.parts == "test"].tolist()
    }


def test_each_song_is_tested_once_and_the_known_tracks_never():
    segments = library([8, 8], [*"ABCDABCD", *"EFGHEFGH"])
    segments = replace(segments, artists=[*"ABCDABCD", *"EFGH", *"AXYZ"])  # the last four are known
    plan = teaching.plan(segments, 12, seed=1)
    assert (plan.protocol.split, plan.protocol.refit) == ("artist", True)
    assert len(plan.runs) == plan.protocol.folds + 1
    assert in_test(plan, segments) == set(range(12))
    for run in plan.runs[:-1]:
        known = run.split.parts[segments.track_index >= 12]
        by_a = "A" in {
            segments.artists[track] for track in in_test(plan._replace(runs=[run]), segments)
        }
        assert known.tolist() == [""] * 3 * by_a + ["train"] * (12 - 3 * by_a)
    assert set(plan.runs[-1].split.parts) == {"train"}


@pytest.mark.parametrize(
    ("artists", "split", "untested", "mixed"),
    [
        ([*"ABCDEF", *"GHIJKL"], "artist", "", ""),
        ([""] * 12, "track", "", "no song's artist is known"),
        ([*"AAAAAA", *"BBBBBB"], "artist", "there are songs by 2 artists only", ""),
        (["A"] * 12, "artist", "there are songs by 1 artist only", ""),
        (
            [*"AAAAAA", *"BBBBBB"[:5], "A"],
            "artist",
            "there are songs by 2 artists only",
            "",
        ),
    ],
)
def test_the_test_is_by_artist_where_that_can_be(artists, split, untested, mixed):
    plan = teaching.plan(library([6, 6], artists), 12, seed=1)
    assert (plan.protocol.split, plan.untested, plan.mixed) == (split, untested, mixed)
    assert bool(plan.protocol.folds) == bool(len(plan.runs) - 1) == (not untested)


def test_one_artist_a_genre_is_tested_by_track():
    plan = teaching.plan(library([4, 4, 4], [*"AAAA", *"BBBB", *"CCCC"]), 12, seed=1)
    assert plan.protocol.split == "track"
    assert plan.mixed == "split artist: no genre has tracks of two artists"


def test_without_a_test_the_model_is_saved_and_says_so(tmp_path):
    segments = library([4, 4], ["A"] * 8)
    plan = teaching.plan(segments, 8, seed=1)
    learner = replace(teaching.learner(Recipe()), recipe=Recipe(epochs=1, schedule="cosine"))
    done = experiment.run(learner, segments, plan.protocol, plan.runs, lambda _: None)
    segments = replace(segments, digest="0" * 64)
    model_folder.save(done, segments, tmp_path / "m", data=tmp_path / "d.h5", command="teach.py")
    assert card.read(tmp_path / "m").scores is None
    text = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    assert "This model was not tested." in text
    assert not (tmp_path / "m" / "roc.png").exists()


def test_known_tracks_take_the_persons_spelling_and_map():
    known = segment_file.read(teaching.KNOWN)
    becomes = teaching.known_genres(known, {"disco": "", "metal": "rock"})
    songs = [song for song, _ in teaching.known_songs(known, becomes, ["Hip-Hop", "folk"])]
    genres = {song.genre for song in songs}
    assert genres == {*known.mapping, "Hip-Hop"} - {"disco", "metal", "hiphop"}
    of_track = {
        known.tracks[i]: known.mapping[known.labels[j]] for j, i in enumerate(known.track_index)
    }
    kept = [track for track in known.tracks if of_track[track] != "disco"]
    assert [song.track for song in songs] == kept
    assert {song.genre for song in songs if of_track[song.track] == "metal"} == {"rock"}


def test_ones_own_songs_weigh_more():
    segments = teaching.weighted(library([2, 2], []), 1, weight=5)
    assert segments.weights.tolist() == [5, 1, 1, 1]
