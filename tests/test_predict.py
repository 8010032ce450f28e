"""predict.py: from songs to rows, files and pictures, and what it says when it cannot."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
from helpers import ROOT, Run, edit_card, judged, noise, read_card, refusal, shell

import config
import predict
from genre import files
from genre.reporting import predictions

CERTAIN = {"sure": 0.0, "tracks": 1000}  # a calibration by which each song is sure


def answers(ended: Run) -> dict[str, dict[str, float]]:
    """Return the genres of each song that a run printed as json, in the printed order."""
    return {row["song"]: row["probabilities"] for row in map(json.loads, ended.out.splitlines())}


def answer(ended: Run) -> np.ndarray:
    """Return what a run printed as json for its only song, (genres,)."""
    (genres,) = answers(ended).values()
    return np.array(list(genres.values()))


@pytest.fixture
def song(corpus) -> Path:
    return corpus / "metal" / "metal.00001.wav"


@pytest.fixture
def copy(network, tmp_path) -> Path:
    """A copy of the network's folder, to be changed."""
    return Path(shutil.copytree(network, tmp_path / "copy"))


@pytest.fixture
def songs(corpus, tmp_path) -> list[Path]:
    """Four songs in a folder, of odd names."""
    folder = tmp_path / "my songs"
    folder.mkdir()
    names = ["a.wav", "b, or so.wav", 'c\'s "best".wav', "d\u2028.wav"]
    return [Path(shutil.copy(corpus / "jazz" / "jazz.00000.wav", folder / name)) for name in names]


@pytest.fixture
def ask(network, run) -> Callable[..., Run]:
    """Ask the network for genres as json; nothing is to go wrong."""

    def ask(*songs: Path, options: tuple = (), model: Path = network) -> Run:
        ended = run(predict, *songs, "--model", model, "--format", "json", *options)
        assert (ended.status, ended.err) == (0, "")
        return ended

    return ask


# What is printed


def test_from_the_shell_a_row_names_the_genre(copy, corpus):
    edit_card(copy, calibration=CERTAIN)
    songs = ("metal/metal.00001.wav", "jazz/jazz.00000.wav")
    ended = shell("predict.py", *songs, "--model", copy, folder=corpus)
    assert ended.status == 0
    for line, song in zip(ended.out.splitlines(), songs, strict=True):
        name, genre, share = line.split()
        assert name == song and 0 < int(share.removesuffix("%")) <= 100
        assert genre in {folder.name for folder in corpus.iterdir()}
    line, counts = ended.err.splitlines()
    assert counts == "2 songs: 2 sure, 0 one of two, 0 open"
    assert line.startswith("cnn: ") and "artists not kept apart" in line


def test_the_rows_of_all_genres_and_of_the_most_likely(copy, song, run):
    edit_card(copy, calibration=CERTAIN)
    header, line = run(predict, song, "--model", copy, "--all").out.splitlines()
    assert header.split() == read_card(copy)["mapping"]
    assert sum(int(share.removesuffix("%")) for share in line.split()[1:]) == pytest.approx(
        100, abs=5
    )
    for count in (1, 3, 1000):
        words = run(predict, song, "--model", copy, "--count", count).out.split()
        assert len(words) == 1 + 2 * min(count, 10)
        shares = [int(share.removesuffix("%")) for share in words[2::2]]
        assert shares == sorted(shares, reverse=True)


def test_what_the_verdicts_mean_is_said_once_and_only_where_a_song_is_not_sure(copy, corpus, run):
    songs = sorted(corpus.glob("jazz/*.wav"))
    for calibration, mark, meaning in (
        (CERTAIN, "", ""),
        (CERTAIN | {"sure": 1.0, "either": 0.0}, " or ", 'sure: 100% or more; "or": two with 0%'),
        (CERTAIN | {"sure": 1.0, "either": 1.0}, "open: not likely enough\n", '"?": open\n'),
        ({"tracks": 5}, "open: not likely enough\n", "fitted on only 5 tracks"),
    ):
        edit_card(copy, calibration=calibration)
        ended = run(predict, *songs, "--model", copy)
        assert not mark or ended.out.count(mark) == 4
        assert ended.err.count("sure: ") == bool(meaning) and meaning in ended.err


