"""Every benchmark runs on small data, and where ways are compared they come to the same values."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import ROOT, made_up_segments, noise

from benchmarks import (
    course,
    features,
    files,
    lstm,
    memory,
    peak,
    pipeline,
    prediction,
    robustness,
    scale,
    startup,
    training,
)
from genre.datasets import segment_file

ONE_RUN = ("--runs", "1")
EXACT = 1e-3  # what a difference from librosa's values may be at most
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


def tables(text: str) -> list[list[list[str]]]:
    """Return the Markdown tables in a text: for each one its rows, the heading first."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    for heading, rule, *rows in filter(None, found):
        assert set(rule) == {"---"}
        assert {len(row) for row in rows} == {len(heading)}
    return [[heading, *rows] for heading, _, *rows in filter(None, found)]


def table(text: str) -> list[list[str]]:
    """Return the rows of the only table."""
    ((_, *rows),) = tables(text)
    return rows


def numbers(cells: Sequence[str]) -> np.ndarray:
    """Return cells as numbers, which are all positive."""
    values = np.array(cells, dtype=float)
    assert (values > 0).all()
    return values


@pytest.mark.parametrize("name", BENCHMARKS)
def test_help_names_the_command(name):
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"    python -m benchmarks.{name}" in ended.stdout


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


def test_whole_processes_agree(songs, capsys):
    assert pipeline.main([*ONE_RUN, "--dataset", f"{songs}", "--times", "2"]) == 0
    rows = table(capsys.readouterr().out)
    for row, suffix in zip(rows, (".json", ".h5"), strict=True):
        tracks, form, *measured, difference, labels = row
        assert (tracks, form, labels) == ("4", suffix, "equal")
        numbers(measured)
        assert float(difference) < EXACT


def test_files_hold_the_same(small_file, capsys):
    assert files.main([*ONE_RUN, "--data", f"{small_file}", "--times", "2"]) == 0
    rows = table(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["the course's .json", ".json", ".h5"]
    for row in rows:
        numbers(row[1:-1])
        assert row[-1] == "0.0e+00"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak")
def test_memory_of_every_process_is_measured(songs, capsys):
    assert memory.main([*ONE_RUN, "--dataset", f"{songs}"]) == 0
    rows = table(capsys.readouterr().out)
    assert len(rows) == 9
    for tracks, array, _, imports, *_ in rows:
        assert tracks == "2"
        assert float(array) == pytest.approx(3 * 130 * 13 * 4 / 2**20, rel=1e-2)
        assert float(imports) > 5


def take_memory(argv: Sequence[str]) -> None:
    """Fill so many MiB."""
    np.ones(int(argv[0]) * 2**20, dtype=np.uint8)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak")
def test_a_peak_is_what_was_taken(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    little, much = (peak.above_imports("test_benchmarks", "take_memory", mb) for mb in (0, 200))
    assert abs(little.above) < 20
    assert much.above - little.above == pytest.approx(200, abs=10)


def test_startup_looks_at_every_script(network, songs, capsys):
    song = songs / "pop" / "pop.wav"
    assert startup.main([*ONE_RUN, "--model", f"{network}", "--song", f"{song}"]) == 0
    rows = table(capsys.readouterr().out)
    scripts = {path.name for path in ROOT.glob("*.py")} - {"config.py"}
    assert {row[0].split()[0] for row in rows} >= scripts
    for _, took, against, ratio in rows:
        numbers([took])
        assert bool(against) == bool(ratio)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak")
def test_single_predictions_agree(network, songs, capsys):
    arguments = ("--model", f"{network}", "--dataset", f"{songs}", "--hours", "0.02")
    assert prediction.main([*ONE_RUN, *arguments]) == 0
    (_, *speed), (_, *of_memory) = tables(capsys.readouterr().out)
    for row in speed:
        numbers(row[1:3])
    assert float(speed[1][-1]) < 1e-5
    assert all(float(imports) > 50 for _, imports, _ in of_memory)


def test_training_ends_near_where_a_plain_fit_ends(small_file, capsys):
    arguments = ("--data", f"{small_file}", "--networks", "mlp", "--epochs", "2")
    assert training.main([*ONE_RUN, *arguments]) == 0
    ((network, *measured, ours, same),) = table(capsys.readouterr().out)
    assert network == "mlp"
    numbers(measured)
    assert float(ours) == pytest.approx(float(same), rel=0.1)  # whose batches come otherwise


def test_changes_to_the_lstm_leave_its_scores(small_file, capsys):
    arguments = ("--data", f"{small_file}", "--changes", "unroll", "--epochs", "2")
    assert lstm.main([*ONE_RUN, *arguments]) == 0
    before, after = table(capsys.readouterr().out)
    assert (before[0], after[0]) == ("lstm.py", "unroll")
    numbers(after[1:4])
    assert float(after[-1]) == pytest.approx(float(before[-1]), abs=1e-4)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak")
def test_scale_trains_from_disk(capsys):
    assert scale.main([*ONE_RUN, "--times", "2", "--tracks", "30", "--networks", "mlp"]) == 0
    (row,) = table(capsys.readouterr().out)
    assert row[0] == "600"
    numbers([cell for cell in row if cell != "mlp"])


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
    short = tmp_path / "short.wav"
    soundfile.write(short, noise(1), 22050)
    song = next(corpus.rglob("*.wav"))
    songs = map(str, (song, broken, short))
    assert robustness.main(["--model", str(network), "--input", *songs]) == 0
    ended = capsys.readouterr()
    rows = table(ended.out)
    assert [row[0] for row in rows] == list(robustness.CHANGES)
    assert "1 songs, cnn of " in ended.out
    assert "broken.wav: not readable" in ended.err
    assert "short.wav: is 1.000 s long, shorter than one segment" in ended.err
    shares = {row[0]: [int(cell.rstrip("%")) for cell in row[1:]] for row in rows}
    assert shares["6 dB louder"][1] <= 1  # the network takes a segment's level away
    assert shares["equaliser, +2 dB an octave"][1] > 0
