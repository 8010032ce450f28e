"""Answers as table, csv and JSON lines; what an earlier output holds; segments with their times."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from wcwidth import width as cell_len

from genre import files
from genre.errors import GenreError
from genre.model.answer import Answer
from genre.reporting import predictions

GTZAN_GENRES = [
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
]
MODEL, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
ODD = [
    *("a.wav", "folder/b.mp3", 'Ørjan\'s "best", vol. 1.mp3', "comma, comma.wav", "=1+1.wav"),
    *("日本語の曲.ogg", "🎸🔥.flac", "e\u0301tude.wav", "{.wav", '"', ""),
]
TEARING = ["a\nb", "a\rb", "a\u2028b", "a\x85b", "\x1b[31mb", "\x00", "\udcff"]


def name(song: str) -> str:
    """Return what a song is called in the output."""
    return files.printable(Path(song))


def answer(song: str, mapping: list[str] = GTZAN_GENRES, *, either: bool = False) -> Answer:
    """Return made-up probabilities of two segments, the last genre being the likeliest."""
    shares = np.arange(1, len(mapping) + 1) / sum(range(len(mapping) + 1))
    return Answer(
        song=name(song),
        genre=mapping[-1],
        verdict="either" if either else "sure",
        genres=tuple(mapping[-1:-3:-1]) if either else (mapping[-1],),
        together=float(shares[-2:].sum() if either else shares[-1]),
        probabilities=dict(zip(mapping, shares.tolist(), strict=True)),
        segments=np.stack([shares, shares[::-1]]),
        segment_seconds=3.0,
        starts=np.array([0.0, 3.0]),
        tags={"folk": 0.5, "acoustic": 0.6, "rock": 0.1},
    )


def written(form: str, songs: list[str], mapping: list[str] = GTZAN_GENRES) -> str:
    """Return what predict.py would print on songs."""
    header, row = predictions.csv_rows(mapping, MODEL)
    if form == "json":
        header, row = None, predictions.json_rows(MODEL)
    lines = [header, *(row(answer(song, mapping)) for song in songs)]
    return "".join(f"{line}\n" for line in lines if line is not None)


# The table


@pytest.mark.parametrize("width", [40, 60, 80, 160])
@pytest.mark.parametrize(
    "mapping",
    [
        GTZAN_GENRES,
        ["x", "y"],
        [f"genre {number:02}" for number in range(30)],
        ["Drum and Bass, Jungle and Breakbeat", "Singer-Songwriter and Acoustic Folk", "R&B"],
    ],
    ids=["gtzan", "2", "30", "long"],
)
@pytest.mark.parametrize("song", ["a.wav", "Music/" * 40 + "a.wav", "日本語の曲" * 20 + "a.wav"])
def test_the_table_fits_a_terminal(song, mapping, width):
    for header, row, count in (
        (None, predictions.ranked_rows([song], mapping, count=2, width=width), 2),
        (None, predictions.ranked_rows([song], mapping, count=99, width=width), len(mapping)),
        (*predictions.table_rows([song], mapping, width=width), len(mapping)),
    ):
        text = row(answer(song, mapping, either=True))
        assert max(map(cell_len, [header or "", *text.split("\n")])) <= width
        assert text.split()[0].endswith("a.wav")  # of a long path the end is kept
        assert text.count("%") == count
        assert text.split("\n")[0].endswith(("  either", " ?"))


def open_answer(song: str) -> Answer:
    return Answer(
        song=song, genre="classical", together=0.95, reason="tags disagree", tags={"ambient": 0.4}
    )


def test_a_row_says_the_verdict_the_tags_and_why_a_song_is_open():
    songs = ["a.wav", "long name.wav"]
    row = predictions.verdict_rows(songs, ["classical", "pop", "rock"], width=None)
    lines = [
        row(answer("a.wav", ["pop", "rock"])),
        row(answer("a.wav", ["pop", "rock"], either=True)),
        row(open_answer("long name.wav")),
    ]
    assert lines[0] == "a.wav          rock                67%  acoustic, folk"
    assert lines[1] == "a.wav          rock or pop        100%  acoustic, folk"
    assert lines[2] == "long name.wav  classical?          95%  ambient  open: tags disagree"


@pytest.mark.parametrize("width", [40, 60, 80, 160])
@pytest.mark.parametrize("song", ["a.wav", "Music/" * 40 + "a.wav", "日本語の曲" * 20 + "a.wav"])
def test_verdicts_fit_a_terminal(song, width):
    for mapping in (GTZAN_GENRES, ["x", "a genre of a name longer than 20 columns"]):
        row = predictions.verdict_rows([song], mapping, width=width)
        for said in (answer(song, mapping, either=True), open_answer(song)):
            assert cell_len(row(said)) <= width and "%" in row(said)


def test_the_last_line_counts_the_verdicts():
    counts = Counter({"sure": 15, "either": 20, "open": 4})
    assert predictions.counts_line(counts) == "39 songs: 15 sure, 20 one of two, 4 open"


def test_60_columns_hold_the_rows_of_ten_genres():
    song = "Music/folder/a song of some length.mp3"
    row = predictions.ranked_rows([song], GTZAN_GENRES, count=2, width=60)
    assert row(answer(song, either=True)).endswith("rock       18%  reggae     16%  either")
    header, row = predictions.table_rows([song], GTZAN_GENRES, width=60)
    assert "\n" not in row(answer(song, either=True))
    assert header.split() == [genre[:4] for genre in GTZAN_GENRES]


def test_names_are_whole_where_there_is_room_and_where_stdout_is_no_terminal():
    song, mapping = "Music/" * 20 + "a.wav", ["a genre of a name longer than 20 columns", "y"]
    for width in (None, 400):
        assert predictions.ranked_rows([song], mapping, count=2, width=width)(
            answer(song, mapping)
        ).startswith(f"{song}  y")
        header, row = predictions.table_rows([song], mapping, width=width)
        assert mapping[0] in header and song in row(answer(song, mapping))
    row = predictions.ranked_rows([song], mapping, count=2, width=None)
    assert mapping[0] in row(answer(song, mapping))


def test_columns_are_aligned_for_names_of_any_kind():
    songs = ["a.wav", "Music/" * 40 + "a.wav", "日本語の曲.wav", "e\u0301tude.wav", "🎸.wav"]
    for row in (
        predictions.ranked_rows(songs, GTZAN_GENRES, count=2, width=80),
        predictions.table_rows(songs, GTZAN_GENRES, width=80)[1],
    ):
        lines = [row(answer(song)) for song in songs]
        assert len({cell_len(line[: line.index("%")]) for line in lines}) == 1


def test_the_table_of_all_genres_has_a_header_over_its_columns():
    mapping = ["jazz", "pop", "rock"]
    header, row = predictions.table_rows(["a.wav"], mapping, width=80)
    line = row(answer("a.wav", mapping))
    assert line.split() == ["a.wav", "17%", "33%", "50%"]
    for genre, share in zip(mapping, line.split()[1:], strict=True):
        assert header.index(genre) + len(genre) == line.index(share) + len(share)


@pytest.mark.parametrize("song", TEARING)
def test_a_name_is_one_printable_line_and_stays_its_own(song):
    shown = name(song)
    assert shown.isprintable() and shown.encode()
    assert shown not in {name(other) for other in TEARING if other != song}
    genres = ["\x1b[31mjazz", "rock\n"]
    header, row = predictions.table_rows([shown], genres, width=80)
    for line in (header, row(answer(song, genres))):
        assert line.isprintable()


# csv and JSON


@pytest.mark.parametrize("song", ODD)
def test_csv_parses_back(song):
    header, row, other = csv.reader(io.StringIO(written("csv", [song, "b.wav"]), newline=""))
    columns = ["song", "genre", "verdict", "model", "genres", "together", "reason", "tags"]
    assert header == [*columns, *GTZAN_GENRES]
    assert row[:4] == [name(song), "rock", "sure", MODEL[:16]]
    assert row[4:8] == ["rock", "0.1818", "", "acoustic;folk"]
    assert other[0] == "b.wav"
    expected = list(answer(song).probabilities.values())
    np.testing.assert_allclose(np.array(row[8:], dtype=float), expected, atol=5e-5)


@pytest.mark.parametrize("song", ODD)
def test_json_parses_back(song):
    text = written("json", [song])
    assert text.count("\n") == 1
    content = json.loads(text)
    shares = {genre: round(share, 4) for genre, share in answer(song).probabilities.items()}
    assert content == {
        "song": name(song),
        "genre": "rock",
        "verdict": "sure",
        "genres": ["rock"],
        "together": 0.1818,
        "reason": "",
        "model": MODEL[:16],
        "probabilities": shares,
        "tags": {"folk": 0.5, "acoustic": 0.6, "rock": 0.1},
    }


def test_json_holds_the_most_likely_genres_and_the_segments_when_asked():
    row = predictions.json_rows(MODEL, count=2, with_segments=True)
    content = json.loads(row(answer("a", ["x", "y", "z"])))
    assert list(content["probabilities"]) == ["z", "y"]
    assert (content["starts"], content["segment_seconds"]) == ([0, 3], 3)
    assert content["segments"][0] == {"x": 0.1667, "y": 0.3333, "z": 0.5}


# Segments


def test_segments_are_written_with_their_times_in_three_formats(tmp_path):
    songs = [answer("a,b.wav", ["x", "y"])]
    texts = []
    for suffix in predictions.SEGMENT_FORMATS:
        with predictions.segment_file(tmp_path / f"segments{suffix}") as write:
            for song in songs:
                write(song)
        texts.append((tmp_path / f"segments{suffix}").read_text(encoding="utf-8"))
    of_csv, of_json, labels = texts
    assert list(csv.reader(of_csv.splitlines())) == [
        ["song", "start", "end", "genre", "probability"],
        ["a,b.wav", "0.0", "3.0", "y", "0.6667"],
        ["a,b.wav", "3.0", "6.0", "x", "0.6667"],
    ]
    assert json.loads(of_json)["segments"][1] == {
        **{"start": 3.0, "end": 6.0, "genre": "x", "probability": 0.6667}
    }
    assert labels == "0.0\t3.0\ty 67%\n3.0\t6.0\tx 67%\n"


def test_labels_of_several_songs_are_refused(tmp_path):
    predictions.check_segment_file(tmp_path / "labels.txt", 1)
    with pytest.raises(GenreError, match="labels are for one song"):
        predictions.check_segment_file(tmp_path / "labels.txt", 2)


# An earlier output


def earlier_of(folder: Path, text: str, encoding: str = "utf-8") -> predictions.Earlier:
    (folder / "earlier").write_text(text, encoding=encoding, newline="")
    return predictions.read_earlier(folder / "earlier")


def songs_in(folder: Path, text: str) -> set[str]:
    return earlier_of(folder, text).songs


def test_an_output_that_is_not_there_yet_holds_nothing(tmp_path):
    found = predictions.read_earlier(tmp_path / "none.csv")
    assert (found.songs, found.first, found.cut_off) == (set(), "", False)
    predictions.check_earlier(found, "csv", "song,genre", MODEL)


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("song", ODD)
def test_every_song_of_an_earlier_output_is_found(form, song, tmp_path):
    text = written(form, [song, "other.wav"])
    assert songs_in(tmp_path, text) == {name(song), "other.wav"}
    again = text + text  # a header in the middle, where two outputs have been put together
    assert songs_in(tmp_path, again) == {name(song), "other.wav"}


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_what_the_shells_of_windows_write_is_read(form, encoding, tmp_path):
    text = written(form, ["Björk.wav", "b.wav"]).replace("\n", "\r\n")
    found = earlier_of(tmp_path, text, encoding)
    assert found.songs == {"Björk.wav", "b.wav"} and not found.cut_off
    header = text.split("\r\n")[0]
    predictions.check_earlier(found, form, header if form == "csv" else None, MODEL)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_only_whole_rows_of_a_file_cut_off_anywhere_count(form, tmp_path):
    songs = ["a.wav", 'thé "b", or so.wav', "c.wav"]
    whole = written(form, songs, ["jazz", "rock"]).encode()
    n_header = len(whole.splitlines()) - len(songs)
    for length in range(len(whole) + 1):
        half = whole[:length]
        complete = max(0, half.count(b"\n") - n_header)
        if b"\n" in half or form == "json":
            (tmp_path / "half").write_bytes(half)
            found = predictions.read_earlier(tmp_path / "half")
            assert found.songs == set(songs[:complete]), half
            assert found.cut_off == (half != b"" and not half.endswith(b"\n"))


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
        "\0\0\0",
    ],
)
def test_what_is_no_earlier_output_is_refused(text, tmp_path):
    with pytest.raises(GenreError, match="neither csv nor json") as caught:
        songs_in(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("form", ["csv", "json"])
def test_rows_of_another_kind_or_model_are_refused(form, tmp_path):
    header = predictions.csv_rows(GTZAN_GENRES, MODEL)[0] if form == "csv" else None
    found = earlier_of(tmp_path, written(form, ["a.wav"]))
    predictions.check_earlier(found, form, header, MODEL)
    predictions.check_earlier(found, "table", None, OTHER)  # to be read, not to be appended
    with pytest.raises(GenreError, match=f"another model \\({MODEL[:16]}; this one is"):
        predictions.check_earlier(found, form, header, OTHER)
    other = "json" if form == "csv" else "csv"
    with pytest.raises(GenreError, match=f"not that of {other} output"):
        predictions.check_earlier(found, other, "song,genre,verdict,model,x,y", MODEL)
    older = written(form, ["a.wav"]).replace(f'"model": "{MODEL[:16]}", ', "").replace(",model", "")
    with pytest.raises(GenreError):
        predictions.check_earlier(earlier_of(tmp_path, older), form, header, MODEL)