def test_of_the_network_that_comes_with_the_code_nothing_is_said(copy, song, run, monkeypatch):
    edit_card(copy, calibration=CERTAIN)
    monkeypatch.setattr("genre.model.files.PRETRAINED", copy)
    assert run(predict, song).err == ""


def test_a_json_row_is_the_networks_answer(network, song, ask):
    probabilities = answer(ask(song))
    np.testing.assert_allclose(probabilities, judged(network, song).mean(axis=0), atol=1e-3)
    (shares,) = answers(ask(song)).values()
    assert list(shares) == read_card(network)["mapping"]
    (best,) = answers(ask(song, options=("--count", 3))).values()
    assert list(best.values()) == sorted(probabilities, reverse=True)[:3]


@pytest.mark.parametrize("how", ["max", "min"])
def test_segments_are_joined_as_asked(how, network, song, ask):
    joined = answer(ask(song, options=("--type", how)))
    expected = getattr(judged(network, song), how)(axis=0)
    np.testing.assert_allclose(joined, expected, atol=1e-3)


def test_many_songs_are_answered_in_order(network, corpus, ask):
    songs = answers(ask(corpus, options=("--workers", 2)))
    assert list(songs) == [str(path) for path in sorted(corpus.glob("*/*.wav"))]
    last = list(songs)[-1]
    expected = judged(network, Path(last)).mean(axis=0)
    np.testing.assert_allclose(list(songs[last].values()), expected, atol=1e-3)
    np.testing.assert_array_equal(answer(ask(Path(last))), list(songs[last].values()))


def test_csv_is_utf_8_whatever_the_locale(network, song, tmp_path, monkeypatch):
    shutil.copy(song, tmp_path / "Björk.wav")
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    for form in ("csv", "json"):
        arguments = ("Björk.wav", "--model", network, "--format", form)
        assert "Björk.wav" in shell("predict.py", *arguments, folder=tmp_path).out


# Which songs


def test_songs_are_named_with_and_without_an_option_and_each_counts_once(song, corpus, ask):
    other = corpus / "jazz" / "jazz.00000.wav"
    options = ("--type", "mean", song, "--input", other, song)
    assert list(answers(ask(song, options=options))) == [str(song), str(other)]


@pytest.mark.parametrize("flags", [["-P"], ["-I"]])
def test_it_runs_however_python_is_started(flags, song, network, tmp_path):
    command = [sys.executable, *flags, ROOT / "predict.py", "--model", network, song]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (ended.returncode, ended.stdout.startswith(str(song))) == (0, True)


def test_folders_are_searched_through(song, ask, tmp_path):
    folder = tmp_path / "my songs"
    for name in ("b.wav", "a.WAV", "deep/er/c.wav", "._b.wav", "deep/._d.wav", "__MACOSX/e.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(song, folder / name)
    (folder / "cover.jpg").write_text("no song")
    found = [folder / name for name in ("a.WAV", "b.wav", "deep/er/c.wav")]
    assert list(answers(ask(folder, song))) == [str(path) for path in [*found, song]]


def test_a_part_of_a_song_is_heard_as_asked(network, song, ask):
    segments = judged(network, song)  # two of them
    for options, chosen in (
        (("--offset", 3), segments[1:]),
        (("--seconds", 3), segments[:1]),
        (("--offset", 0, "--whole"), segments),
    ):
        np.testing.assert_allclose(
            answer(ask(song, options=options)), chosen.mean(axis=0), atol=1e-3
        )


def test_a_song_shorter_than_a_segment_is_answered_with_a_note(network, run, tmp_path):
    soundfile.write(tmp_path / "short.wav", noise(1), 22050)
    ended = run(predict, tmp_path / "short.wav", "--model", network, "--format", "json")
    assert (ended.status, len(answers(ended))) == (0, 1)
    assert ended.err.startswith(f"{tmp_path / 'short.wav'}: note: shorter than one segment")


def test_unusable_songs_get_a_line_each_and_the_others_go_on(network, song, run, tmp_path):
    (tmp_path / "text.mp3").write_text("not music" * 100)
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "nan.wav", np.full(66150, np.nan), 22050, subtype="FLOAT")
    paths = [tmp_path / name for name in ("text.mp3", "missing.wav", "empty.wav", "nan.wav")]
    arguments = ("--model", network, "--format", "json")
    some = run(predict, *paths[:2], song, *paths[2:], *arguments)
    assert some.status == 1
    assert list(answers(some)) == [str(song)]
    none = run(predict, *paths, *arguments)
    assert (none.status, none.out) == (2, "")
    for ended in (some, none):
        for line, path in zip(ended.err.splitlines(), paths, strict=True):
            assert line.startswith(f"{path}: ")


