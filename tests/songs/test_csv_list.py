"""A list of songs as a CSV file: read, and preprocessed."""

import json
import unicodedata
from pathlib import Path

import pytest
import soundfile
from helpers import noise, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

import preprocess
from genre import splits
from genre.errors import DatasetError
from genre.segments import segment_file
from genre.songs import csv_list


@pytest.fixture
def music(tmp_path) -> Path:
    """A folder with empty files that a list can name."""
    for track in ("a.mp3", "b.mp3", "sub/c d.flac", "sub/é,f.ogg"):
        path = tmp_path / "music" / track
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "music"


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding)
    return path


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_paths_and_genres_are_enough(music):
    path = write(music / "list.csv", "path,genre", "b.mp3,rock", "sub/c d.flac,jazz", "a.mp3,rock")
    songs, missing, notes = csv_list.find(path)
    assert [(song.track, song.genre) for song in songs] == [
        ("sub/c d.flac", "jazz"),
        ("a.mp3", "rock"),
        ("b.mp3", "rock"),
    ]
    assert [song.path for song in songs] == [music / song.track for song in songs]
    assert {(song.part, song.artist) for song in songs} == {("", "")}
    assert missing == notes == []


def test_parts_and_artists_are_read_in_any_order_of_columns(music):
    path = write(
        music / "list.csv",
        "year,Artist, part ,genre,path",
        "1999,Someone, Training,rock,a.mp3",
        "2001,,valid,rock,b.mp3",
        "2002,Others,validation,jazz,sub/c d.flac",
        '2003,"Others, Jr.",test,jazz,"sub/é,f.ogg"',
        ",,,,",
    )
    found = {song.track: (song.part, song.artist) for song in csv_list.find(path).songs}
    assert found == {
        "a.mp3": ("train", "Someone"),
        "b.mp3": ("validation", ""),
        "sub/c d.flac": ("validation", "Others"),
        "sub/é,f.ogg": ("test", "Others, Jr."),
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("end", "comma"), [("\n", ","), ("\r\n", ";"), ("\r", "\t")])
def test_what_spreadsheets_write_is_read(music, encoding, end, comma):
    rows = [["path", "genre"], ['"sub/é,f.ogg"', '"Drum ""n"" Bass"'], [], ["a.mp3", "Rock"], []]
    text = end.join(comma.join(row) for row in rows)
    (music / "list.csv").write_bytes(text.encode(encoding))
    songs = csv_list.find(music / "list.csv").songs
    assert [(s.track, s.genre) for s in songs] == [
        ("sub/é,f.ogg", 'Drum "n" Bass'),
        ("a.mp3", "Rock"),
    ]


def test_paths_are_those_of_the_folder_that_is_given_or_of_the_list(music, tmp_path, monkeypatch):
    here = (tmp_path / "other" / "x.wav").resolve()
    here.parent.mkdir()
    here.touch()
    lines = ("path,genre", "a.mp3,rock", f"{music / 'b.mp3'},rock", f"{here},jazz")
    expected = [
        (f"{here.as_posix()}", here),
        ("a.mp3", music / "a.mp3"),
        ("b.mp3", music / "b.mp3"),
    ]
    beside = csv_list.find(write(music / "list.csv", *lines))
    given = csv_list.find(write(tmp_path / "list.csv", *lines), music)
    monkeypatch.chdir(music)
    without_folder = csv_list.find(Path("list.csv"))
    for found in (beside, given, without_folder):
        assert [(song.track, song.path) for song in found.songs] == expected


def test_rows_without_a_genre_or_a_file_and_repeated_ones_are_counted(music):
    path = write(
        music / "list.csv",
        *("path,genre", "a.mp3,rock", "b.mp3,", "sub/c d.flac,jazz", "./a.mp3,rock"),
        *(f"no/{number}.mp3,rock" for number in (5, 3, 4, 1)),
    )
    songs, missing, notes = csv_list.find(path)
    assert [song.track for song in songs] == ["sub/c d.flac", "a.mp3"]
    assert missing == ["no/5.mp3", "no/3.mp3", "no/4.mp3", "no/1.mp3"]
    assert notes == [
        f"1 rows of {path} repeat others and are ignored",
        "1 of 7 tracks have no genre and are left out",
        "4 of 6 listed files could not be found: no/5.mp3, no/3.mp3, no/4.mp3, ...",
    ]


