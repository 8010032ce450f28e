"""Predictions as table, CSV and JSON; what an earlier output holds; pictures of songs over time."""

import csv
import io
import json
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from helpers import refusal

import predict
from genre import files
from genre.errors import GenreError
from genre.reporting import figures, predictions
from genre.reporting.predictions import Prediction

GTZAN_GENRES = [
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
]
PLAIN = ["a.wav", "folder/b.mp3"]
ODD = [
    *("with spaces.wav", 'Ørjan\'s "best", vol. 1.mp3', "comma, comma.wav", "song", "=1+1.wav"),
    *("日本語の曲.ogg", "🎸🔥.flac", "e\u0301tude.wav", "{.wav", "[].wav", '"', ""),
]
TEARING = ["a\nb", "a\rb", "a\u2028b", "a\x85b", "\x1b[31mb", "\x00", "\udcff"]


def name(song: str) -> str:
    """Return what a song is called in the output."""
    return files.printable(Path(song))


def prediction(song: str, n_genres: int) -> Prediction:
    """Return made-up probabilities of two segments, the last genre being the likeliest."""
    joined = np.arange(1, n_genres + 1, dtype=np.float32)
    joined /= joined.sum()
    return Prediction(name(song), joined, np.stack([joined, joined]), 3.0, False)


def written(form: str, songs: list[str], mapping: list[str], count: int | None = None) -> str:
    """Return what predict.py would print on songs."""
    lines = [
        predictions.header(form, mapping, count),
        *(
            predictions.row(
                form, prediction(song, len(mapping)), mapping, count=count, with_segments=False
            )
            for song in songs
        ),
    ]
    return "".join(f"{line}\n" for line in lines if line is not None)


def columns(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in line
    )


# The table


@pytest.mark.parametrize("count", [None, 1, 2, 3, 10, 1000])
@pytest.mark.parametrize(
    "mapping",
    [
        GTZAN_GENRES,
        ["jazz", "pop", "rock"],
        ["x", "y"],
        [f"genre {number:02}" for number in range(30)],
        ["Drum and Bass, Jungle and Breakbeat", "Singer-Songwriter and Acoustic Folk", "R&B"],
        ["a genre of such a long name " * 5, "another one " * 10],
    ],
    ids=["gtzan", "3", "2", "30", "long", "longest"],
)
@pytest.mark.parametrize("song", ["a.wav", "Music/" * 40 + "a.wav", "日本語の曲" * 20 + "a.wav"])
def test_the_table_fits_a_terminal(song, mapping, count):
    text = written("table", [song], mapping, count)
    assert max(map(columns, text.splitlines())) <= predictions.COLUMNS
    assert "a.wav" in text  # of a long path the end is kept
    assert text.count("%") == min(count or len(mapping), len(mapping))


@pytest.mark.parametrize("count", [None, 3, 10])
def test_the_tables_columns_are_aligned_for_names_of_any_kind(count):
    songs = ["a.wav", "Music/" * 40 + "a.wav", "日本語の曲.wav", "e\u0301tude.wav", "🎸.wav"]
    lines = written("table", songs, GTZAN_GENRES, count).splitlines()
    ends = {columns(line[: line.index("%") + 1]) for line in lines if ".wav" in line}
    assert len(ends) == 1


@pytest.mark.parametrize("count", [None, 3])
def test_a_songs_row_in_the_table_is_not_torn_by_its_name(count):
    mapping = ["jazz", "pop", "rock"]
    plain = written("table", ["a.wav"], mapping, count)
    for song in TEARING:
        text = written("table", [song], mapping, count)
        assert len(text.splitlines()) == len(plain.splitlines())
        assert "\x1b" not in text


def test_the_table_names_the_likeliest_genres_first():
    for count in (1, 3, 10, 11):
        text = written("table", ["a.wav"], GTZAN_GENRES, count)
        words = text.split()
        assert words[0] == "a.wav"
        assert words[1::2] == GTZAN_GENRES[::-1][:count]
        shares = [int(word.removesuffix("%")) for word in words[2::2]]
        assert shares == sorted(shares, reverse=True)


