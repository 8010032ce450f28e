"""FMA: its table read, and a small look-alike of it from mp3 files to a network's scores."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import pytest
import soundfile
from helpers import Run, refusal

import preprocess
from genre import splits
from genre.demo import synth
from genre.errors import DatasetError
from genre.segments import segment_file
from genre.songs import fma

# The columns of FMA's table, in its order.
COLUMNS = {
    "album": "comments date_created date_released engineer favorites id information listens "
    "producer tags title tracks type",
    "artist": "active_year_begin active_year_end associated_labels bio comments date_created "
    "favorites id latitude location longitude members name related_projects tags website "
    "wikipedia_page",
    "set": "split subset",
    "track": "bit_rate comments composer date_created date_recorded duration favorites genre_top "
    "genres genres_all information interest language_code license listens lyricist number "
    "publisher tags title",
}
LONG = "word " * 40_000  # longer than the csv module takes by itself
NO_AUDIO = b"ID3\x04\0\0\0\0\0\x23TSSE\0\0\0\x0f\0\0\3Lavf57.25.100" * 40
HEADER = [(top, name) for top, names in COLUMNS.items() for name in names.split()]


class Row(NamedTuple):
    """What matters here of a track's row."""

    number: object
    genre: str
    split: str = "training"
    subset: str = "small"
    artist: str = "1"


