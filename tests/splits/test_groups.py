"""Groups of tracks: artists by their names, and recordings."""

import dataclasses

import numpy as np
import pytest
from helpers import made_up_segments

from genre import splits
from genre.splits import groups

NAMES = ["Beyoncé", "BEYONCE\u0301", " beyoncé ", "", "Straße", "STRASSE", " ", "Beyonce"]


def test_spellings_of_an_artist_are_one_artist():
    segments = dataclasses.replace(made_up_segments([4, 4]), artists=NAMES)
    assert groups.artists(segments).tolist() == [0, 0, 0, 3, 4, 4, 6, 7]
    assert groups.of_unknown_artist(segments) == 2


def test_artists_who_share_a_recording_are_one_group():
    segments = dataclasses.replace(
        made_up_segments([4, 4]), artists=NAMES, recordings=np.array([0, 1, 2, 0, 4, 5, 4, 7])
    )
    assert groups.artists(segments).tolist() == [0, 0, 0, 0, 4, 4, 4, 7]


def test_without_artists_recordings_are_independent():
    recordings = np.array([0, 0, 2, 3, 4, 5, 6, 6])
    segments = dataclasses.replace(made_up_segments([4, 4]), recordings=recordings)
    assert groups.independent(segments).tolist() == recordings.tolist()
    segments = dataclasses.replace(segments, artists=NAMES)
    assert groups.independent(segments).tolist() == groups.artists(segments).tolist()


def test_unknown_artists_are_counted():
    artists = [*"ABCDEF", "", *"BCDEFA", ""]
    segments = dataclasses.replace(made_up_segments([7, 7]), artists=artists)
    (note,) = splits.split(segments, "artist", seed=0).notes
    assert note.startswith("the artist of 2 of 14 tracks is not known")


@pytest.mark.parametrize("validation_one_in", [5, None])
def test_a_genre_of_one_artist_is_in_no_fold(validation_one_in):
    segments = dataclasses.replace(made_up_segments([6, 6, 4]), artists=[*"ABCABCABCABC", *"XXXX"])
    dealt = splits.folds(segments, "artist", n_folds=3, seed=0, validation_one_in=validation_one_in)
    for split in dealt:
        assert set(split.parts[segments.labels == 2].tolist()) == {"train"}
        assert split.notes == [
            "genre2: only trained on and in no score, for lack of a second artist"
        ]
    tested = np.sum([split.parts == "test" for split in dealt], axis=0)
    np.testing.assert_array_equal(tested, segments.labels < 2)