def test_the_table_of_all_genres_has_a_header_in_the_order_of_the_mapping():
    header, line = written("table", ["a.wav"], ["jazz", "pop", "rock"]).splitlines()
    assert header.split() == ["jazz", "pop", "rock"]
    assert line.split() == ["a.wav", "17%", "33%", "50%"]
    for genre, share in zip(header.split(), line.split()[1:], strict=True):
        assert header.index(genre) + len(genre) == line.index(share) + len(share)


# CSV and JSON


@pytest.mark.parametrize("name", TEARING)
def test_a_name_is_one_printable_line_and_stays_its_own(name):
    shown = files.printable(Path(name))
    assert shown.isprintable() and shown.encode()
    assert shown not in {files.printable(Path(other)) for other in TEARING if other != name}


@pytest.mark.parametrize("song", PLAIN + ODD)
def test_csv_parses_back(song):
    text = written("csv", [song, "b.wav"], GTZAN_GENRES)
    header, row, other = csv.reader(io.StringIO(text, newline=""))
    assert header == ["song", "genre", "uncertain", *GTZAN_GENRES]
    assert row[:3] == [name(song), "rock", "no"]
    assert other[0] == "b.wav"
    expected = prediction(song, 10).joined
    np.testing.assert_allclose(np.array(row[3:], dtype=float), expected, atol=5e-5)


def test_csv_holds_every_genre_whatever_the_count():
    assert written("csv", PLAIN, GTZAN_GENRES, count=3) == written("csv", PLAIN, GTZAN_GENRES)


@pytest.mark.parametrize("count", [None, 1, 3, 1000])
@pytest.mark.parametrize("song", PLAIN + ODD)
def test_json_parses_back(song, count):
    text = written("json", [song], GTZAN_GENRES, count)
    assert text.count("\n") == 1
    content = json.loads(text)
    assert content["song"] == name(song)
    assert content["genre"] == "rock"
    expected = dict(zip(GTZAN_GENRES, prediction(song, 10).joined.tolist(), strict=True))
    assert (
        content["probabilities"].items()
        <= {genre: round(share, 4) for genre, share in expected.items()}.items()
    )
    order = GTZAN_GENRES if count is None else GTZAN_GENRES[::-1][:count]
    assert list(content["probabilities"]) == order


def test_json_holds_the_segments_when_asked():
    line = predictions.row("json", prediction("a", 3), ["x", "y", "z"], count=1, with_segments=True)
    content = json.loads(line)
    assert content["segment_seconds"] == 3
    assert [list(segment) for segment in content["segments"]] == [["x", "y", "z"]] * 2
    assert content["segments"][0] == {"x": 0.1667, "y": 0.3333, "z": 0.5}


# An earlier output


def songs_in(folder: Path, text: str) -> set[str]:
    (folder / "earlier").write_text(text, encoding="utf-8", newline="")
    return predictions.read_earlier(folder / "earlier").songs


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("song", PLAIN + ODD)
def test_every_song_of_an_earlier_output_is_found(form, song, tmp_path):
    text = written(form, [song, "other.wav"], GTZAN_GENRES)
    assert songs_in(tmp_path, text) == {name(song), "other.wav"}
    again = text + text  # a header in the middle, where two outputs have been put together
    assert songs_in(tmp_path, again) == {name(song), "other.wav"}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_only_whole_rows_of_a_file_cut_off_anywhere_count(form, tmp_path):
    songs = ["a.wav", 'the "b", or so.wav', "c.wav"]
    whole = written(form, songs, ["jazz", "rock"])
    n_header = len(whole.splitlines()) - len(songs)
    for length in range(len(whole) + 1):
        half = whole[:length]
        complete = max(0, half.count("\n") - n_header)
        if "\n" in half or form == "json":
            assert songs_in(tmp_path, half) == set(songs[:complete]), half


