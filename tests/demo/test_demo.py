"""The made-up corpus: always the same, never silent, laid out as GTZAN, and its genres differ."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from helpers import ROOT, Run, refusal

from genre import demo
from genre.demo import synth
from genre.demo.__main__ import main

SR = synth.SAMPLE_RATE
PRINT_TRACK = """\
import hashlib
from genre.demo import synth
print(hashlib.sha256(synth.make_track("reggae", 3, seconds=2).tobytes()).hexdigest())
"""

SHOW_HELP = """\
import sys
from genre.demo.__main__ import main
try:
    main(["--help"])
finally:
    print(*sys.modules)
"""


def python(*arguments: object) -> Run:
    """Run Python in a process of its own."""
    command = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    return Run(ended.returncode, ended.stdout, ended.stderr)


def rms(segments: np.ndarray) -> np.ndarray:
    return np.sqrt((segments**2).mean(axis=-1))


def test_the_genres_are_gtzans():
    names = "blues classical country disco hiphop jazz metal pop reggae rock"
    assert " ".join(synth.GENRES) == names


@pytest.mark.parametrize("genre", synth.GENRES)
def test_a_score_can_be_played(genre):
    style = synth.STYLES[genre]
    assert 40 < style.tempo[0] < style.tempo[1] < 220
    assert any(pattern[0] != "." for pattern in style.score.values())  # sound from the beginning
    for name, pattern in style.score.items():
        assert (name in synth.DRUMS) != (name in synth.INSTRUMENTS)
        assert len(pattern) in (12, 16)
        assert set(pattern) <= set("xo." if name in synth.DRUMS else "x1358?.")


@pytest.mark.parametrize("genre", synth.GENRES)
def test_track_is_sound_throughout(genre):
    for seed in range(2):
        track = synth.make_track(genre, seed, seconds=9)
        peak = np.abs(track).max()
        assert track.dtype == np.float32
        assert track.shape == (9 * SR,)
        assert 10 ** (-12 / 20) * 0.999 < peak <= 1
        assert abs(track.mean()) < 1e-3 * peak
        assert rms(track.reshape(3, -1)).min() > 0.05 * peak  # the hiss alone is at 0.001


@pytest.mark.parametrize("genre", synth.GENRES)
def test_short_track_is_sound_too(genre):
    for seed in range(3):
        track = synth.make_track(genre, seed, seconds=1)
        assert rms(track[: SR // 2]) > 0.02 * np.abs(track).max()
        assert rms(track.reshape(10, -1)).min() > 0.01 * np.abs(track).max()


@pytest.mark.parametrize("seconds", [1.2345, 2, 0.5])
def test_length_is_exact(seconds):
    track = synth.make_track("jazz", 0, seconds=seconds)
    assert len(track) == round(seconds * SR)


def test_same_seed_same_track_in_any_process():
    first, second = (python("-c", PRINT_TRACK) for _ in range(2))
    assert first.status == 0, first
    assert first == second
    again = synth.make_track("reggae", 3, seconds=2)
    assert np.array_equal(again, synth.make_track("reggae", 3, seconds=2))


def test_other_seed_other_track():
    for genre in synth.GENRES:
        one, other = (synth.make_track(genre, seed, seconds=2) for seed in (0, 1))
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.5


def test_unknown_genre_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown genre 'polka'.*blues.*rock"):
        synth.make_track("polka", 0)


def test_a_note_is_a_sum_of_harmonics():
    instrument = synth.Instrument(4, 0.5, dulling=2.0, attack=1e-9, half_life=1e9)
    take = synth.Take(bar=2, bars=1, key=0, busyness=1, dullness=1)
    t = np.arange(SR // 10) / SR
    ratio = 0.5 * np.exp(-2.0 * t)
    harmonics = [ratio ** (h - 1) * np.sin(2 * np.pi * 440 * h * t) for h in range(1, 40)]
    expected = np.sqrt(1 - ratio**2) * np.sum(harmonics, axis=0)
    note = synth.note(instrument, 69, 0.1, take)  # 69 is the A of 440 Hz
    held = slice(1, -SR // 100 - 1)  # between attack and release
    assert np.allclose(note[held], expected[held], atol=1e-3)


def test_notes_last_until_the_next_and_the_first_is_always_played():
    take = synth.Take(bar=2, bars=2, key=0, busyness=1, dullness=1)
    rng = np.random.default_rng(0)
    notes = list(synth.read_pattern("x.5.", take, rng))
    assert notes == [(0, 0.5, "x"), (0.5, 0.5, "5"), (1, 0.5, "x"), (1.5, 0.5, "5")]
    idle = take._replace(busyness=0)
    assert list(synth.read_pattern("x.5.", idle, rng)) == [(0, 1, "x"), (1, 1, "x")]


def test_chords():
    assert synth.read_chord("Dm") == [2, 5, 9]
    assert synth.read_chord("Bb") == [10, 14, 17]
    assert synth.read_chord("G7") == [7, 11, 14, 17]


def test_corpus_is_laid_out_as_gtzan(tmp_path):
    paths = demo.write_corpus(tmp_path, tracks_per_genre=2, seconds=1)
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    names = [path.relative_to(tmp_path).as_posix() for path in paths]
    assert names[:3] == [
        "blues/blues.00000.wav",
        "blues/blues.00001.wav",
        "classical/classical.00000.wav",
    ]
    assert len(names) == 20
    for path in paths:
        about = soundfile.info(path)
        assert (about.format, about.subtype) == ("WAV", "PCM_16")
        assert (about.samplerate, about.channels, about.frames) == (22050, 1, 22050)


def test_corpus_holds_the_tracks_that_were_made(tmp_path):
    (path,) = demo.write_corpus(tmp_path, tracks_per_genre=1, seconds=2, genres=["metal"])
    audio, _ = soundfile.read(path)
    assert np.allclose(audio, synth.make_track("metal", 0, seconds=2), atol=1e-4)


def test_no_two_tracks_of_two_corpora_are_alike(tmp_path):
    paths = [
        path
        for seed in (0, 1)
        for path in demo.write_corpus(
            tmp_path / f"{seed}", tracks_per_genre=3, seconds=1, seed=seed, genres=["pop", "rock"]
        )
    ]
    assert len({path.read_bytes() for path in paths}) == len(paths) == 12


def test_spectra_tell_the_genres_apart():
    def features(seed: int) -> np.ndarray:
        tracks = [synth.make_track(genre, seed, seconds=4) for genre in synth.GENRES]
        frames = np.stack(
            [track[: len(track) // 2048 * 2048].reshape(-1, 2048) for track in tracks]
        )
        power = np.abs(np.fft.rfft(frames * np.hanning(2048))) ** 2
        edges = np.geomspace(4, 1024, 15).astype(int)
        bands = np.log(np.add.reduceat(power, edges[:-1], axis=-1) + 1e-6)
        bands -= bands.mean(axis=(1, 2), keepdims=True)  # the level says nothing
        return np.concatenate([bands.mean(axis=1), bands.std(axis=1)], axis=1)

    known = np.stack([features(seed) for seed in range(3)])
    centres, spread = known.mean(axis=0), known.std(axis=0).mean(axis=0)
    unseen = np.stack([features(seed) for seed in (1000, 1001)])
    distances = np.abs((unseen[:, :, None] - centres) / spread).sum(axis=-1)
    assert (distances.argmin(axis=-1) == np.arange(10)).mean() >= 0.8


def test_command_line_writes_a_corpus(tmp_path):
    options = ("--tracks", 1, "--seconds", 1, "--seed", 7)
    run = python("-m", "genre.demo", tmp_path / "made", *options)
    assert run == Run(0, f"10 tracks of 10 genres in {tmp_path / 'made'}\n", "")
    (path,) = demo.write_corpus(tmp_path, tracks_per_genre=1, seconds=1, seed=7, genres=["disco"])
    made = tmp_path / "made" / "disco" / "disco.00000.wav"
    assert made.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "option",
    [
        ("--tracks", 100_001),
        ("--seconds", "nan"),
        ("--seed", -1),
    ],
)
def test_bad_options_are_refused(tmp_path, capsys, option):
    with pytest.raises(SystemExit) as ended:
        main([f"{tmp_path / 'made'}", *map(str, option)])
    assert ended.value.code == 2
    assert option[0] in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_bad_option_from_the_shell(tmp_path):
    run = python("-m", "genre.demo", tmp_path / "made", "--tracks", "many")
    assert run.status == 2
    assert "'many' is not a whole number" in run.err


def test_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = python("-m", "genre.demo", tmp_path / "file", "--tracks", 1, "--seconds", 1)
    assert f"{tmp_path / 'file'}" in refusal(run)


def test_help_shows_defaults_and_loads_nothing_slow():
    run = python("-c", SHOW_HELP)
    assert run.status == 0
    for default in ("12", "30", "0"):
        assert f"(default: {default})" in run.out
    assert not {"librosa", "keras", "tensorflow"} & set(run.out.split())
