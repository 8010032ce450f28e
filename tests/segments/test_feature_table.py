"""Tables of features: Kaggle's form, FMA's form, and the refusal of what is neither."""

import csv
from pathlib import Path

import numpy as np
import pytest
from helpers import made_up_segments
from test_fma import BROKEN, MEDIUM, SMALL, name, write_table

from genre import splits
from genre.errors import DatasetError, GenreError
from genre.files import printable, sha256
from genre.segments import feature_table, segment_file

HEADER = ["filename", "length", "tempo", "centroid", "label"]
ROWS = [
    ["blues.00000.wav", "661794", "123.5", "1e3", "blues"],
    ["rock.00000.wav", "661500", "-0.25", "2e3", "rock"],
    ["blues.00001.wav", "661000", "90", "3e3", "blues"],
]


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def test_every_column_but_names_and_lengths_is_a_feature(tmp_path):
    table = feature_table.read(write(tmp_path / "table.csv", ROWS))
    assert table.mapping == ["blues", "rock"]
    assert table.tracks == [row[0] for row in ROWS]
    assert table.labels.tolist() == [0, 1, 0]
    assert table.track_index.tolist() == [0, 1, 2]
    # centroid stands before tempo: sorted by name
    np.testing.assert_array_equal(table.frames, [[[1e3, 123.5]], [[2e3, -0.25]], [[3e3, 90]]])
    assert table.frames.dtype == np.float32
    assert table.settings["columns"] == 2
    assert table.digest == sha256(tmp_path / "table.csv")


def test_a_table_is_known_by_its_content(tmp_path):
    assert feature_table.read_data(write(tmp_path / "TABLE.CSV", ROWS)).feature == "table"
    segment_file.write(made_up_segments([1, 1]), tmp_path / "data.json")
    assert feature_table.read_data(tmp_path / "data.json").feature == "mfcc"
    pointer = tmp_path / "pointer.csv"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5938\n")
    with pytest.raises(GenreError, match="a pointer of Git LFS"):
        feature_table.read_data(pointer)


@pytest.mark.parametrize("column", ["Unnamed: 0", "Unnamed: 0.1", "index"])
def test_the_row_number_that_pandas_writes_is_no_feature(column, tmp_path):
    plain = feature_table.read(write(tmp_path / "plain.csv", ROWS))
    rows = [[f"{number}", *row] for number, row in enumerate(ROWS)]
    other = feature_table.read(write(tmp_path / "numbered.csv", rows, [column, *HEADER]))
    np.testing.assert_array_equal(other.frames, plain.frames)


def test_a_row_number_of_another_name_is_said(tmp_path, caplog):
    rows = [[f"{n}.wav", "1", f"{2 * n}", f"{n / 3}", "ab"[n > 4]] for n in range(10)]
    feature_table.read(write(tmp_path / "few.csv", rows[:9]))
    assert not caplog.messages
    feature_table.read(write(tmp_path / "t.csv", rows))
    (warning,) = caplog.messages
    assert "the column tempo rises from row to row" in warning


def test_columns_may_stand_in_any_order_and_an_index_is_no_feature(tmp_path):
    plain = feature_table.read(write(tmp_path / "plain.csv", ROWS))
    order = [4, 2, 0, 3, 1]
    turned = [[f"{number}", *(row[i] for i in order)] for number, row in enumerate(ROWS)]
    header = ["", *(HEADER[i] for i in order)]
    other = feature_table.read(write(tmp_path / "turned.csv", turned, header))
    np.testing.assert_array_equal(other.frames, plain.frames)
    assert other.settings == plain.settings
    renamed = feature_table.read(
        write(tmp_path / "renamed.csv", ROWS, [*HEADER[:3], "rolloff", "label"])
    )
    assert renamed.settings != plain.settings


def test_the_parts_of_a_clip_are_segments_of_one_track(tmp_path):
    rows = [
        [f"{genre}.0000{track}.{part}.wav", "66149", f"{part}", f"{track}", genre]
        for genre in ("blues", "rock")
        for track in range(4)
        for part in range(10)
    ]
    table = feature_table.read(write(tmp_path / "table.csv", rows))
    assert table.tracks == [f"{genre}.0000{i}.wav" for genre in ("blues", "rock") for i in range(4)]
    assert table.track_index.tolist() == np.repeat(np.arange(8), 10).tolist()
    parts = splits.split(table, "track", seed=1).parts.reshape(8, 10)
    assert (parts == parts[:, :1]).all()


