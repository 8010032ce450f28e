"""From a library of tagged songs to a model of one's own."""

import shutil
from dataclasses import replace
from pathlib import Path

import mutagen
import pytest
from helpers import made_up_segments, refusal, shell
from mutagen import id3

import teach
from genre import demo
from genre.model import card

# Three spellings of one genre, and one song without a genre.
SPELLINGS = {"jazz": ("JAZZ", "jazz", "Jazz", "Jazz"), "metal": ("Metal", "Metal", "Metal", "")}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("recordings")
    return demo.write_corpus(folder, tracks_per_genre=4, seconds=4, genres=tuple(SPELLINGS))


def library(recordings: list[Path], folder: Path, *, tagged: bool = True) -> Path:
    """Copy songs to Artist/Album folders, with tags."""
    for path in recordings:
        number, genre = int(path.stem[-5:]), path.parent.name
        artist = f"{genre} band {number}"
        place = folder / artist / "Album" / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        if tagged:
            file = mutagen.File(place)
            file.add_tags()
            file.tags.add(id3.TPE1(encoding=3, text=artist))
            if name := SPELLINGS[genre][number]:
                file.tags.add(id3.TCON(encoding=3, text=name))
            file.save()
    return folder


def test_a_model_learns_the_genres_of_a_library_and_its_corrections(recordings, tmp_path):
    songs, mine = library(recordings, tmp_path / "songs"), tmp_path / "mine"
    corrections = tmp_path / "corrections.csv"
    untagged = songs / "metal band 3" / "Album" / "metal.00003.wav"
    corrections.write_text(
        f"path,genre\n{untagged},Metal\njazz band 0/Album/jazz.00000.wav,Metal\n"
    )
    ended = shell("teach.py", songs, "--corrections", corrections, "--output", mine)
    assert ended.status == 0, ended
    first, *_, command = ended.out.splitlines()
    assert first.endswith("% of songs by artists that it had not heard: 8 songs, 2 genres")
    assert command == f"  python predict.py {songs} --model {mine}"
    assert "jazz (1)" in ended.err  # the spellings that were merged
    saved = card.read(mine)
    assert saved.mapping == ["Jazz", "Metal"]
    assert (saved.split.name, saved.training["refit"]) == ("artist", True)
    tested = {genre: scores.tracks for genre, scores in saved.scores.genres.items()}
    assert tested == {"Jazz": 3, "Metal": 5}
    named = shell("predict.py", untagged, "--model", mine, "--format", "csv", "--no-store")
    assert named.status == 0, named


def test_folders_without_artists_are_tested_by_track_and_said_to_be(recordings, tmp_path):
    songs, mine = tmp_path / "songs", tmp_path / "mine"
    for path in recordings:  # under names that are not GTZAN's, whose artists are known
        place = songs / path.parent.name / f"song {path.stem[-1]}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    ended = shell("teach.py", songs, "--labels", "folders", "--output", mine)
    assert ended.status == 0, ended
    assert (
        "cannot be tested on artists that it has not heard: no song's artist is known" in ended.err
    )
    assert "by artists that it may have heard" in ended.out
    assert card.read(mine).split.name == "track"


def test_one_artist_a_genre_is_tested_by_track(capsys):
    segments = made_up_segments([4, 4])
    protocol, runs = teach.planned(replace(segments, artists=["a"] * 4 + ["b"] * 4))
    assert (protocol.split, len(runs)) == ("track", teach.FOLDS + 1)
    assert capsys.readouterr().err == (
        "cannot be tested on artists that it has not heard: split artist: no genre has tracks of "
        "two artists\n"
    )


def test_a_library_without_genres_is_refused(recordings, tmp_path):
    songs = library(recordings, tmp_path / "songs", tagged=False)
    line = refusal(shell("teach.py", songs, "--output", tmp_path / "mine"))
    assert line.startswith(f"teach.py: {songs}: no genre in the tags of 8 songs")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone.mp3,jazz", "no such file"),
        ("/etc/hostname,jazz", "is not in"),
        ("jazz band 0/Album/jazz.00000.wav,", "no genre"),
    ],
)
def test_a_wrong_correction_is_refused(recordings, tmp_path, row, reason):
    songs = library(recordings, tmp_path / "songs")
    corrections = tmp_path / "corrections.csv"
    corrections.write_text(f"path,genre\n{row}\n")
    line = refusal(
        shell("teach.py", songs, "--corrections", corrections, "--output", tmp_path / "m")
    )
    assert line.startswith(f"teach.py: {corrections}, line 2: ")
    assert reason in line


def test_too_few_songs_of_a_genre_are_refused(recordings, tmp_path):
    songs = library(recordings[:5], tmp_path / "songs")  # one of metal
    ended = shell("teach.py", songs, "--output", tmp_path / "mine")
    assert refusal(ended) == (
        "teach.py: songs of two or more genres are needed, each with 3 or more; "
        "found Jazz (4), Metal (1)"
    )