def test_values_that_no_file_can_have_are_only_missing(music):
    hostile = ("x" * 5000, "a\0b", "../" * 2000, "\x1b[31m", "-rf")
    path = write(
        music / "list.csv",
        *("path,genre", "a.mp3,rock", "b.mp3,jazz\x1b[2J"),
        *(f"{value}.mp3,rock" for value in hostile),
    )
    songs, missing, _ = csv_list.find(path)
    assert [song.genre for song in songs] == [r"jazz\x1b[2J", "rock"]
    assert len(missing) == len(hostile)
    assert all(name.isprintable() for name in missing)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "lacks the columns path,genre; it has none"),
        (["path,genre"], "lists no track with a genre"),
        (["path,genre", "a.mp3,", "b.mp3, "], "lists no track with a genre"),
        (["file,label", "a.mp3,rock"], "lacks the columns path,genre; it has file, label"),
        (["path,label", "a.mp3,rock"], "lacks the columns genre; it has path, label"),
        ([",".join(map(str, range(99))), "1"], r"it has 0, 1, .* 11, \.\.\.$"),
        (["path,genre,genre", "a.mp3,rock,jazz"], "has the column genre twice"),
        (["path,genre,part,part", "a.mp3,rock,,test"], "has the column part twice"),
        (["path,genre", "a.mp3,rock,jazz"], "line 2: 3 values in 2 columns"),
        (["path,genre", "a.mp3"], "line 2: 1 values in 2 columns"),
        (["path,genre", "", "a.mp3,rock", ",rock"], "line 4: no path"),
        (["path,genre,part", "a.mp3,rock,dev"], "line 2: part 'dev' is none of train, validation"),
        (["path,genre", "a.mp3,rock", "a.mp3,jazz"], r"line 3: a\.mp3 is also in line 2"),
        (["path,genre", "a.mp3,rock", "b.mp3,rock"], "needed, and all are rock"),
        (
            ["path,genre", "a.mp3,rock", "x.mp3,jazz"],
            "only rock is left; 1 of 2 listed files could not be found: x.mp3",
        ),
        (["path,genre", "x.mp3,rock", "y.mp3,jazz"], "none of the 2 listed files could be found"),
        (["path,genre", 'a.mp3,"rock', "b.mp3,jazz"], r"after line 1: not CSV \(unexpected end"),
        (["path,genre", "a.mp3,\udc81"], "not a CSV file in a known encoding"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_a_line(music, run, tmp_path, lines, problem):
    text = "".join(f"{line}\n" for line in lines)
    (music / "list.csv").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DatasetError, match=problem) as caught:
        csv_list.find(music / "list.csv")
    assert str(caught.value).startswith(str(music / "list.csv"))
    output = tmp_path / "new" / "a.json"
    refusal(run(preprocess, "--tracks", music / "list.csv", "--output", output))
    assert not output.parent.exists()


@settings(max_examples=50, deadline=None)
@given(
    content=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: f"path,genre,part\n{text}".encode(errors="replace"))
)
def test_any_content_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError):  # no list so short names two songs that are there
        csv_list.find(path)


def test_places_that_are_not_there_are_named(music, run, tmp_path):
    path = write(music / "list.csv", "path,genre", "a.mp3,rock", "b.mp3,jazz")
    output = ("--output", tmp_path / "a.json")
    nowhere = tmp_path / "nowhere"
    assert f"{nowhere}: no such folder" in refusal(
        run(preprocess, "--tracks", path, "--dataset", nowhere, *output)
    )
    assert f"{music / 'x.csv'}: No such file" in refusal(
        run(preprocess, "--tracks", music / "x.csv", *output)
    )
    assert f"{music}: Is a directory" in refusal(run(preprocess, "--tracks", music, *output))


def test_a_list_of_genre_folders_gives_what_the_folders_give(corpus, segments_path, run, tmp_path):
    tracks = [path.relative_to(corpus).as_posix() for path in corpus.glob("*/*.wav")]
    path = write(tmp_path / "l.csv", "path,genre", *(f"{t},{t.split('/')[0]}" for t in tracks))
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--tracks", path, "--dataset", corpus, "--output", output)
    assert (ended.status, ended.err) == (0, "")
    assert output.read_bytes() == segments_path.read_bytes()


