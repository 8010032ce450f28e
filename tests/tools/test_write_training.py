"""What comes with the code of the shipped model's training data."""

from dataclasses import replace

import numpy as np
from helpers import made_up_segments

from genre import load
from genre.experiments import teaching
from genre.segments import segment_file
from tools import write_training


def test_a_track_becomes_the_mean_of_its_own_segments():
    segments = made_up_segments([2, 1], segments_per_track=4, shape=(1, 3))
    altered = np.zeros(12, dtype=int)
    altered[[np.flatnonzero(segments.track_index == track)[-1] for track in range(3)]] = 1
    frames, index = write_training.means(replace(segments, altered=altered, artists=[*"abc"]))
    assert (index.track_index.tolist(), index.labels.tolist()) == ([0, 1, 2], [0, 0, 1])
    own = (segments.track_index == 1) & (altered == 0)
    np.testing.assert_allclose(frames[1], segments.frames[own].mean(axis=0), rtol=1e-6)
    assert index.artists == [*"abc"]


def test_the_file_is_of_the_shipped_model():
    known, shipped = segment_file.read(teaching.KNOWN), load().card
    assert (known.mapping, known.feature) == (shipped.mapping, shipped.feature)
    assert (known.settings, len(known.tracks)) == (shipped.settings, shipped.split.train.tracks)