SMALL = [
    Row(number, genre, split, artist=str(number // 2))
    for first, genre in ((2, "Hip-Hop"), (1012, "Rock"))
    for number, split in enumerate(["training"] * 4 + ["validation"] * 2 + ["test"] * 2, first)
]
BROKEN = Row(99134, "Hip-Hop", artist="9")
MEDIUM = [Row(20000 + i, "Old-Time / Historic", subset="medium", artist="20") for i in range(2)]
LARGE = [Row(155320, "", subset="large"), Row(155321, "Jazz", "test", "large")]
AUDIO_GENRES = {"Hip-Hop": "hiphop", "Rock": "rock", "Jazz": "jazz", "": "pop"}


def write_table(path: Path, rows: list[Row], *, index: bool = True) -> Path:
    """Write rows as FMA's table has them: two header rows and one that names the index."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for level in zip(*HEADER, strict=True):
            writer.writerow(["", *level])
        if index:
            writer.writerow(["track_id", *[""] * len(HEADER)])
        for row in rows:
            values = {
                ("album", "information"): '<p>Two lines,\nand "quotes"</p>',
                ("artist", "id"): row.artist,
                ("artist", "bio"): LONG if row is rows[0] else "Plays.",
                ("set", "split"): row.split,
                ("set", "subset"): row.subset,
                ("track", "genre_top"): row.genre,
                ("track", "genres"): "[21, 811]",
            }
            writer.writerow([row.number, *(values.get(column, "") for column in HEADER)])
    return path


def name(row: Row) -> str:
    return f"{row.number // 1000:03}/{row.number:06}.mp3"


@pytest.fixture(scope="session")
def look_alike(tmp_path_factory) -> tuple[Path, Path]:
    """The table of a small FMA and the folder of its clips, of which one has no audio."""
    folder = tmp_path_factory.mktemp("fma")
    table = write_table(folder / "fma_metadata" / "tracks.csv", [*SMALL, *MEDIUM, BROKEN, *LARGE])
    clips = folder / "fma_large"
    for row in [*SMALL, *MEDIUM, *LARGE]:
        path = clips / name(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        genre = AUDIO_GENRES.get(row.genre, "country")
        samples = synth.make_track(genre, row.number, seconds=6)
        soundfile.write(path, samples, synth.SAMPLE_RATE, format="MP3")
    (clips / name(BROKEN)).parent.mkdir(parents=True)
    (clips / name(BROKEN)).write_bytes(NO_AUDIO)
    return table, clips


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def preprocessed(run, look_alike: tuple[Path, Path], output: Path, *arguments: object) -> Run:
    table, clips = look_alike
    return run(
        preprocess,
        *("--fma", table, "--dataset", clips, "--output", output, "--workers", 1),
        *arguments,
    )


@pytest.mark.parametrize(
    ("subset", "rows"),
    [
        ("small", [*SMALL, BROKEN]),
        ("medium", [*SMALL, BROKEN, *MEDIUM]),
        ("large", [*SMALL, BROKEN, *MEDIUM, LARGE[1]]),
    ],
)
def test_a_subset_holds_those_before_it(look_alike, subset, rows):
    table, clips = look_alike
    listing = fma.find(table, clips, subset=subset)
    expected = sorted(rows, key=lambda row: (row.genre, row.number))
    assert [song.track for song in listing.songs] == [name(row) for row in expected]
    assert [song.path for song in listing.songs] == [clips / name(row) for row in expected]
    assert [song.genre for song in listing.songs] == [row.genre for row in expected]
    parts = {"training": "train", "validation": "validation", "test": "test"}
    assert [song.part for song in listing.songs] == [parts[row.split] for row in expected]
    assert [song.artist for song in listing.songs] == [row.artist for row in expected]
    assert listing.left_out == []


def test_tracks_without_a_top_genre_are_counted(look_alike):
    table, clips = look_alike
    assert fma.find(table, clips, subset="medium").notes == []
    (note,) = fma.find(table, clips, subset="large").notes
    assert note == "1 of 21 tracks have no genre and are left out"


def test_the_table_is_read_without_a_name_for_its_index_too(look_alike, tmp_path):
    table = write_table(tmp_path / "tracks.csv", SMALL, index=False)
    assert len(fma.find(table, look_alike[1], subset="small").songs) == len(SMALL)


def test_missing_clips_are_counted_and_the_first_ones_named(look_alike, run, tmp_path):
    absent = [Row(number, "Rock") for number in (77, 150, 155000, 155001)]
    table = write_table(tmp_path / "tracks.csv", [*SMALL, *absent])
    ended = preprocessed(run, (table, look_alike[1]), tmp_path / "a.json", "--limit", 1)
    assert ended.status == 1
    assert ended.out.startswith("2 tracks of 2 genres, 0 skipped")
    assert ended.err == (
        "4 of 20 listed files could not be found: "
        "000/000077.mp3, 000/000150.mp3, 155/155000.mp3, ...\n"
    )


def test_the_official_split_is_kept_and_given(look_alike, run, tmp_path):
    data = tmp_path / "fma.json"
    ended = preprocessed(run, look_alike, data)
    assert ended.status == 1
    assert ended.out.startswith("16 tracks of 2 genres, 1 skipped: 32 segments of shape (130, 13)")
    (line,) = ended.err.splitlines()
    assert line.startswith("skipped 099/099134.mp3: ")
    content = read(data)
    assert content["tracks"] == [name(row) for row in SMALL]
    assert content["parts"] == (["train"] * 4 + ["validation"] * 2 + ["test"] * 2) * 2
    assert content["artists"] == [row.artist for row in SMALL]
    segments = segment_file.read(data)
    split = splits.split(segments, "given", seed=0)
    assert splits.tracks_by_part(segments, split.parts) == {
        part: [name(row) for row in SMALL if fma_part.startswith(row.split)]
        for part, fma_part in (("train", "training"), ("validation",) * 2, ("test",) * 2)
    }


def test_a_limit_takes_of_every_part(look_alike, run, tmp_path):
    data = tmp_path / "fma.json"
    assert preprocessed(run, look_alike, data, "--limit", 3).status == 0
    content = read(data)
    assert content["mapping"] == ["Hip-Hop", "Rock"]
    assert sorted(content["parts"]) == ["test"] * 2 + ["train"] * 2 + ["validation"] * 2


@pytest.mark.parametrize(
    ("rows", "subset", "problem"),
    [
        ([Row(2, "Rock"), Row("x", "Rock")], "small", r"line \d+: track 'x' is not a number"),
        ([Row("9" * 5000, "Rock")], "small", r"is not a number of up to six digits"),
        ([Row(2, "Rock", "dev")], "small", "part 'dev' is none of train, validation, test"),
        ([Row(2, "Rock", subset="large")], "small", "lists no track of the subset small"),
        ([], "large", "lists no track of the subset large"),
        ([Row(2, "")], "small", "lists no track with a genre"),
        ([Row(2, "Rock"), Row(2, "Jazz")], "small", "000/000002.mp3 is also in line"),
        (SMALL[:8], "small", "needed, and all are Hip-Hop"),
        ([Row(7, "Rock"), Row(8, "Jazz")], "large", "none of the 2 listed files could be found"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(look_alike, tmp_path, rows, subset, problem):
    table = write_table(tmp_path / "tracks.csv", rows)
    clips = tmp_path if problem.startswith("none of") else look_alike[1]
    with pytest.raises(DatasetError, match=problem) as caught:
        fma.find(table, clips, subset=subset)
    assert str(table) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "lacks the columns track.genre_top,set.split,set.subset,artist.id; it has none"),
        ("track_id,genre\n2,Rock\n", "lacks the columns .*; it has track_id.2, genre.Rock"),
        (",set\n,split\ntrack_id,\n2,training\n", "columns track.genre_top,set.subset,artist.id"),
    ],
)
def test_another_table_is_refused(tmp_path, text, problem):
    (tmp_path / "tracks.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=problem):
        fma.find(tmp_path / "tracks.csv", tmp_path, subset="small")


def test_a_row_of_another_width_is_refused(look_alike, tmp_path):
    table = write_table(tmp_path / "tracks.csv", SMALL)
    with open(table, "a", encoding="utf-8") as file:
        file.write("3,small\n")
    with pytest.raises(DatasetError, match="2 values in 53 columns"):
        fma.find(table, look_alike[1], subset="small")


def test_options_that_do_not_fit_are_refused(look_alike, run, tmp_path):
    table, clips = look_alike
    for arguments, problem in {
        ("--subset", "small"): "--subset is for --fma",
        ("--fma", table): "--fma needs --dataset",
        ("--fma", table, "--dataset", clips, "--subset", "full"): "invalid choice: 'full'",
        ("--fma", table, "--tracks", table, "--dataset", clips): "not allowed with",
    }.items():
        ended = run(preprocess, "--output", tmp_path / "a.json", *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith("usage: preprocess.py")
        assert problem in ended.err


def test_places_that_are_not_there_are_named(look_alike, run, tmp_path):
    table, clips = look_alike
    nowhere = tmp_path / "nowhere"
    assert f"{nowhere}: no such folder" in refusal(
        preprocessed(run, (table, nowhere), tmp_path / "a.json")
    )
    assert f"{nowhere}: No such file" in refusal(
        preprocessed(run, (nowhere, clips), tmp_path / "a.json")
    )
    assert f"{tmp_path}: Is a directory" in refusal(
        preprocessed(run, (tmp_path, clips), tmp_path / "a.json")
    )
