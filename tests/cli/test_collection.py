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
from genre.collection import page, tags
from genre.demo import synth
from genre.features.tags import shown
from genre.songs.file_tags import GENRE


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
    """Predict with a network that is certain of all songs, or finds each of them either or open."""

    def name(*arguments: object, verdict: str = "sure") -> Run:
        model = tmp_path / f"model-{verdict}"
        if not model.exists():
            shutil.copytree(network, model)
            limits = {"sure": verdict != "sure", "either": verdict == "open"}
            edit_card(model, calibration={"tracks": 500} | {k: float(v) for k, v in limits.items()})
        return run(predict, "--model", model, "--workers", 1, *arguments)

    return name


def genre_of(path: Path) -> str:
    return "; ".join(tags.read(path).genres)


def rows_of(ended: Run) -> dict[str, dict]:
    """The rows of a run with --format json, by the names of the files."""
    rows = map(json.loads, ended.out.splitlines())
    return {Path(row["song"]).name: row for row in rows}


def test_tags_are_written_where_none_are_and_the_model_is_sure(name, library):
    song, other = library / "one.flac", library / "two.flac"
    before = song.read_bytes()
    for verdict in ("either", "open"):
        unsure = name(library, "--write-tags", verdict=verdict)
        assert "0 written, 0 kept as they were, 2 not written because the model" in unsure.err
    assert song.read_bytes() == before
    tags.write(other, {GENRE: ["polka"]})
    ended = name(library, "--write-tags", "--format", "json")
    assert ended.status == 1  # of the broken file
    assert "tags: 1 written, 1 kept as they were" in ended.err
    rows = rows_of(ended)
    assert genre_of(song) == rows["one.flac"]["genre"]
    assert genre_of(other) == "polka"
    name(library, "--write-tags", "--overwrite-tags")
    assert genre_of(other) == rows["two.flac"]["genre"]


def test_a_dry_run_prints_what_would_change(name, library):
    tags.write(library / "two.flac", {GENRE: ["polka", "ska"]})
    before = [path.read_bytes() for path in sorted(library.iterdir())]
    named = rows_of(name(library, "--format", "json"))
    ended = name(library, "--write-tags", "--dry-run")
    rows = [f"{library / 'one.flac'},genre,,{named['one.flac']['genre']}"]
    assert ended.out.splitlines() == ["song,tag,old,new", *rows]
    assert "tags: 1 to write, 1 kept as they were" in ended.err
    ended = name(library, "--write-tags", "--overwrite-tags", "--dry-run")
    rows.append(f"{library / 'two.flac'},genre,polka; ska,{named['two.flac']['genre']}")
    assert ended.out.splitlines()[1:] == rows
    assert [path.read_bytes() for path in sorted(library.iterdir())] == before


def test_two_genres_are_two_values_if_that_is_asked_for(name, library):
    ended = name(library, "--write-tags", "--write-either", "--format", "json", verdict="either")
    rows = rows_of(ended)
    for song, row in rows.items():
        assert row["verdict"] == "either"
        assert tags.read(library / song).genres == tuple(row["genres"])
    assert "tags: 2 written, 0 kept as they were, 0 not written" in ended.err


def test_a_map_names_the_genres_in_tags_and_playlists(name, library, tmp_path):
    song, rules, lists = library / "one.flac", tmp_path / "map.csv", tmp_path / "lists"
    genre = rows_of(name(song, "--format", "json"))[song.name]["genre"]
    asked = (song, "--write-tags", "--genres", rules, "--playlists", lists)
    rules.write_text(f"from,to\n{genre},\nzouk,Zouk\n")
    ended = name(*asked)
    assert "map.csv: the model has no genre zouk" in ended.err
    assert "tags: 0 written, 0 kept as they were, 0 not written" in ended.err
    assert "1 left out by the map" in ended.err
    assert genre_of(song) == ""
    assert not lists.exists()
    rules.write_text(f"from,to\n{genre.upper()},As Players Say\n")
    assert "tags: 1 written" in name(*asked).err
    assert genre_of(song) == "As Players Say"
    assert [path.name for path in lists.iterdir()] == ["As Players Say.m3u8"]
    rules.write_text("from\nrock\n")
    ended = name(*asked)
    assert ended.status == 2
    assert ended.err.splitlines()[-1].startswith(f"predict.py: {rules}: ")


