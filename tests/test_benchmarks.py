"""Every benchmark runs on small data, and where ways are compared they come to the same values."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import ROOT, made_up_segments, noise

from benchmarks import (
    cluster,
    course,
    disk,
    features,
    files,
    measure,
    page,
    pipeline,
    prediction,
    robustness,
    search,
    startup,
    store,
    training,
)
from genre.errors import GenreError
from genre.segments import segment_file

ONE_RUN = ("--runs", "1")
EXACT = 1e-3  # what a difference from librosa's values may be at most
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process's peak memory")
BENCHMARKS = sorted(
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if "cli.run(main)" in path.read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two genres with one song each: of two segments, and of one and a rest."""
    folder = tmp_path_factory.mktemp("songs")
    for number, (genre, seconds) in enumerate({"pop": 6, "rock": 4}.items()):
        (folder / genre).mkdir()
        samples = noise(seconds, seed=number)
        soundfile.write(folder / genre / f"{genre}.wav", samples, 22050, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment file of random frames, enough to split."""
    path = tmp_path_factory.mktemp("small") / "mfcc.h5"
    segment_file.write(made_up_segments([6, 6]), path)
    return path


def table(text: str) -> list[list[str]]:
    """Return the rows of the only Markdown table in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heading, rule, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert set(rule) == {"---"}
    assert {len(row) for row in rows} == {len(heading)}
    return rows


def numbers(cells: Sequence[str]) -> np.ndarray:
    """Return cells as numbers, which are all positive."""
    values = np.array(cells, dtype=float)
    assert (values > 0).all()
    return values


def test_every_benchmark_shows_its_command(capsys):
    for name in BENCHMARKS:
        module = importlib.import_module(f"benchmarks.{name}")
        with pytest.raises(SystemExit) as ended:
            module.main(["--help"])
        assert ended.value.code == 0
        assert f"    python -m benchmarks.{name}" in capsys.readouterr().out


def test_features_agree(songs, capsys):
    assert features.main([*ONE_RUN, "--dataset", f"{songs}"]) == 0
    (librosa, ours, *_) = table(capsys.readouterr().out)
    for row in librosa, ours:
        numbers(row[1:3])
        assert len(row[3:-1]) == 5
        assert all(float(cell) < EXACT for cell in row[3:-1])
        assert row[-1] == "1.00000"


def test_what_differs_is_seen(songs, capsys, monkeypatch):
    right = course.mfcc
    monkeypatch.setattr(course, "mfcc", lambda segment: right(segment) * [0.5, *[1] * 12])
    assert features.main([*ONE_RUN, "--dataset", f"{songs}"]) == 0
    (_, ours, *_) = table(capsys.readouterr().out)
    assert all(float(cell) > 1 for cell in ours[3:-1])


@on_linux
def test_the_course_and_the_suite_make_the_same_of_songs(songs, capsys):
    assert pipeline.main([*ONE_RUN, "--dataset", f"{songs}", "--times", "2"]) == 0
    rows = table(capsys.readouterr().out)
    for row, suffix in zip(rows, (".json", ".h5"), strict=True):
        tracks, form, *measured, difference, labels = row
        assert (tracks, form, labels) == ("4", suffix, "equal")
        numbers(measured)
        assert float(difference) < EXACT


@on_linux
def test_files_hold_the_same(small_file, capsys):
    assert files.main([*ONE_RUN, "--data", f"{small_file}", "--times", "2"]) == 0
    rows = table(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["course.json", "ours.json", "ours.h5"]
    for row in rows:
        numbers(row[1:7])
        assert row[-1] == "0.0e+00"


@on_linux
def test_a_process_is_measured():
    little = measure.process("-c", "pass")
    used = measure.process("-c", "import time; time.sleep(0.5); used = b'x' * (200 * 2**20)")
    assert used.peak - little.peak == pytest.approx(200, abs=10)
    assert used.seconds > 0.5
    assert used.cpu_seconds < used.seconds
    with pytest.raises(GenreError, match="ended with 3"):
        measure.process("-c", "exit(3)")


def test_medians_are_of_each_value():
    usages = iter([measure.Usage(1, 30, 5), measure.Usage(3, 10, 6), measure.Usage(2, 20, 900)])
    assert measure.usages({"way": lambda: next(usages)}, 3) == {"way": measure.Usage(2, 20, 6)}


@on_linux
def test_startup_looks_at_every_script(network, songs, capsys, monkeypatch):
    monkeypatch.setattr(startup, "SCRIPTS", ["predict.py"])  # the others' help is tested elsewhere
    song = songs / "pop" / "pop.wav"
    assert startup.main([*ONE_RUN, "--model", f"{network}", "--song", f"{song}"]) == 0
    tensorflow, a_help, predict = table(capsys.readouterr().out)
    for row in tensorflow, a_help, predict:
        numbers(row[1:4])
    assert all(numbers(a_help[4:]) < 1)
    assert predict[4:] == ["", "", ""]  # nothing older to compare with


@on_linux
def test_prediction_is_compared_on_the_same_songs(network, songs, capsys):
    assert prediction.main([*ONE_RUN, "--model", f"{network}", "--dataset", f"{songs}"]) == 0
    extracted, predicted = table(capsys.readouterr().out)
    for row in extracted, predicted:
        assert row[1] == "2"
        numbers(row[2:])
    assert numbers(extracted[5:]).tolist() == [1, 1]


@on_linux
def test_the_page_of_a_library_is_measured(capsys):
    assert page.main([*ONE_RUN, "--songs", "40"]) == 0
    ((songs, *measured),) = table(capsys.readouterr().out)
    assert songs == "40"
    numbers(measured)


@on_linux
@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_tracks_go_through_a_cluster(capsys):
    assert cluster.main([*ONE_RUN, "--growth", "20"]) == 0
    (row,) = table(capsys.readouterr().out)
    assert row[0] == "20"
    numbers(row[1:])


@on_linux
def test_training_ends_near_where_a_plain_fit_ends(small_file, capsys, monkeypatch):
    monkeypatch.setattr(measure, "call", lambda way, *arguments: way(*arguments))  # in this process
    arguments = ("--data", f"{small_file}", "--networks", "mlp", "--epochs", "2", "--times", "2")
    assert training.main([*ONE_RUN, *arguments]) == 0
    ((network, segments, *measured, ours, plain),) = table(capsys.readouterr().out)
    assert (network, segments) == ("mlp", "72")
    numbers(measured)
    assert float(ours) == pytest.approx(float(plain), rel=0.1)  # the batches' order is another


@on_linux
def test_training_reads_as_many_segments_from_the_disk_as_the_table_says(small_file, capsys):
    arguments = ("--data", f"{small_file}", "--network", "linear", "--times", "3")
    assert disk.main([*ONE_RUN, *arguments]) == 0
    ((segments, *measured),) = table(capsys.readouterr().out)
    assert segments == "108"
    numbers(measured)


def test_changes_of_the_sound_are_what_they_are_called():
    rate, seconds = 22050, 2
    time = np.arange(rate * seconds) / rate
    tones = {hertz: np.sin(2 * np.pi * hertz * time) for hertz in (500, 1000, 2000, 6000)}
    samples = 0.1 * sum(tones.values()).astype(np.float32)

    def decibels(changed: np.ndarray) -> dict[int, float]:
        strengths = {hertz: abs(changed[: len(time)] @ tone) for hertz, tone in tones.items()}
        return {
            hertz: 20 * np.log10(max(strength, 1e-9) / (0.05 * len(time)))
            for hertz, strength in strengths.items()
        }

    for name, expected in {
        "20 dB softer": dict.fromkeys(tones, -20),
        "6 dB louder": dict.fromkeys(tones, 6),
        "equaliser, +2 dB an octave": {500: -2, 1000: 0, 2000: 2, 6000: 2 * np.log2(6)},
        "equaliser, -2 dB an octave": {500: 2, 1000: 0, 2000: -2, 6000: -2 * np.log2(6)},
    }.items():
        assert decibels(robustness.CHANGES[name](samples, rate)) == pytest.approx(expected, abs=0.1)
    telephone = decibels(robustness.CHANGES["resampled to 8 kHz"](samples, rate))
    assert [telephone[hertz] for hertz in (500, 1000, 2000)] == pytest.approx([0, 0, 0], abs=0.1)
    assert telephone[6000] < -60
    coded = robustness.CHANGES["MP3, 80 kbit/s"](samples, rate)
    assert np.std(coded[: len(samples)] - samples) < 0.1 * np.std(samples)


def test_robustness_tells_how_far_answers_move(network, corpus, tmp_path, capsys):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    song = next(corpus.rglob("*.wav"))
    arguments = ["--model", str(network), "--input", str(song), str(broken)]
    assert robustness.main(arguments) == 0
    ended = capsys.readouterr()
    rows = table(ended.out)
    assert [row[0] for row in rows] == list(robustness.CHANGES)
    assert "1 songs, cnn of " in ended.out
    assert "broken.wav: not readable" in ended.err
    shares = {row[0]: [int(cell.rstrip("%")) for cell in row[1:]] for row in rows}
    assert shares["6 dB louder"][1] <= 1  # the network takes a segment's level away
    assert shares["equaliser, +2 dB an octave"][1] > 0


@on_linux
def test_a_search_finds_the_nearest_songs(capsys):
    assert search.main([*ONE_RUN, "--songs", "300"]) == 0
    ((songs, *measured, share),) = table(capsys.readouterr().out)
    assert (songs, float(share)) == ("300", 1)
    numbers(measured)


@on_linux
def test_known_songs_take_less_time(songs, capsys):
    assert store.main([*ONE_RUN, "--input", f"{songs}"]) == 0
    none, new, known = table(capsys.readouterr().out)
    assert [row[:2] for row in (none, new, known)] == [["none", "2"], ["new", "2"], ["known", "2"]]
    numbers(new[2:])
    assert float(known[3]) < float(new[3])  # CPU seconds
