"""The statistics of bands, against values worked out by hand and NumPy's own."""

import numpy as np
import pytest
from helpers import made_up_segments

from genre.classifiers.band_statistics import of_segments
from genre.segments import segment_file

RNG = np.random.default_rng(0)


def test_statistics_by_hand():
    frames = np.array([[[1, 10], [3, 10], [8, 16]]], dtype=np.float32)
    # Of 1, 3, 8 the mean is 4, the squares of the differences from it 9, 1, 16; 2 and 5 are the
    # differences between neighbours, 1.5 on either side of their mean. Of 10, 10, 16 likewise.
    expected = [[4, 12, np.sqrt(26 / 3), np.sqrt(24 / 3), 1.5, 3]]
    found = of_segments(frames, [("", 2)])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize(("level", "bands"), [("all", slice(None)), ("first", slice(0, 1))])
def test_a_change_of_volume_changes_nothing(level, bands):
    frames = RNG.normal(size=(5, 30, 13)).astype(np.float32)
    louder = frames.copy()
    louder[:, :, bands] += np.arange(5)[:, None, None]
    plain = of_segments(frames, [(level, 13)])
    np.testing.assert_allclose(of_segments(louder, [(level, 13)]), plain, atol=1e-5)
    other = frames.copy()
    other[:, :, 3] += 1
    assert np.abs(of_segments(other, [(level, 13)]) - plain).max() > 0.5


def test_other_means_are_kept():
    frames = RNG.normal(size=(5, 30, 13)).astype(np.float32)
    found = of_segments(frames, [("first", 13)])
    np.testing.assert_allclose(found[:, 1:13], frames.mean(axis=1)[:, 1:], atol=1e-6)
    assert (found[:, 0] == 0).all()
    found = of_segments(frames, [("all", 13)])
    expected = frames.mean(axis=1) - frames.mean(axis=(1, 2))[:, None]
    np.testing.assert_allclose(found[:, :13], expected, atol=1e-6)


def test_frames_on_disk_give_the_same_whatever_the_blocks(tmp_path, monkeypatch):
    segments = made_up_segments([2, 3])
    whole = of_segments(segments.frames, segments.levels)
    monkeypatch.setattr("genre.segments.BLOCK", 5 * 9 * 4 * 4)
    segment_file.write(segments, tmp_path / "frames.h5")
    on_disk = segment_file.read(tmp_path / "frames.h5").frames
    np.testing.assert_array_equal(of_segments(on_disk, segments.levels), whole)


def test_a_single_frame_stands_for_itself():
    frames = RNG.normal(size=(4, 1, 6)).astype(np.float32)
    np.testing.assert_array_equal(of_segments(frames, [("", 6)]), frames[:, 0])