def test_a_folder_without_songs_is_refused(network, run, tmp_path):
    (tmp_path / "cover.jpg").touch()
    assert "no audio files" in refusal(run(predict, tmp_path, "--model", network))


# Which model


def test_settings_come_from_the_card_and_not_from_the_configuration(song, ask, monkeypatch):
    plain = ask(song)
    constants = {"SAMPLE_RATE": 8000, "TRACK_SECONDS": 10, "SEGMENTS_PER_TRACK": 2}
    constants |= {"N_MFCC": 5, "N_FFT": 512, "HOP_LENGTH": 128, "SAMPLES_PER_SEGMENT": 40000}
    for name, value in constants.items():
        monkeypatch.setattr(config, name, value)
    assert ask(song) == plain


def keras_2(folder: Path) -> Path:
    (folder / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    return folder / "model.h5"


def cut_off(folder: Path) -> Path:
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:2000])
    return folder


def none(folder: Path) -> Path:
    return folder / "none"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(keras_2, "Keras 2"), (cut_off, "it was cut off"), (none, "no such model")],
)
def test_a_model_that_cannot_be_used_is_refused_in_a_line(spoil, reason, copy, song, run):
    line = refusal(run(predict, song, "--model", spoil(copy)))
    assert line.startswith("predict.py: ") and str(copy) in line and reason in line


def test_a_folder_of_models_is_refused_with_their_names(copy, song, run):
    line = refusal(run(predict, song, "--model", copy.parent))
    assert f"a folder of several models; give one: {copy}" in line


def test_a_keras_file_that_would_run_code_is_not_even_read(copy, song, ask):
    layers = [keras.Input((130, 13)), keras.layers.Lambda(lambda x: x)]
    keras.Sequential(layers).save(copy / "model.keras")
    assert ask(song, model=copy) == ask(song)