def test_songs_that_are_missing_or_broken_are_said_and_the_rest_is_done(run, tmp_path):
    for number, track in enumerate(["a.wav", "b.wav"]):
        soundfile.write(tmp_path / track, noise(3, seed=number), 22050)
    (tmp_path / "c.wav").write_text("no sound")
    lines = ("path,genre", "a.wav,rock", "b.wav,jazz", "c.wav,jazz", "d.wav,jazz")
    path = write(tmp_path / "list.csv", *lines)
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--tracks", path, "--output", output, "--workers", 1)
    assert ended.status == 1
    assert ended.out.startswith("2 tracks of 2 genres, 1 skipped: 2 segments")
    missing, skipped = ended.err.splitlines()
    assert missing == "1 of 4 listed files could not be found: d.wav"
    assert skipped.startswith("skipped c.wav: not readable as audio")
    assert [song["track"] for song in read(output)["skipped"]] == ["c.wav"]
    (tmp_path / "c.wav").unlink()
    write(path, *lines[:3], "d.wav,jazz")
    assert run(preprocess, "--tracks", path, "--output", output, "--workers", 1).status == 1
    assert run(preprocess, "--tracks", write(path, *lines[:3]), "--output", output).status == 0


def test_a_limit_takes_so_many_of_each_genre(corpus, run, tmp_path):
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", corpus, "--output", output, "--limit", 2)
    assert ended.status == 0
    assert ended.out.startswith("20 tracks of 10 genres, 0 skipped: 40 segments")


def test_the_artists_of_a_list_stand_on_one_side(corpus, run, tmp_path):
    tracks = [path.relative_to(corpus).as_posix() for path in sorted(corpus.glob("*/*.wav"))][:16]
    artist_of = {track: f"artist {number // 2}" for number, track in enumerate(tracks)}
    rows = (f"{track},{track.split('/')[0]},{artist}" for track, artist in artist_of.items())
    path = write(tmp_path / "list.csv", "path,genre,artist", *rows)
    data = tmp_path / "mfcc.json"
    run(preprocess, "--tracks", path, "--dataset", corpus, "--output", data)
    segments = segment_file.read(data)
    assert segments.artists == [artist_of[track] for track in segments.tracks]
    parts = splits.split(segments, "artist", seed=0).parts
    sides = {
        (segments.artists[track], part)
        for track, part in zip(segments.track_index, parts, strict=True)
    }
    assert len(sides) == 8  # each of eight artists in one part


def test_windows_paths_and_other_forms_of_accents_are_found(music, tmp_path):
    decomposed = unicodedata.normalize("NFD", "sub/é,f.ogg")
    (music / "back\\slash.mp3").touch()
    lines = ("path;genre", "sub\\c d.flac;jazz", f"{decomposed};jazz", "back\\slash.mp3;rock")
    songs, left_out, _ = csv_list.find(write(music / "list.csv", *lines, "no\\such.mp3;rock"))
    assert [song.track for song in songs] == ["sub/c d.flac", "sub/é,f.ogg", "back\\slash.mp3"]
    assert [song.path.exists() for song in songs] == [True] * 3
    assert left_out == ["no/such.mp3"]


def test_an_accent_written_in_two_ways_is_one_genre(music):
    lines = ("path,genre", "a.mp3,caf\u00e9", "b.mp3,cafe\u0301", "sub/c d.flac,Rock", "x.mp3,rock")
    songs, _, notes = csv_list.find(write(music / "list.csv", *lines))
    assert {song.genre for song in songs} == {"caf\u00e9", "Rock"}
    assert len(notes) == 1  # on x.mp3, and nothing on genres that no song has


def test_a_song_that_must_not_be_looked_at_is_not_called_missing(tmp_path, monkeypatch):
    stat = Path.stat

    def refuse(path, **options):
        if path.parent.name == "shut":
            raise PermissionError("Permission denied")  # as for all but root
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    (tmp_path / "list.csv").write_text("path,genre\nshut/a.wav,blues\nshut/b.wav,jazz\n")
    listing = csv_list.find(tmp_path / "list.csv")
    assert [song.track for song in listing.songs] == ["shut/a.wav", "shut/b.wav"]
    assert listing.left_out == listing.notes == []
