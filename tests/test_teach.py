"""From a library of tagged songs to a model of one's own."""

import csv
import shutil
from pathlib import Path

import mutagen
import pytest
from helpers import Run, refusal
from mutagen import id3

import config
import predict
import teach as script
from genre import cli, demo
from genre.model import card
from genre.segments import segment_file

# Three spellings of one genre, a song of two genres, and one song without a genre.
SPELLINGS = {
    "jazz": ("JAZZ", "jazz", "Jazz", "Jazz"),
    "metal": ("Metal", "Metal", "Metal; Jazz", ""),
}


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


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("store") / "store.sqlite"


@pytest.fixture
def teach(store, tmp_path, run, monkeypatch):
    """Teach a model in tmp_path/my model, for few epochs, with a store that all tests share."""
    monkeypatch.setattr(config, "EPOCHS", 10)

    def teach(*arguments: object) -> Run:
        return run(script, *arguments, "--output", tmp_path / "my model", "--store", store)

    return teach


@pytest.fixture
def mine(tmp_path) -> Path:
    return tmp_path / "my model"


def test_a_library_and_its_corrections_become_a_model(
    recordings, tmp_path, teach, mine, store, run
):
    songs, corrections = library(recordings, tmp_path / "songs"), tmp_path / "corrections.csv"
    elsewhere = str(shutil.copy(recordings[-1], tmp_path / "elsewhere.wav"))
    untagged = songs / "metal band 3" / "Album" / "metal.00003.wav"
    corrections.write_text(
        f"path,genre\n{untagged},metal\njazz band 0/Album/jazz.00000.wav,METAL\n"
        f"{elsewhere},Metal\ngone.wav,jazz\n"
    )
    ended = teach(songs, "--corrections", corrections, "--workers", 2)
    assert ended.status == 1, ended  # because of the song that is gone
    assert f"{corrections}, line 5: no such song: gone.wav" in ended.err.splitlines()
    assert "Jazz: 4 songs of Jazz (3), jazz (1)" in ended.err
    first, _, *notes, _, command, asking = ended.out.splitlines()
    assert "% of songs by artists that it had not heard (9 songs, 2 of 2 genres" in first
    assert "the artist of 1 is not known" in first
    assert any("1 of 9 tracks have several genres" in note for note in notes)
    assert command == f"  python predict.py {songs} --model '{mine}'"
    assert asking == f"{command} --ask 20 > ask.csv"
    saved = card.read(mine)
    assert saved.mapping == ["Jazz", "Metal"]
    assert (saved.split.name, saved.training["refit"], saved.reads) == ("artist", True, "spread")
    learnt = segment_file.read(mine / "songs.h5")
    same = [
        learnt.tracks.index(track) for track in (elsewhere, "metal band 3/Album/metal.00003.wav")
    ]
    assert len(set(learnt.same_recording[same])) == 1
    ended = run(predict, songs, "--model", mine, "--ask", 3, "--store", store)
    assert ended.status == 0, ended
    rows = list(csv.DictReader(ended.out.splitlines()))
    assert len({row["path"] for row in rows}) == 3
    assert all(Path(row["path"]).is_file() and row["answer"] and not row["genre"] for row in rows)


def test_a_genre_can_be_added_to_those_of_the_shipped_model(recordings, tmp_path, teach, mine):
    genres = ("Folk", "Folk", "Folk", "HEAVY METAL", "Hip-Hop")
    for number, path in enumerate(recordings[: len(genres)]):
        shutil.copy(path, tmp_path / f"{number}.wav")  # GTZAN's names would tell the artists
    listed = tmp_path / "folk.csv"
    rows = [f"{number}.wav,{genre}" for number, genre in enumerate(genres)]
    listed.write_text("\n".join(["path,genre", *rows]))
    rules = tmp_path / "map.csv"
    rules.write_text("from,to\nheavy metal,metal\ndisco,\n")
    ended = teach("--corrections", listed, "--add", "--genres", rules)
    assert ended.status == 0, ended
    assert "by artists that it may have heard, as no song's artist is known" in ended.out
    assert card.read(mine).mapping == [
        *("Folk", "Hip-Hop", "blues", "classical", "country", "jazz", "metal", "pop"),
        *("reggae", "rock"),
    ]
    assert card.read(mine).scores.tracks <= 5