BAD = {
    "a missing label column": ([*HEADER[:4], "genre"], ROWS, "lacks the columns label"),
    "a missing filename column": (["track", *HEADER[1:]], ROWS, "lacks the columns filename"),
    "no feature": (["filename", "label"], [["a", "x"], ["b", "y"]], "no column of features"),
    "a column twice": ([*HEADER[:3], "tempo", "label"], ROWS, "the column tempo twice"),
    "no row": (HEADER, [], "two or more genres"),
    "one genre": (HEADER, ROWS[::2], "two or more genres"),
    "a row without a label": (HEADER, [*ROWS, ["c", "1", "1", "1", " "]], "line 5: no label"),
    "a row without a name": (HEADER, [*ROWS, ["", "1", "1", "1", "rock"]], "line 5: no filename"),
    "a row cut off": (HEADER, [*ROWS, ["c", "1", "1"]], "line 5: 3 values in 5 columns"),
    "a track twice": (HEADER, [*ROWS, ROWS[0]], "line 5: blues.00000.wav is in the table already"),
    "two genres of one clip": (
        HEADER,
        [["a.00000.0.wav", "1", "1", "1", "blues"], ["a.00000.1.wav", "1", "1", "1", "rock"]],
        "a.00000.wav has the genres",
    ),
    **{
        f"a value of {value!r}": (
            HEADER,
            [*ROWS, ["c", "1", value, "1", "rock"]],
            f"line 5: tempo is {value!r}, which is no number",
        )
        for value in ("nan", "", "inf", "-inf", "1e39", "1,5", "fast")
    },
    "FMA's header": (["feature", *HEADER], [], "--fma tracks.csv"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_is_refused_in_a_line(case, tmp_path):
    header, rows, words = BAD[case]
    path = write(tmp_path / "table.csv", rows, header)
    with pytest.raises(DatasetError) as error:
        feature_table.read(path)
    assert str(error.value).startswith(str(path))
    assert words in str(error.value)
    assert printable(str(error.value)) == str(error.value)


# FMA

FEATURES = [
    ("mfcc", "mean", "01"),
    ("mfcc", "mean", "02"),
    ("zcr", "std", "01"),
]


def write_features(path: Path, numbers: list[int], **changes: str) -> Path:
    """Write FMA's table of features: three rows of names and one that names the index."""
    rows = [
        [title, *level]
        for title, level in zip(
            ("feature", "statistics", "number"), zip(*FEATURES, strict=True), strict=True
        )
    ]
    rows.append(["track_id", "", "", ""])
    rows += [[f"{n}", f"{n}.5", f"{-n}", changes.get(f"of_{n}", "1e-3")] for n in numbers]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


@pytest.fixture
def tracks(tmp_path) -> Path:
    return write_table(tmp_path / "tracks.csv", [*SMALL, *MEDIUM])


def test_fmas_features_get_their_genres_parts_and_artists(tracks, tmp_path, caplog):
    numbers = [*(row.number for row in SMALL), MEDIUM[0].number, BROKEN.number]
    path = write_features(tmp_path / "features.csv", numbers)
    table = feature_table.read_fma(path, tracks, subset="small")
    assert table.tracks == [name(row) for row in SMALL]
    assert [table.mapping[label] for label in table.labels] == [row.genre for row in SMALL]
    assert table.artists == [row.artist for row in SMALL]
    assert table.parts.count("train") == 8 and table.parts.count("test") == 4
    np.testing.assert_allclose(table.frames[0, 0], [2.5, -2, 1e-3])
    given = splits.split(table, "given", seed=1)
    assert given.parts.tolist() == table.parts
    assert not caplog.messages
    assert table.digest == sha256(path)


def test_tracks_that_fmas_features_lack_are_counted(tracks, tmp_path, caplog):
    path = write_features(tmp_path / "features.csv", [row.number for row in SMALL])
    assert len(feature_table.read_fma(path, tracks, subset="medium").tracks) == len(SMALL)
    assert f"lacks 2 of the {len(SMALL) + 2} tracks of medium" in caplog.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"of_2": ""}, "line 5: zcr.std.01 is ''"),
        ({"of_3": "nan"}, "line 6: zcr.std.01 is 'nan'"),
    ],
)
def test_fmas_features_that_are_no_numbers_are_refused(tracks, tmp_path, change, words):
    path = write_features(tmp_path / "features.csv", [row.number for row in SMALL], **change)
    with pytest.raises(DatasetError, match=words):
        feature_table.read_fma(path, tracks, subset="small")


def test_other_tables_are_not_taken_for_fmas(tracks, tmp_path):
    with pytest.raises(DatasetError, match="lacks the columns"):
        feature_table.read_fma(write(tmp_path / "table.csv", ROWS), tracks, subset="small")
    path = write_features(tmp_path / "features.csv", [990001])
    with pytest.raises(DatasetError, match="two or more genres"):
        feature_table.read_fma(path, tracks, subset="small")
    with pytest.raises(DatasetError, match="lacks the columns"):
        feature_table.read_fma(path, path, subset="small")


def test_kaggles_table_of_gtzan(real_data):
    table = feature_table.read(real_data / "gtzan_features_30_sec.csv")
    assert table.frames.shape == (1000, 1, 57)
    assert len(table.mapping) == 10
    split = splits.split(table, "artist", seed=1)
    assert set(split.parts) == {"train", "validation", "test"}