@pytest.mark.parametrize("form", ["csv", "json"])
def test_half_a_row_does_not_hide_what_comes_after_it(form, tmp_path):
    songs = ["a.wav", 'the "b", or so.wav', "c.wav"]
    header, *lines = written(form, songs, ["jazz", "rock"]).splitlines(keepends=True)
    if form == "json":
        header, lines = "", [header, *lines]
    for length in range(1, len(lines[1])):
        half = lines[1][:length].rstrip("\n")
        text = header + lines[0] + half + "\n" + lines[1] + lines[2]
        assert songs_in(tmp_path, text) == set(songs), half


@pytest.mark.parametrize(
    "text",
    [
        "what is this\n",
        "track,part\na.wav,test\n",
        "    jazz rock\na.wav 50% 50%\n",
        "[1, 2]\n",
        "\n\n",
        "x" * 200_000,
        "\0\0\0",
    ],
)
def test_what_is_no_earlier_output_is_refused(text, tmp_path):
    with pytest.raises(GenreError, match="neither csv nor json") as caught:
        songs_in(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1


# --skip-done, from the command line


@pytest.fixture
def songs(corpus, tmp_path) -> list[Path]:
    """Four songs in a folder, of odd names."""
    folder = tmp_path / "my songs"
    folder.mkdir()
    names = ["a.wav", "b, or so.wav", 'c\'s "best".wav', "d\u2028.wav"]
    return [Path(shutil.copy(corpus / "jazz" / "jazz.00000.wav", folder / name)) for name in names]


def parsed(form: str, text: str) -> list[str]:
    """Return the songs of an output, in order."""
    if form == "json":
        return [json.loads(line)["song"] for line in text.split("\n") if line]
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert all(len(line) in (0, len(header)) for line in lines)
    return [line[0] for line in lines if line]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_only_what_is_missing_is_predicted(form, songs, network, run, tmp_path):
    arguments = ("--model", network, "--input", songs[0].parent, "--format", form)
    first = run(predict, *arguments)
    assert first.status == 0
    assert parsed(form, first.out) == [files.printable(song) for song in songs]
    done = tmp_path / "done"

    def again(text: str) -> str:
        done.write_text(text, encoding="utf-8", newline="")
        ended = run(predict, *arguments, "--skip-done", done)
        assert ended.status == 0
        return ended.out

    assert again(first.out) == ""
    for kept in range(len(songs)):
        start = first.out.split("\n")[: kept + (form == "csv")]
        before = "".join(f"{line}\n" for line in start)
        assert before + again(before) == first.out


def test_an_empty_earlier_output_still_gets_its_header(songs, network, run, tmp_path):
    """So that `--skip-done all.csv >> all.csv` can be given from the first time on."""
    (tmp_path / "all.csv").touch()
    arguments = ("--model", network, "--input", songs[0], "--format", "csv")
    plain = run(predict, *arguments)
    appended = run(predict, *arguments, "--skip-done", tmp_path / "all.csv")
    assert appended.out == plain.out
    (tmp_path / "all.csv").write_text(appended.out)
    assert run(predict, *arguments, "--skip-done", tmp_path / "all.csv").out == ""


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_output_cut_off_in_a_row_can_be_appended_to(form, songs, network, run, tmp_path):
    arguments = ("--model", network, "--input", songs[0].parent, "--format", form)
    whole = run(predict, *arguments).out
    header = whole.index("\n") + 1
    for length in (header + 3, len(whole) - 30, len(whole) - 1):
        done = tmp_path / "done"
        done.write_text(whole[:length], encoding="utf-8", newline="")
        ended = run(predict, *arguments, "--skip-done", done)
        assert ended.status == 0
        done.write_text(whole[:length] + ended.out, encoding="utf-8", newline="")
        assert predictions.read_earlier(done).songs == {files.printable(song) for song in songs}


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("kind", ["another form", "other genres", "half a header"])
def test_rows_of_another_kind_are_not_put_under_those_of_a_file(
    form, kind, songs, network, run, tmp_path
):
    other = {"csv": "json", "json": "csv"}[form] if kind == "another form" else "csv"
    text = run(predict, "--model", network, "--input", songs[0], "--format", other).out
    if kind == "other genres":
        text = text.replace("blues", "polka")
    if kind == "half a header":
        text = text[: text.index(",jazz")]
    done = tmp_path / "done"
    done.write_text(text, encoding="utf-8", newline="")
    arguments = ("--model", network, "--input", *songs, "--format", form, "--skip-done", done)
    ended = run(predict, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert f"its first line is not that of {form} output of this model" in ended.err
    as_table = run(predict, *arguments, "--format", "table")  # to be read, not to be appended
    assert as_table.status == 0


# --timeline


def test_a_song_named_twice_is_predicted_and_drawn_once(songs, network, run, tmp_path):
    arguments = ("--model", network, "--input", songs[0], songs[0], "--format", "csv")
    ended = run(predict, *arguments, "--timeline", tmp_path / "pictures")
    assert parsed("csv", ended.out) == [str(songs[0])]
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["a.png"]


def test_the_picture_of_one_song(songs, network, run, tmp_path):
    picture = tmp_path / "pictures" / "song.png"
    arguments = ("--model", network, "--input", songs[0], "--format", "json")
    ended = run(predict, *arguments, "--timeline", picture)
    assert (ended.status, ended.err) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert list(picture.parent.iterdir()) == [picture]
    content = json.loads(ended.out)
    assert len(content["segments"]) == 2
    joined = np.mean([list(segment.values()) for segment in content["segments"]], axis=0)
    np.testing.assert_allclose(joined, list(content["probabilities"].values()), atol=2e-4)


def test_a_picture_for_each_of_several_songs(songs, network, run, tmp_path):
    arguments = ("--model", network, "--timeline", tmp_path / "pictures", "--input")
    assert run(predict, *arguments, *songs).status == 0
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {f"{song.stem}.png" for song in songs}


def test_one_picture_for_several_songs_is_refused(songs, network, run, tmp_path):
    arguments = ("--model", network, "--timeline", tmp_path / "all.png", "--input")
    assert "name a folder" in refusal(run(predict, *arguments, *songs))
    assert not (tmp_path / "all.png").exists()


@pytest.mark.parametrize(
    "names",
    [
        ["x/a.wav", "y/a.wav"],
        ["x/a.wav", "x/a.mp3", "y/a.wav"],
        ["x/a.wav", "y/a.wav", "y/a-2.wav"],
        ["x/a-2.wav", "x/a.wav", "y/a.wav"],
        ["x/a.wav", "y/A.wav"],  # one file where capital letters do not count
    ],
)
def test_every_song_has_a_picture_of_its_own(names):
    pictures = predict.timeline_files(Path("pictures"), list(map(Path, names)))
    assert list(pictures) == list(map(Path, names))
    assert {path.parent for path in pictures.values()} == {Path("pictures")}
    assert {path.suffix for path in pictures.values()} == {".png"}
    assert len({str(path).lower() for path in pictures.values()}) == len(names)


def test_a_picture_has_a_name_that_a_file_can_have():
    songs = [
        Path(f"{letter * (250 // len(letter.encode()))}{i}.wav") for letter in "xé" for i in "12"
    ]
    for picture in predict.timeline_files(Path("pictures"), songs).values():
        assert len(f".1234567.{picture.name}".encode()) <= 255


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@pytest.mark.parametrize(
    "song",
    ["A$AP_Rocky feat. Ke$ha.mp3", "$\\frac$.wav", "two\nlines.wav", "日本語 🎸.ogg", "x" * 250],
)
def test_a_picture_whatever_the_song_and_the_genres_are_called(song, tmp_path):
    for mapping in (["jazz", "rock"], ["$a_b_c$", "日本語"]):
        figures.timeline(prediction(song, 2), mapping, tmp_path / "picture.png")
        figures.confusion(np.eye(2, dtype=int), mapping, name(song), tmp_path / "confusion.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