def test_folders_are_genres_and_other_is_open(recordings, tmp_path, teach, mine, run):
    songs = tmp_path / "songs"
    for path in recordings:  # under names that are not GTZAN's, whose artists are known
        genre = "Other" if path.parent.name == "metal" else "jazz"
        place = songs / genre / f"{path.parent.name} {path.stem[-1]}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    ended = teach(songs, "--labels", "folders")
    assert ended.status == 0, ended
    assert "by artists that it may have heard" in ended.out
    assert card.read(mine).split.name == "track"
    assert card.read(mine).calibration.other == 0
    named = run(predict, songs / "Other", "--model", mine, "--no-store")
    assert all("Other?" in line or "jazz" in line for line in named.out.splitlines())


def test_songs_by_one_artist_train_without_a_test(recordings, tmp_path, teach, mine, run):
    songs = library(recordings, tmp_path / "songs")
    for path in songs.rglob("*.wav"):
        file = mutagen.File(path)
        file.tags.add(id3.TPE1(encoding=3, text="One Band"))
        file.save()
    ended = teach(songs)
    assert ended.status == 0, ended
    assert ended.out.startswith("not tested, because there are songs by 1 artist only\n")
    assert card.read(mine).scores is None
    named = run(predict, next(songs.rglob("*.wav")), "--model", mine, "--no-store")
    assert named.status == 0
    assert "teach: not tested" in named.err


def test_an_interrupted_training_leaves_the_earlier_model_and_its_embeddings(
    recordings, tmp_path, teach, mine, monkeypatch
):
    songs = library(recordings, tmp_path / "songs")
    mine.mkdir()
    before = {name: name.encode() for name in ("card.json", "model.onnx", "songs.h5")}
    for name, content in before.items():
        (mine / name).write_bytes(content)

    def interrupted(*_: object) -> None:
        assert len(list(mine.iterdir())) > len(before)  # the new embeddings, in a folder
        raise KeyboardInterrupt

    monkeypatch.setattr(script.experiment, "run", interrupted)
    assert teach(songs).status == cli.INTERRUPTED
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before


def test_a_full_disk_is_said_of_the_embeddings_and_leaves_no_folder(
    recordings, tmp_path, teach, mine, monkeypatch
):
    def full(_own: object, _more: object, output: Path, *_: object) -> None:
        raise OSError(28, "No space left on device", str(output))

    monkeypatch.setattr(script.embeddings, "write", full)
    songs = library(recordings, tmp_path / "songs")
    ended = teach(songs)
    problem = f"teach.py: {mine}/songs.h5: No space left on device"
    assert (ended.status, ended.err.splitlines()[-1]) == (2, problem)
    assert not mine.exists()


def test_a_library_without_genres_is_refused(recordings, tmp_path, teach, mine):
    songs = library(recordings, tmp_path / "songs", tagged=False)
    line = refusal(teach(songs))
    assert line.startswith(f"teach.py: {songs}: no genre in the tags of 8 songs; --labels folders")
    assert not mine.exists()


def test_too_few_songs_of_a_genre_are_refused(recordings, tmp_path, teach):
    songs = library(recordings[:5], tmp_path / "songs")  # one of metal
    assert refusal(teach(songs)) == (
        "teach.py: songs of two or more genres are needed, each with 3 or more; "
        "found Jazz (4), Metal (1)"
    )


def test_a_store_of_another_version_is_refused(recordings, tmp_path, mine, run):
    songs, other = library(recordings, tmp_path / "songs"), tmp_path / "other.sqlite"
    other.write_text("a diary")
    ended = run(script, songs, "--output", mine, "--store", other)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith(f"teach.py: {other}: not a store of embeddings")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name the folder with your songs, or a list of them"),
        (("--corrections", "x.csv", "--labels", "tags"), "--labels needs the folder"),
    ],
)
def test_wrong_options_are_refused(arguments, reason, teach):
    ended = teach(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert reason in ended.err.splitlines()[-1]