# Options


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        *((("x.wav", "--count", value), "--count") for value in ("0", "2.5")),
        (("x.wav", "--count", "3", "--all"), "not allowed with"),
        (("x.wav", "--ask", "3", "--all"), "not allowed with"),
        (("x.wav", "--ask", "3", "--format", "csv"), "--ask prints a list of its own"),
        (("x.wav", "--whole", "--seconds", "3"), "not allowed with"),
        *((("x.wav", "--offset", value), "--offset") for value in ("-1", "nan")),
        (("x.wav", "--type", "median"), "--type"),
        (("x.wav", "--segments", "x.xlsx"), "does not end in one of .csv, .json, .txt"),
        (("--nonsense",), "unrecognized arguments: --nonsense"),
        (("x.wav", "--nonsense"), "unrecognized arguments: --nonsense"),
        (("--model", "x"), "name songs"),
        (("--input",), "--input"),
    ],
)
def test_wrong_options_are_refused(arguments, reason, run):
    ended = run(predict, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: predict.py")
    assert reason in ended.err.splitlines()[-1]


# --skip-done


def parsed(form: str, text: str) -> list[str]:
    """Return the songs of an output, in order."""
    if form == "json":
        return [json.loads(line)["song"] for line in text.split("\n") if line]
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert all(len(line) in (0, len(header)) for line in lines)
    return [line[0] for line in lines if line]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_only_what_is_missing_is_predicted(form, songs, network, run, tmp_path):
    done = tmp_path / "done"
    arguments = (songs[0].parent, "--model", network, "--format", form, "--skip-done", done)
    first = run(predict, *arguments)  # the file is not there yet
    assert first.status == 0
    assert parsed(form, first.out) == [files.printable(song) for song in songs]

    def again(text: str) -> str:
        done.write_text(text, encoding="utf-8", newline="")
        ended = run(predict, *arguments)
        assert ended.status == 0
        return ended.out

    assert again("") == first.out
    assert again(first.out) == ""
    start = "".join(f"{line}\n" for line in first.out.split("\n")[:2])
    assert start + again(start) == first.out


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_output_cut_off_in_a_row_can_be_appended_to(form, songs, network, run, tmp_path):
    arguments = (songs[0].parent, "--model", network, "--format", form)
    whole = run(predict, *arguments).out
    for length in (whole.index("\n") + 4, len(whole) - 1):
        done = tmp_path / "done"
        done.write_text(whole[:length], encoding="utf-8", newline="")
        ended = run(predict, *arguments, "--skip-done", done)
        assert ended.status == 0
        done.write_text(whole[:length] + ended.out, encoding="utf-8", newline="")
        assert predictions.read_earlier(done).songs == {files.printable(song) for song in songs}


def test_rows_of_another_model_are_refused(songs, network, run, tmp_path):
    done = tmp_path / "done.json"
    arguments = ("--model", network, "--format", "json", "--skip-done", done)
    row = json.loads(run(predict, songs[0], *arguments).out)
    done.write_text(json.dumps(row | {"model": 16 * "0"}) + "\n")
    for wanted in (songs, songs[:1]):  # of the second, all are done, but by the other model
        assert "rows of another model" in refusal(run(predict, *wanted, *arguments))


# --segments and --timeline


def test_segments_and_their_times_are_written(songs, network, run, tmp_path):
    path = tmp_path / "segments.csv"
    arguments = (*songs[:2], "--model", network, "--segments", path, "--offset", 3)
    assert run(predict, *arguments).status == 0
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert [(row["song"], row["start"], row["end"]) for row in rows] == [
        (str(song), "3.0", "6.0") for song in songs[:2]
    ]
    arguments = (*songs[:2], "--model", network, "--segments", tmp_path / "labels.txt")
    assert "labels are for one song" in refusal(run(predict, *arguments))


def test_the_picture_of_one_song(songs, network, run, tmp_path):
    picture = tmp_path / "pictures" / "song.svg"
    arguments = (songs[0], "--model", network, "--format", "json", "--timeline", picture)
    ended = run(predict, *arguments)
    assert (ended.status, ended.err) == (0, f"timeline in {picture}\n")
    assert list(picture.parent.iterdir()) == [picture]
    content = json.loads(ended.out)
    joined = np.mean([list(segment.values()) for segment in content["segments"]], axis=0)
    np.testing.assert_allclose(joined, list(content["probabilities"].values()), atol=2e-4)


def test_a_picture_for_each_of_several_songs(songs, network, run, tmp_path):
    ended = run(predict, *songs, "--model", network, "--timeline", tmp_path / "pictures")
    assert ended.status == 0
    assert f"{len(songs)} timelines in {tmp_path / 'pictures'}" in ended.err.splitlines()
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {f"{song.stem}.png" for song in songs}


# Real songs


def test_every_real_song_is_answered(real_data, ask):
    songs = answers(ask(real_data / "songs"))
    assert list(songs) == [str(path) for path in sorted((real_data / "songs").iterdir())]
    for genres in songs.values():
        assert len(genres) == 10
        assert sum(genres.values()) == pytest.approx(1, abs=1e-3)


def test_the_unreadable_file_of_gtzan_gets_a_line(network, real_data, run):
    bad = real_data / "bad" / "jazz.00054.wav"
    line = refusal(run(predict, bad, "--model", network, "--format", "json"))
    assert line.startswith(f"{bad}: not readable as audio")