def test_what_else_is_heard_becomes_tags_and_playlists(run, library, tmp_path):
    """With the pretrained model: others hear no tags."""
    lists = tmp_path / "lists"
    (library / "broken.mp3").unlink()
    options = ("--write-sound-tags", "--workers", 1)
    ended = run(predict, library, *options, "--playlists", lists, "--tags", "--format", "json")
    assert ended.status == 0
    heard = {song: shown(row["tags"]) for song, row in rows_of(ended).items()}
    assert any(heard.values())
    for song, names in heard.items():
        found = tags.read(library / song)
        assert {*found.moods, *found.sounds} == {*names}
        assert found.genres == ()
    files = {path.stem: path.read_text() for path in (lists / "tags").iterdir()}
    assert set(files) == {tag for names in heard.values() for tag in names}
    assert all(song in files[tag] for song, names in heard.items() for tag in names)
    again = run(predict, library, *options)
    assert "sound tags: 0 written, " in again.err


def test_a_model_without_tags_cannot_write_any(name, library):
    ended = name(library, "--write-sound-tags")
    assert ended.status == 2
    line = "predict.py: --write-sound-tags: this model hears no tags; one on musicnn does"
    assert ended.err.splitlines()[-1] == line


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

    def write_once(path: Path, _texts: dict) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)

    monkeypatch.setattr(tags, "write", write_once)
    ended = name(library / "one.flac", library / "two.flac", "--write-tags")
    assert ended.status == 130
    assert "tags: 1 written" in ended.err
    assert written == [library / "one.flac"]


def test_a_playlist_that_cannot_be_written_hides_no_other(name, library, tmp_path):
    lists = tmp_path / "lists"
    (lists / "open.m3u8").mkdir(parents=True)
    ended = name(library / "one.flac", "--playlists", lists, verdict="open")
    assert ended.status == 1
    assert "open.m3u8: Is a directory" in ended.err
    assert "0 playlists in" in ended.err


def test_playlists_and_a_page_hold_the_songs(name, library, tmp_path):
    page = tmp_path / "page.html"
    ended = name(library, "--playlists", tmp_path / "lists", "--report", page, verdict="open")
    assert ended.status == 1
    playlist = (tmp_path / "lists" / "open.m3u8").read_text(encoding="utf-8")
    assert playlist == "#EXTM3U\n../library/one.flac\n../library/two.flac\n"
    text = page.read_text(encoding="utf-8")
    assert text.count(".flac") == 2
    assert "broken.mp3" in text and "not readable as audio" in text


def test_songs_that_are_either_of_two_genres_have_a_playlist_of_these(name, library, tmp_path):
    ended = name(library, "--playlists", tmp_path, "--format", "json", verdict="either")
    for song, row in rows_of(ended).items():
        playlist = tmp_path / f"{' or '.join(sorted(row['genres']))}.m3u8"
        assert f"library/{song}\n" in playlist.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_hides_no_playlist(name, library, tmp_path, monkeypatch):
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "_write_neighbours", fail)
    place, lists = tmp_path / "page.html", tmp_path / "lists"
    ended = name(library / "one.flac", "--report", place, "--playlists", lists)
    assert ended.status == 1
    assert f"{place}: No space left on device" in ended.err.splitlines()
    assert "1 playlists in" in ended.err
    assert not place.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dry-run",), "--dry-run needs --write-tags or --write-sound-tags"),
        (("--write-either",), "--write-either needs --write-tags"),
        (("--tags",), "--tags needs --playlists"),
        (("--genres", "map.csv"), "--genres needs --write-tags or --playlists"),
        (("--write-tags", "--dry-run", "--format", "csv"), "--dry-run prints csv of its own"),
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
    tags.write(moved, {GENRE: ["blues"]})
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
