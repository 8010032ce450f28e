"""What predict.py and similar.py make of a library: tags, playlists, a page, similar songs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from helpers import Run, edit_card, refusal

import predict
import similar
from genre.collection import tags
from genre.demo import synth


@pytest.fixture
def library(tmp_path) -> Path:
    """Two songs as flac, and a file that is none."""
    folder = tmp_path / "library"
    folder.mkdir()
    for name, genre in (("one", "blues"), ("two", "metal")):
        soundfile.write(folder / f"{name}.flac", synth.make_track(genre, 7, seconds=6), 22050)
    (folder / "broken.mp3").write_text("no song")
    return folder


@pytest.fixture
def name(network, tmp_path, run) -> Callable[..., Run]:
    """Predict with a network that is certain of all songs, or of none."""

    def name(*arguments: object, certain: bool = True) -> Run:
        model = tmp_path / f"certain-{certain}"
        if not model.exists():
            shutil.copytree(network, model)
            edit_card(model, calibration={"tracks": 500, "sure": 0.0 if certain else 1.0})
        return run(predict, "--model", model, "--workers", 1, *arguments)

    return name


def test_tags_are_written_where_none_are_and_the_answer_is_certain(name, library):
    song, other = library / "one.flac", library / "two.flac"
    before = song.read_bytes()
    unsure = name(library, "--write-tags", certain=False)
    assert "0 written, 0 kept as they were, 2 not written because uncertain" in unsure.err
    dry = name(library, "--write-tags", "--dry-run")
    assert f"{song}: would be tagged" in dry.err
    assert song.read_bytes() == before
    tags.write_genre(other, "polka")
    ended = name(library, "--write-tags", "--format", "json")
    assert ended.status == 1  # of the broken file
    assert "tags: 1 written, 1 kept as they were" in ended.err
    genres = {
        Path(row["song"]).name: row["genre"] for row in map(json.loads, ended.out.split("\n")[:-1])
    }
    assert tags.read_genre(song) == genres["one.flac"]
    assert tags.read_genre(other) == "polka"
    name(library, "--write-tags", "--overwrite-tags")
    assert tags.read_genre(other) == genres["two.flac"]


def test_a_file_that_takes_no_tags_is_reported(name, library, tmp_path):
    soundfile.write(library / "plain.au", synth.make_track("jazz", 7, seconds=6), 22050)
    lists = tmp_path / "lists"
    songs = library / "plain.au", library / "one.flac"
    ended = name(*songs, "--write-tags", "--playlists", lists)
    assert ended.status == 1
    assert "plain.au: not tagged: " in ended.err
    assert "1 written" in ended.err
    listed = "".join(path.read_text(encoding="utf-8") for path in lists.iterdir())
    assert "plain.au" in listed
    assert "one.flac" in listed


def test_tags_are_written_as_songs_are_named(name, library, monkeypatch):
    written = []

    def write_once(path: Path, _genre: str) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)

    monkeypatch.setattr(tags, "write_genre", write_once)
    ended = name(library / "one.flac", library / "two.flac", "--write-tags")
    assert ended.status == 130
    assert "tags: 1 written" in ended.err
    assert written == [library / "one.flac"]


def test_a_playlist_that_cannot_be_written_hides_no_other(name, library, tmp_path):
    lists = tmp_path / "lists"
    (lists / "uncertain.m3u8").mkdir(parents=True)
    ended = name(library / "one.flac", "--playlists", lists, certain=False)
    assert ended.status == 1
    assert "uncertain.m3u8: Is a directory" in ended.err
    assert "0 playlists in" in ended.err


def test_playlists_and_a_page_hold_the_songs(name, library, tmp_path):
    page = tmp_path / "page.html"
    ended = name(library, "--playlists", tmp_path / "lists", "--report", page, certain=False)
    assert ended.status == 1
    playlist = (tmp_path / "lists" / "uncertain.m3u8").read_text(encoding="utf-8")
    assert playlist == "#EXTM3U\n../library/one.flac\n../library/two.flac\n"
    text = page.read_text(encoding="utf-8")
    assert text.count(".flac") == 2
    assert "broken.mp3" in text and "not readable as audio" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dry-run",), "--dry-run needs --write-tags"),
        (("--skip-done", "x.csv", "--report", "x.html"), "leave out --skip-done"),
        (("--report", "x.MP3"), "has the name of a song"),
        (
            ("--report", "x.csv", "--segments", "x.csv"),
            "--report and --segments name the same file",
        ),
        (("--skip-done", "x.csv", "--segments", "x.csv"), "name the same file"),
        (("--count", "2", "--format", "csv"), "csv has a column for each genre"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, words, name, library):
    assert words in name(library, *options).err


def test_similar_songs_are_found_and_heard_once(run, library, tmp_path):
    soundfile.write(library / "like.flac", 0.1 * synth.make_track("blues", 8, seconds=6), 22050)
    options = ("--library", library, "--store", tmp_path / "store.sqlite", "--workers", 1)
    song = library / "one.flac"
    first = run(similar, "--input", song, *options, "--format", "json")
    assert first.status == 1
    assert "broken.mp3: not readable as audio" in first.err
    rows = [json.loads(line) for line in first.out.splitlines()]
    assert [Path(row["song"]).name for row in rows] == ["like.flac", "two.flac"]
    assert [row["rank"] for row in rows] == [1, 2]
    assert rows[0]["similarity"] > rows[1]["similarity"]
    (library / "broken.mp3").unlink()
    moved = (library / "like.flac").rename(library / "moved.flac")
    tags.write_genre(moved, "blues")
    shutil.copy(song, library / "copy.flac")
    again = run(similar, "--input", song, *options, "--count", 1)
    assert (again.status, again.err) == (0, "")
    assert again.out.endswith(f" %  (blues)  {moved}\n")


def test_a_way_between_two_songs_becomes_a_playlist(run, library, tmp_path):
    (library / "broken.mp3").unlink()
    soundfile.write(library / "between.flac", synth.make_track("rock", 7, seconds=6), 22050)
    ends = (library / "one.flac", library / "two.flac")
    playlist = tmp_path / "lists" / "way.m3u8"
    options = ("--library", library, "--no-store", "--workers", 1, "--playlist", playlist)
    ended = run(similar, "--path", *ends, *options, "--format", "csv")
    assert ended.status == 0
    header, row = ended.out.splitlines()
    assert header == "rank,song,similarity,percentile,artist,title,genre"
    assert row.startswith(f"1,{library / 'between.flac'},")
    names = ("one", "between", "two")
    expected = ["#EXTM3U", *(f"../library/{name}.flac" for name in names)]
    assert playlist.read_text(encoding="utf-8").splitlines() == expected


def test_a_song_that_cannot_be_used_is_refused_before_the_library_is_heard(run, library, tmp_path):
    options = ("--library", library, "--store", tmp_path / "store.sqlite")
    line = refusal(run(similar, "--input", library / "broken.mp3", *options))
    assert "broken.mp3: not readable as audio" in line


def test_a_file_that_is_no_store_is_refused_by_similar(run, library):
    song = library / "one.flac"
    line = refusal(run(similar, "--library", library, "--input", song, "--store", song))
    assert line.startswith(f"similar.py: {song}: not a store")
