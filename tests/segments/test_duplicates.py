"""Groups of the same recording, by fingerprints and by other signs."""

import numpy as np
import pytest

from genre.segments import duplicates


def made_up(seed: int, length: int = 600) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 2**32, length, dtype=np.uint32)


def changed(print_: np.ndarray, share: float, seed: int = 9) -> np.ndarray:
    """Return a fingerprint with a share of its bits turned."""
    turned = np.random.default_rng(seed).random((len(print_), 32)) < share
    return print_ ^ np.packbits(turned, axis=1).view(np.uint32)[:, 0]


def test_excerpts_and_changed_copies_are_found():
    whole = made_up(0)
    prints = [made_up(1), whole, whole[100:300], made_up(2), changed(whole, 0.1)]
    assert duplicates.same_sound(prints).tolist() == [0, 1, 1, 3, 1]


def test_two_excerpts_of_a_recording_belong_together_by_way_of_the_whole():
    whole = made_up(0)
    assert duplicates.same_sound([whole[:200], whole[300:]]).tolist() == [0, 1]
    assert duplicates.same_sound([whole[:200], whole[300:], whole]).tolist() == [0, 0, 0]


def test_what_is_too_different_silent_or_short_is_no_duplicate():
    whole = made_up(0)
    more = whole.copy()
    more[50:] = changed(whole[50:], 0.35)  # some frames are equal
    assert duplicates.same_sound([whole, more]).tolist() == [0, 1]
    silent = np.zeros(600, np.uint32)
    assert duplicates.same_sound([silent, silent, whole[:0], whole[:0]]).tolist() == [0, 1, 2, 3]
    assert duplicates.same_sound([whole[:200], whole[150:]]).tolist() == [0, 1]
    assert duplicates.same_sound([]).tolist() == []


def test_many_copies_of_one_recording_are_all_found():
    whole = made_up(0)
    prints = [changed(whole, 0.05, seed) for seed in range(40)]
    assert set(duplicates.same_sound(prints).tolist()) == {0}


def test_groups_are_joined_where_they_share_a_track():
    one, other = np.array([0, 0, 2, 3, 4]), np.array([7, 8, 8, 7, 9])
    assert duplicates.joined(one, other).tolist() == [0, 0, 0, 0, 4]
    assert duplicates.joined(one).tolist() == one.tolist()


@pytest.mark.parametrize("digests", [[b"a", b"b", b"a"], []])
def test_equal_digests_have_the_first_ones_index(digests):
    assert duplicates.first_of_each(digests).tolist() == [digests.index(each) for each in digests]
