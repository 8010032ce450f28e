"""The feature settings, as they stand in files."""

import dataclasses

import pytest
from helpers import GTZAN

from genre.features.settings import Settings


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
@pytest.mark.parametrize("value", [0, -1, 2**31, "2048", None, True])
def test_settings_of_another_kind_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Settings.from_dict(GTZAN.to_dict() | {field: value})


def test_settings_survive_the_way_through_a_file():
    assert Settings.from_dict(GTZAN.to_dict()) == GTZAN


def test_settings_with_a_field_too_few_or_too_many_are_refused():
    values = GTZAN.to_dict()
    with pytest.raises(ValueError, match="n_bands"):
        Settings.from_dict(values | {"n_bands": 128})
    del values["n_fft"]
    with pytest.raises(ValueError, match="n_fft"):
        Settings.from_dict(values)


def test_seconds_may_be_a_fraction_and_samples_may_not():
    assert Settings.from_dict(GTZAN.to_dict() | {"track_seconds": 7.5}).track_seconds == 7.5
    with pytest.raises(ValueError, match="n_fft"):
        Settings.from_dict(GTZAN.to_dict() | {"n_fft": 2048.5})


def test_a_segment_has_a_sample_at_least():
    with pytest.raises(ValueError, match="shorter than one sample"):
        Settings.from_dict(GTZAN.to_dict() | {"segments_per_track": 1_000_000})
