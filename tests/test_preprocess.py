"""From a folder of songs to a segment file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import librosa
import mutagen
import numpy as np
import pytest
import soundfile
import threadpoolctl
from helpers import GTZAN, ROOT, librosa_mfcc, noise, refusal, shell

import config
import preprocess
from genre import demo, features
from genre.demo import synth
from genre.features.settings import Settings
from genre.segments import segment_file

SPAWN = """\
import multiprocessing, sys
import preprocess
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(preprocess.main(sys.argv[1:]))
"""


@pytest.fixture
def songs(tmp_path) -> Path:
    """A data set of three songs in two genres, of two segments each."""
    for number, track in enumerate(["jazz/a.wav", "jazz/b.flac", "rock/c.ogg"]):
        path = tmp_path / "songs" / track
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, noise(6, seed=number), 22050)
    return tmp_path / "songs"


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_file_holds_every_segment_with_the_values_of_librosa(corpus, segments_path):
    content = read(segments_path)
    assert content["schema"] == 1
    assert content["feature"] == "mfcc"
    assert content["settings"] == GTZAN.to_dict()
    assert content["mapping"] == sorted(folder.name for folder in corpus.iterdir())
    assert content["tracks"] == sorted(
        path.relative_to(corpus).as_posix() for path in corpus.glob("*/*.wav")
    )
    assert len(content["tracks"]) == 40
    assert content["skipped"] == []
    frames = np.array(content["mfcc"])
    assert frames.shape == (80, 130, 13)
    assert content["track_index"] == np.repeat(range(40), 2).tolist()
    for segment in (0, 1, 37, 79):
        track = content["tracks"][content["track_index"][segment]]
        assert content["mapping"][content["labels"][segment]] == Path(track).parts[0]
        samples, _ = librosa.load(corpus / track, sr=22050)
        expected = librosa_mfcc(samples[:132300].reshape(2, 66150)[segment % 2])
        np.testing.assert_allclose(frames[segment], expected, rtol=0, atol=1e-3)


def test_any_number_of_workers_writes_the_same_bytes(corpus, segments_path, tmp_path):
    output = tmp_path / "mfcc.json"
    ended = shell("preprocess.py", "--dataset", corpus, "--output", output, "--workers", 2)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("40 tracks of 10 genres, 0 skipped: 80 segments of shape (130, 13)")
    assert str(output) in ended.out
    assert output.read_bytes() == segments_path.read_bytes()


def test_workers_that_start_by_spawn(songs, tmp_path):
    (tmp_path / "spawn.py").write_text(SPAWN)
    command = [sys.executable, tmp_path / "spawn.py", "--dataset", songs, "--workers", "2"]
    ended = subprocess.run(
        [*command, "--output", tmp_path / "mfcc.json"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(read(tmp_path / "mfcc.json")["mfcc"]) == 6


def test_unusable_songs_are_reported_and_stand_in_the_file(songs, run, tmp_path):
    (songs / "jazz" / "broken.mp3").write_bytes(b"not music" * 100)
    (songs / "rock" / "empty.wav").touch()
    not_numbers = np.full(22050 * 4, np.nan)
    soundfile.write(songs / "rock" / "undefined.wav", not_numbers, 22050, subtype="FLOAT")
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", songs, "--output", output, "--workers", 1)
    assert ended.status == 1
    assert ended.out.startswith("3 tracks of 2 genres, 3 skipped: 6 segments")
    skipped = {song["track"]: song["reason"] for song in read(output)["skipped"]}
    assert list(skipped) == [
        "jazz/broken.mp3",
        "rock/empty.wav",
        "rock/undefined.wav",
    ]
    assert "not readable as audio" in skipped["jazz/broken.mp3"]
    assert "empty" in skipped["rock/empty.wav"]
    assert "not numbers" in skipped["rock/undefined.wav"]
    lines = [f"skipped {track}: {reason}" for track, reason in skipped.items()]
    assert ended.err.splitlines() == lines
    assert read(output)["tracks"] == ["jazz/a.wav", "jazz/b.flac", "rock/c.ogg"]


def test_short_songs_are_repeated_and_named(songs, run, tmp_path):
    soundfile.write(songs / "rock" / "short.wav", noise(1), 22050)
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", songs, "--output", output, "--workers", 2)
    assert ended.status == 0
    assert ended.out.startswith("4 tracks of 2 genres, 0 skipped: 7 segments")
    assert ended.err == (
        "1 tracks are shorter than one segment and were repeated to fill it: rock/short.wav\n"
    )


def test_duplicates_are_named(songs, run, tmp_path):
    shutil.copy(songs / "jazz" / "a.wav", songs / "jazz" / "a (1).wav")
    samples, rate = soundfile.read(songs / "jazz" / "b.flac", dtype="int16")
    soundfile.write(songs / "rock" / "b.wav", samples, rate)
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", songs, "--output", output, "--workers", 1)
    assert ended.status == 0
    assert ended.err.splitlines() == [
        "duplicates of other tracks (the same recording, whole or in part): 2; every split keeps "
        "them in one part: jazz/a.wav = jazz/a (1).wav",
        "duplicates under another genre: rock/b.wav = jazz/b.flac",
    ]


def test_folders_called_train_and_test_become_the_given_parts(songs, run, tmp_path):
    for part in ("train", "test"):
        shutil.copytree(songs, tmp_path / "parted" / part)
    soundfile.write(tmp_path / "parted" / "train" / "loose.wav", noise(3), 22050)
    output = tmp_path / "mfcc.json"
    arguments = ("--output", output, "--workers", 1)
    ended = run(preprocess, "--dataset", tmp_path / "parted", *arguments)
    assert ended.status == 1  # for loose.wav
    assert [line.split(":")[0] for line in ended.err.splitlines()[:2]] == [
        "test, train",
        "1 songs are in no genre's folder",
    ]
    segments = segment_file.read(output)
    assert segments.mapping == ["jazz", "rock"]
    assert segments.parts == ["test", "test", "train", "train", "test", "train"]


def test_what_is_no_song_changes_nothing(songs, run, tmp_path):
    run(preprocess, "--dataset", songs, "--output", tmp_path / "a.json", "--workers", 1)
    (songs / "jazz" / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    (songs / "jazz" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (songs / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    ended = run(preprocess, "--dataset", songs, "--output", tmp_path / "b.json", "--workers", 1)
    assert (ended.status, ended.err) == (0, "")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_folders_within_a_genre_and_capital_suffixes(songs, run, tmp_path):
    (songs / "rock" / "live").mkdir()
    soundfile.write(songs / "rock" / "live" / "D.WAV", noise(3), 22050)
    output = tmp_path / "mfcc.json"
    assert run(preprocess, "--dataset", songs, "--output", output, "--workers", 1).status == 0
    assert read(output)["tracks"][-1] == "rock/live/D.WAV"
    assert read(output)["labels"] == [0, 0, 0, 0, 1, 1, 1]


def test_a_name_that_is_no_text_stops_nothing(songs, run, tmp_path):
    try:
        shutil.copy(songs / "jazz" / "a.wav", os.fsencode(songs / "jazz") + b"/\xff.wav")
    except OSError:
        pytest.skip("this file system takes no such names")
    output = tmp_path / "mfcc.json"
    assert run(preprocess, "--dataset", songs, "--output", output, "--workers", 1).status in (0, 1)
    assert len(read(output)["tracks"]) + len(read(output)["skipped"]) == 4


def test_settings_come_from_the_configuration(songs, run, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "N_MFCC", 20)
    monkeypatch.setattr(config, "TRACK_SECONDS", 2)
    monkeypatch.setattr(config, "SEGMENTS_PER_TRACK", 4)
    output = tmp_path / "mfcc.json"
    run(preprocess, "--dataset", songs, "--output", output, "--workers", 1)
    settings = {"track_seconds": 2, "segments_per_track": 4, "n_mfcc": 20}
    assert read(output)["settings"] == GTZAN.to_dict() | settings
    assert np.array(read(output)["mfcc"]).shape == (12, 1 + 11025 // 512, 20)


def test_a_data_set_that_cannot_be_used_is_refused_and_nothing_is_written(songs, run, tmp_path):
    empty, one_genre, unusable = (tmp_path / name for name in ("empty", "one", "unusable"))
    empty.mkdir()
    shutil.copytree(songs / "jazz", one_genre / "jazz")
    for genre in ("jazz", "rock"):
        (unusable / genre).mkdir(parents=True)
        (unusable / genre / "a.wav").write_text("not music")
    for dataset, reason in {
        tmp_path / "missing": "no such folder",
        songs / "jazz" / "a.wav": "not a folder",
        empty: "no audio",
        one_genre: "audio only in jazz/",
        unusable: "2 songs skipped, first jazz/a.wav: not readable as audio",
    }.items():
        output = tmp_path / "output" / "mfcc.json"
        ended = run(preprocess, "--dataset", dataset, "--output", output, "--workers", 1)
        assert reason in refusal(ended)
        assert not output.exists()


def test_failing_and_being_interrupted_leave_the_old_file(songs, run, tmp_path, monkeypatch):
    output = tmp_path / "output" / "mfcc.json"
    output.parent.mkdir()
    output.write_text("old")
    arguments = ("--output", output, "--workers", 1)
    refusal(run(preprocess, "--dataset", tmp_path / "output", *arguments))

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(features, "of_track", interrupted)
    assert run(preprocess, "--dataset", songs, *arguments).status == 130
    assert output.read_text() == "old"
    assert list(output.parent.iterdir()) == [output]


def test_the_usual_places_are_looked_at_in_turn(songs, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("--output", "out.json", "--workers", 1)
    ended = run(preprocess, *arguments)
    assert (ended.status, ended.out) == (2, "")
    for source in ("andradaolteanu/gtzan", "marsyas/gtzan", "TempoBeatDownbeat/gtzan_mini"):
        assert source in ended.err
    assert "--dataset" in ended.err
    assert not Path("out.json").exists()
    for number, place in enumerate(["genres", "genres_original", "Data/genres_original"]):
        shutil.copytree(songs, place)
        shutil.copy(songs / "rock" / "c.ogg", Path(place) / "rock" / f"{number}.ogg")
        assert run(preprocess, *arguments).status == 0
        assert f"rock/{number}.ogg" in read(Path("out.json"))["tracks"]


@pytest.mark.parametrize(
    "arguments",
    [("--workers", "0"), ("--workers", "-1"), ("--workers", "two"), ("--nonsense",), ("songs",)],
)
def test_wrong_options_are_refused(arguments, songs, run, tmp_path):
    ended = run(preprocess, "--dataset", songs, "--output", tmp_path / "mfcc.json", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: preprocess.py")
    assert not (tmp_path / "mfcc.json").exists()


def test_a_name_that_is_no_segment_files_is_refused_before_the_work(songs, run, tmp_path):
    ended = run(preprocess, "--dataset", songs, "--output", tmp_path / "mfcc.txt")
    assert ".json or .h5" in refusal(ended)


def test_hdf5_holds_the_same(songs, run, tmp_path):
    for suffix in (".json", ".h5"):
        output = tmp_path / f"mfcc{suffix}"
        assert run(preprocess, "--dataset", songs, "--output", output, "--workers", 1).status == 0
    of_json, of_hdf5 = (segment_file.read(tmp_path / f"mfcc{s}") for s in (".json", ".h5"))
    np.testing.assert_array_equal(of_json.frames, of_hdf5.frames)
    assert of_json.tracks == of_hdf5.tracks
    assert of_json.settings == of_hdf5.settings


def test_a_hundred_tracks_of_gtzan(real_data, tmp_path):
    output = tmp_path / "mfcc.json"
    ended = shell("preprocess.py", "--dataset", real_data / "gtzan_mini", "--output", output)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("100 tracks of 10 genres, 0 skipped: 999 segments")
    content = read(output)
    assert np.array(content["mfcc"]).shape == (999, 130, 13)
    assert content["mapping"] == [
        *("blues", "classical", "country", "disco", "hiphop"),
        *("jazz", "metal", "pop", "reggae", "rock"),
    ]
    counts = np.bincount(content["track_index"])
    short = {content["tracks"][i]: int(counts[i]) for i in np.flatnonzero(counts != 10)}
    assert short == {"country/country.00007.wav": 9}


def test_the_unreadable_file_of_gtzan_is_skipped(real_data, run, tmp_path):
    songs = {
        "blues": "gtzan_mini/blues/blues.00000.wav",
        "jazz": "gtzan_mini/jazz/jazz.00000.wav",
    }
    for genre, song in songs.items():
        (tmp_path / "songs" / genre).mkdir(parents=True)
        shutil.copy(real_data / song, tmp_path / "songs" / genre)
    shutil.copy(real_data / "bad" / "jazz.00054.wav", tmp_path / "songs" / "jazz")
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", tmp_path / "songs", "--output", output, "--workers", 1)
    assert ended.status == 1
    (song,) = read(output)["skipped"]
    assert song["track"] == "jazz/jazz.00054.wav"
    assert ended.err == f"skipped jazz/jazz.00054.wav: {song['reason']}\n"
    assert np.array(read(output)["mfcc"]).shape == (20, 130, 13)


@pytest.mark.parametrize(
    ("feature", "flags", "shape"),
    [
        ("mel", ["--segments", 5, "--hop-length", 1024, "--n-mels", 40], (130, 40)),
        ("mfcc+centroid+contrast", ["--n-fft", 1024], (130, 21)),
    ],
)
def test_other_features_and_settings_go_to_the_file(
    feature, flags, shape, songs, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ended = run(preprocess, "--dataset", songs, "--workers", 1, "--feature", feature, *flags)
    assert ended.status == 0
    segments = segment_file.read(tmp_path / "output" / f"{feature}.json")
    assert segments.feature == feature
    assert segments.frames.shape[1:] == shape
    settings = Settings.from_dict(segments.settings)
    with threadpoolctl.threadpool_limits(1):  # several threads round differently
        frames = [
            features.of_track(songs / track, feature, settings).frames for track in segments.tracks
        ]
    np.testing.assert_array_equal(segments.frames, np.concatenate(frames))


def test_an_hdf5_file_holds_the_same_in_fewer_bytes(songs, run, tmp_path):
    frames, sizes = {}, {}
    for name, flags in {
        "a.json": [],
        "b.h5": [],
        "c.h5": ["--dtype", "float16"],
    }.items():
        output = tmp_path / name
        flags = ["--feature", "mel", "--workers", 1, *flags]
        assert run(preprocess, "--dataset", songs, "--output", output, *flags).status == 0
        frames[name] = segment_file.read(output).frames[:]
        sizes[name] = output.stat().st_size
    np.testing.assert_array_equal(frames["b.h5"], frames["a.json"])
    np.testing.assert_array_equal(frames["c.h5"], frames["a.json"].astype(np.float16))
    assert sizes["a.json"] > 2 * sizes["b.h5"] > 3 * sizes["c.h5"]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--feature", "loudness"], "'loudness' is not a feature; features are mfcc, mel"),
        (["--feature", "mfcc+"], "'' is not a feature"),
        (["--feature", "mel", "--n-fft", 256], "128 mel bands are too many for windows of 256"),
        (["--n-mels", 12], "12 mel bands do not give 13 MFCCs"),
        (["--segments", 1000000], "a segment shorter than one sample"),
        (["--dtype", "float16"], "--dtype is for .h5 files"),
    ],
)
def test_features_and_settings_that_do_not_fit_are_refused(flags, reason, songs, run, tmp_path):
    ended = run(preprocess, "--dataset", songs, "--output", tmp_path / "a.json", *flags)
    assert ended.status == 2
    assert reason in ended.err.splitlines()[-1]
    assert not (tmp_path / "a.json").exists()


def test_a_large_json_file_is_done_with_a_word_on_what_saves_space(
    songs, run, tmp_path, monkeypatch
):
    flags = ["--dataset", songs, "--workers", 1, "--output", tmp_path / "a.json"]
    assert run(preprocess, *flags).err == ""
    monkeypatch.setattr(preprocess, "LARGE", 100_000)  # bytes
    ended = run(preprocess, *flags)
    assert ended.status == 0
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{tmp_path / 'a.json'} will take about")
    assert ".h5" in line


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """A library by artists and albums: twelve genres in the tags, rock in three spellings."""
    folder = tmp_path_factory.mktemp("music")
    genres = [*demo.GENRES, "Rock", "ROCK", "polka", "audiobook"]
    for number, genre in enumerate(genres * 2):
        path = folder / f"Artist {number % 7}" / "Album" / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = synth.make_track(demo.GENRES[number % 10], number, seconds=3)
        soundfile.write(path, sound, 22050)
        file = mutagen.File(path)
        file.update({"genre": genre, "artist": f"Artist {number % 7}", "title": f"{number}"})
        file.save()
    soundfile.write(folder / "no tags.flac", noise(3), 22050)
    return folder


def test_genres_and_artists_come_from_tags(run, music, tmp_path):
    rules = tmp_path / "map.csv"
    rules.write_text("from,to\naudiobook,\n", encoding="utf-8")
    output = tmp_path / "tags.json"
    options = ("--labels", "tags", "--genres", rules, "--min-tracks", 2, "--workers", 1)
    ended = run(preprocess, "--dataset", music, *options, "--output", output)
    assert ended.status == 0
    content = read(output)
    assert len(content["mapping"]) == 11
    assert set(content["mapping"]) > {"blues", "polka", "rock"}
    assert np.bincount(content["labels"])[content["mapping"].index("rock")] == 6
    assert content["artists"][0] == "Artist " + content["tracks"][0][7]
    assert "1 song without a genre left out: no tags.flac\n" in ended.err
    assert "2 songs left out by the map: audiobook (2)\n" in ended.err
    assert "rock: 6 songs of ROCK (2), Rock (2), rock (2)\n" in ended.err


def test_folders_of_artists_are_said(run, music, tmp_path):
    ended = run(preprocess, "--dataset", music, "--output", tmp_path / "folders.json")
    assert "the folders look like artists" in ended.err
    assert "--labels tags" in ended.err


def test_a_genre_map_holds_for_folders_too(run, songs, tmp_path):
    rules = tmp_path / "map.csv"
    rules.write_text("from,to\nrock,jazz\n", encoding="utf-8")
    options = ("--genres", rules, "--output", tmp_path / "x.json")
    line = refusal(run(preprocess, "--dataset", songs, *options))
    assert line.endswith(
        "songs of two or more genres are needed, each with 1 or more; found jazz (3)"
    )
