"""The Million Song Dataset: tagtraum's genres, the artists, and the songs that a user has."""

from pathlib import Path

import pytest
import soundfile
from helpers import noise, refusal

import preprocess
from genre.errors import DatasetError
from genre.segments import segment_file
from genre.songs import msd

GENRES = """\
# a heading
#
TRAAAAA00000000001\tRock
TRABCDE00000000002\tNew Age\tFolk
TRXYZAB00000000003\tRap
"""
ARTISTS = """\
TRAAAAA00000000001<SEP>SOAAAAA00000000001<SEP>Someone, and Others<SEP>A Title
TRABCDE00000000002<SEP>SOAAAAA00000000002<SEP>Motörhead<SEP>Another
TRNOSUC0000000004F<SEP>SOAAAAA00000000004<SEP>Nobody<SEP>A Third
"""


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    """The file of genres and that of artists."""
    paths = tmp_path / "msd_tagtraum_cd2.cls", tmp_path / "unique_tracks.txt"
    for path, text in zip(paths, (GENRES, ARTISTS), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_songs_that_are_there_become_a_segment_file(files, tmp_path, run):
    for number, track in enumerate(["A/A/A/TRAAAAA00000000001", "X/Y/Z/TRXYZAB00000000003"]):
        path = tmp_path / "songs" / f"{track}.mp3"
        path.parent.mkdir(parents=True)
        soundfile.write(path, noise(3.2, seed=number), 22050, format="MP3")
    genres, artists = files
    output = tmp_path / "msd.json"
    ended = run(
        preprocess,
        *("--msd", genres, "--msd-artists", artists, "--dataset", tmp_path / "songs"),
        *("--output", output, "--workers", 1),
    )
    assert ended.status == 1
    missing = "1 of 3 listed files could not be found: A/B/C/TRABCDE00000000002.mp3"
    assert ended.err.splitlines() == [missing]
    segments = segment_file.read(output)
    assert segments.mapping == ["Rap", "Rock"]
    assert segments.tracks == ["X/Y/Z/TRXYZAB00000000003.mp3", "A/A/A/TRAAAAA00000000001.mp3"]
    assert segments.artists == ["", "Someone, and Others"]


@pytest.mark.parametrize(
    ("genres", "artists", "problem"),
    [
        ("TRAAAAA00000000001 Rock\n", ARTISTS, "line 1: not a track's number, a tab and a genre"),
        (f"{GENRES}\n../../x\tRock\n", ARTISTS, "line 7: not a track's number, a tab and a genre"),
        (GENRES, "TRAAAAA00000000001,Someone\n", "line 1: not number, song, artist and title"),
        (f"{GENRES}TRAAAAA00000000001\tRap\n", ARTISTS, "line 6: .* is also in line 3"),
        (GENRES, ARTISTS, "none of the 3 listed files could be found"),
        (GENRES, "\udcff", "not text in UTF-8"),
    ],
)
def test_other_files_are_refused(files, tmp_path, genres, artists, problem):
    for path, text in zip(files, (genres, artists), strict=True):
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DatasetError, match=problem):
        msd.find(files[0], tmp_path, artists=files[1])


def test_options_that_do_not_fit_are_refused(files, tmp_path, run):
    genres, artists = files
    for arguments, problem in {
        ("--msd", genres): "--msd needs --dataset",
        ("--msd-artists", artists, "--dataset", tmp_path): "--msd-artists is for --msd",
    }.items():
        ended = run(preprocess, "--output", tmp_path / "a.json", *arguments)
        assert ended.status == 2
        assert problem in ended.err
    nowhere = ("--msd", tmp_path / "no.cls", "--dataset", tmp_path)
    assert "no.cls: No such file" in refusal(run(preprocess, *nowhere))
