"""The file of the genres' centres."""

import numpy as np
import pytest

from genre.evaluation.distance import Centres
from genre.model import centres_file

CENTRES = Centres(np.arange(4.0), np.ones(4), np.arange(12.0).reshape(3, 4))


def test_centres_survive_being_saved():
    again = centres_file.from_bytes(centres_file.to_bytes(CENTRES), 3)
    for one, other in zip(again, CENTRES, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match="not the centres of genres"):
        centres_file.from_bytes(content, 3)


def test_centres_of_other_genres_are_refused():
    with pytest.raises(ValueError, match="not the centres of these genres"):
        centres_file.from_bytes(centres_file.to_bytes(CENTRES), 4)
