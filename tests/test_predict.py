"""From a network and songs to genres."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import librosa
import numpy as np
import pytest
import soundfile
from helpers import Run, calibrated, librosa_mfcc, noise, read_card, refusal, shell

import config
import predict

JOINED = {"mean": np.mean, "max": np.max, "min": np.min}


def answers(ended: Run) -> dict[str, dict[str, float]]:
    """Return the genres of each song that a run printed as json, in the printed order."""
    return {row["song"]: row["probabilities"] for row in map(json.loads, ended.out.splitlines())}


def answer(ended: Run) -> np.ndarray:
    """Return what a run printed as json for its only song, (genres,)."""
    (genres,) = answers(ended).values()
    return np.array(list(genres.values()))


def judged(network: Path, song: Path) -> np.ndarray:
    """Return the network's calibrated softmax for a song's segments, (segments, genres)."""
    samples, _ = librosa.load(song, sr=22050, duration=30)
    segments = samples[: len(samples) // 66150 * 66150].reshape(-1, 66150)
    frames = np.stack([librosa_mfcc(segment) for segment in segments])
    model = keras.saving.load_model(network / "model.keras")
    return calibrated(model.predict(frames, verbose=0), network)


@pytest.fixture
def song(corpus) -> Path:
    return corpus / "metal" / "metal.00001.wav"


@pytest.fixture
def copy(network, tmp_path) -> Path:
    """A copy of the network's folder, to be spoilt."""
    return Path(shutil.copytree(network, tmp_path / "copy"))


def edit_card(folder: Path, **values: object) -> None:
    (folder / "card.json").write_text(json.dumps(read_card(folder) | values), encoding="utf-8")


@pytest.fixture
def ask(network, run) -> Callable[..., Run]:
    """Ask the network for genres as json; nothing is to go wrong."""

    def ask(*songs: Path, options: tuple = (), model: Path = network) -> Run:
        ended = run(predict, "--model", model, "--format", "json", *options, "--input", *songs)
        assert (ended.status, ended.err) == (0, "")
        return ended

    return ask


def test_from_the_shell(copy, corpus):
    edit_card(copy, calibration={})  # so that all is certain
    songs = ("metal/metal.00001.wav", "jazz/jazz.00000.wav")
    arguments = ("--model", copy, "--input", *songs, "--count", 3)
    ended = shell("predict.py", *arguments, folder=corpus)
    assert (ended.status, ended.err) == (0, "")
    for line, song in zip(ended.out.splitlines(), songs, strict=True):
        assert len(line) <= 80
        name, *genres = line.split()
        assert name == song
        assert set(genres[::2]) < {folder.name for folder in corpus.iterdir()}
        shares = [int(share.removesuffix("%")) for share in genres[1::2]]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)


def test_every_song_has_a_readable_row(copy, corpus, run, monkeypatch):
    edit_card(copy, calibration={})  # so that all is certain
    monkeypatch.chdir(corpus)
    songs = ("metal/metal.00001.wav", "jazz/jazz.00000.wav")
    header, *lines = run(predict, "--model", copy, "--input", *songs).out.splitlines()
    assert len(header.split()) == 10
    for line, song in zip(lines, songs, strict=True):
        assert len(line) <= 80
        name, *shares = line.split()
        assert name == song
        assert len(shares) == 10
        assert sum(int(share.removesuffix("%")) for share in shares) == pytest.approx(100, abs=5)


@pytest.mark.parametrize("how", JOINED)
def test_segments_are_joined_as_asked(how, network, song, ask):
    joined = answer(ask(song, options=("--type", how)))
    segments = judged(network, song)
    assert len(segments) == 2
    np.testing.assert_allclose(joined, JOINED[how](segments, axis=0), atol=1e-3)
    for other in JOINED.keys() - {how}:
        assert np.abs(joined - JOINED[other](segments, axis=0)).max() > 2e-3


def test_without_a_type_the_mean_is_taken(song, ask):
    assert ask(song) == ask(song, options=("--type", "mean"))


def test_without_a_count_all_genres_stand_in_the_order_of_the_mapping(network, song, ask):
    (genres,) = answers(ask(song)).values()
    mapping = read_card(network)["mapping"]
    assert list(genres) == mapping == sorted(mapping)
    assert len(mapping) == 10


@pytest.mark.parametrize("count", [1, 3, 10, 11, 1000])
def test_a_count_gives_the_most_likely_genres_highest_first(count, song, ask):
    (every,) = answers(ask(song)).values()
    (best,) = answers(ask(song, options=("--count", count))).values()
    assert list(best.values()) == sorted(every.values(), reverse=True)[:count]
    assert best.items() <= every.items()


def test_a_song_gets_the_same_answer_alone_and_among_others(corpus, ask, tmp_path):
    songs = [corpus / "jazz" / "jazz.00000.wav", corpus / "pop" / "pop.00001.wav"]
    soundfile.write(tmp_path / "longer.wav", noise(12), 22050)
    songs.insert(1, tmp_path / "longer.wav")  # of another number of segments
    together = answers(ask(*songs))
    assert list(together) == [str(song) for song in songs]
    for song in songs:
        among_others = list(together[str(song)].values())
        np.testing.assert_allclose(among_others, answer(ask(song)), atol=2e-4)
    assert together[str(songs[0])] != together[str(songs[2])]


def test_many_songs_are_answered_in_order(network, corpus, ask):
    songs = answers(ask(corpus))
    assert list(songs) == [str(path) for path in sorted(corpus.glob("*/*.wav"))]
    assert len(songs) == 40
    last = list(songs)[-1]
    expected = judged(network, Path(last)).mean(axis=0)
    np.testing.assert_allclose(list(songs[last].values()), expected, atol=1e-3)


def test_folders_are_searched_through(song, ask, tmp_path):
    folder = tmp_path / "my songs"
    for name in ("b.wav", "a.WAV", "deep/er/c.wav", ".hidden.wav", "deep/.d.wav", ".not/e.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(song, folder / name)
    (folder / "cover.jpg").write_text("no song")
    found = [folder / name for name in ("a.WAV", "b.wav", "deep/er/c.wav")]
    assert list(answers(ask(folder, song))) == [str(path) for path in [*found, song]]


def test_only_the_first_30_s_count(network, ask, tmp_path):
    long, short = tmp_path / "long.wav", tmp_path / "short.wav"
    samples = noise(45)
    samples[30 * 22050 :] *= 0.1
    soundfile.write(long, samples, 22050)
    soundfile.write(short, samples[: 30 * 22050], 22050)
    np.testing.assert_array_equal(answer(ask(long)), answer(ask(short)))
    assert len(judged(network, short)) == 10
    np.testing.assert_allclose(answer(ask(short)), judged(network, short).mean(axis=0), atol=1e-3)


def test_loudness_alone_changes_nothing(ask, tmp_path):
    for name, level in {"loud.wav": 1, "quiet.wav": 0.1}.items():
        soundfile.write(tmp_path / name, level * noise(6), 22050, subtype="FLOAT")
    loud, quiet = (answer(ask(tmp_path / name)) for name in ("loud.wav", "quiet.wav"))
    np.testing.assert_allclose(loud, quiet, atol=1e-3)


@pytest.mark.parametrize(("name", "rate"), [("a.mp3", 44100), ("a.au", 22050), ("a.flac", 48000)])
def test_songs_of_other_sorts(name, rate, network, ask, tmp_path):
    song = tmp_path / name
    soundfile.write(song, noise(4, sample_rate=rate, channels=2), rate)
    np.testing.assert_allclose(answer(ask(song)), judged(network, song).mean(axis=0), atol=1e-3)


def test_a_song_of_one_segment_is_answered_and_a_shorter_one_refused(network, run, tmp_path):
    soundfile.write(tmp_path / "one.wav", noise(3), 22050)
    soundfile.write(tmp_path / "less.wav", noise(3)[:66047], 22050)
    arguments = ("--model", network, "--format", "json", "--input")
    assert run(predict, *arguments, tmp_path / "one.wav").status == 0
    line = refusal(run(predict, *arguments, tmp_path / "less.wav"))
    assert str(tmp_path / "less.wav") in line
    assert "shorter than one segment of 3 s" in line


def test_unusable_songs_get_a_line_each_and_the_others_go_on(network, song, run, tmp_path):
    (tmp_path / "text.mp3").write_text("not music" * 100)
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "nan.wav", np.full(66150, np.nan), 22050, subtype="FLOAT")
    unusable = {
        "text.mp3": "not readable as audio",
        "missing.wav": "No such file",
        "empty.wav": "is empty",
        "nan.wav": "not numbers",
        "headless.raw": "not readable as audio",
    }
    (tmp_path / "headless.raw").write_bytes(bytes(range(256)) * 100)
    paths = [tmp_path / name for name in unusable]
    arguments = ("--model", network, "--format", "json", "--input")
    some = run(predict, *arguments, *paths[:2], song, *paths[2:])
    assert some.status == 1
    assert list(answers(some)) == [str(song)]
    none = run(predict, *arguments, *paths)
    assert (none.status, none.out) == (2, "")
    for ended in (some, none):
        for line, path in zip(ended.err.splitlines(), paths, strict=True):
            assert line.startswith(f"{path}: ")
            assert unusable[path.name] in line


def test_a_folder_without_songs_is_refused(network, run, tmp_path):
    (tmp_path / "cover.jpg").touch()
    assert "no audio files" in refusal(run(predict, "--model", network, "--input", tmp_path))


def test_a_network_is_named_by_its_folder_or_its_file(network, song, ask):
    assert ask(song) == ask(song, model=network / "model.keras")


def test_settings_come_from_the_card_and_not_from_the_configuration(
    network, song, copy, ask, monkeypatch
):
    plain = ask(song)
    constants = {"SAMPLE_RATE": 8000, "TRACK_SECONDS": 10, "SEGMENTS_PER_TRACK": 2}
    constants |= {"N_MFCC": 5, "N_FFT": 512, "HOP_LENGTH": 128, "SAMPLES_PER_SEGMENT": 40000}
    for name, value in constants.items():
        monkeypatch.setattr(config, name, value)
    assert ask(song) == plain

    settings = read_card(network)["settings"] | {"track_seconds": 3, "segments_per_track": 1}
    edit_card(copy, settings=settings)
    shorter = answer(ask(song, model=copy))
    np.testing.assert_allclose(shorter, judged(network, song)[0], atol=1e-3)
    assert np.abs(shorter - answer(plain)).max() > 2e-3


def edit_settings(folder: Path, **values: object) -> None:
    edit_card(folder, settings=read_card(folder)["settings"] | values)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def of_another_run(folder: Path) -> None:
    network = keras.saving.load_model(folder / "model.keras")
    network.set_weights([weights * 1.001 for weights in network.get_weights()])
    network.save(folder / "model.keras")


def plain_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("readme.txt", "no network")


def with_code_in_it(folder: Path) -> None:
    layers = [keras.Input((130, 13)), keras.layers.Lambda(lambda x: x)]
    keras.Sequential(layers).save(folder / "model.keras")


# What is done to a network's folder, and what its refusal says.
SPOILT = {
    "no folder": (shutil.rmtree, "no such network"),
    "no card": (lambda f: (f / "card.json").unlink(), "card.json: no such file"),
    "card cut off": (lambda f: cut(f / "card.json", 100), "card.json: not a network's card"),
    "card empty": (lambda f: cut(f / "card.json", 0), "card.json: not a network's card"),
    "card a list": (
        lambda f: (f / "card.json").write_text("[]"),
        "card.json: not a network's card",
    ),
    "card short": (lambda f: (f / "card.json").write_text('{"schema": 1}'), "mapping"),
    "card of later schema": (lambda f: edit_card(f, schema=2), "schema 2, this version reads 1"),
    "other feature": (lambda f: edit_card(f, feature="chroma"), "chroma"),
    "settings short": (lambda f: edit_card(f, settings={"n_fft": 2048}), "settings"),
    "settings a list": (lambda f: edit_card(f, settings=[]), "settings"),
    "segments of no sample": (lambda f: edit_settings(f, segments_per_track=10**9), "settings"),
    "seconds NaN": (lambda f: edit_settings(f, track_seconds=float("nan")), "settings"),
    "half a coefficient": (lambda f: edit_settings(f, n_mfcc=13.5), "settings"),
    "settings of another network": (lambda f: edit_settings(f, n_mfcc=20), "card"),
    "too few genres": (lambda f: edit_card(f, mapping=["jazz", "rock"]), "card"),
    "too many genres": (lambda f: edit_card(f, mapping=[*"abcdefghijk"]), "card"),
    "no genres": (lambda f: edit_card(f, mapping=None), "card"),
    "no network": (lambda f: (f / "model.keras").unlink(), "model.keras: no such file"),
    "network empty": (lambda f: cut(f / "model.keras", 0), "model.keras: not a network"),
    "network cut off": (lambda f: cut(f / "model.keras", 2000), "model.keras: not a network"),
    "network a zip": (plain_zip, "model.keras: not a network"),
    "network with code": (with_code_in_it, "model.keras: not a network"),
    "network of another run": (of_another_run, "model.keras: not the network that card.json"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_network_that_cannot_be_used_is_refused_in_a_line(case, copy, song, run):
    spoil, reason = SPOILT[case]
    spoil(copy)
    line = refusal(run(predict, "--model", copy, "--input", song))
    assert line.startswith("predict.py: ")
    assert reason in line


def test_a_network_cut_off_is_refused_in_a_line_from_the_shell(copy, song):
    cut(copy / "model.keras", 2000)
    line = refusal(shell("predict.py", "--model", copy, "--input", song))
    assert str(copy / "model.keras") in line


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--count", value) for value in ("0", "-1", "2.5", "all")),
        ("--type", "median"),
        ("--nonsense",),
    ],
)
def test_wrong_options_are_refused(arguments, network, song, run):
    ended = run(predict, "--model", network, "--input", song, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: predict.py")


@pytest.mark.parametrize("arguments", [(), ("--model", "x"), ("--input",)])
def test_input_must_be_given(arguments, run):
    ended = run(predict, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: predict.py")


def test_every_real_song_is_answered(real_data, ask):
    songs = answers(ask(real_data / "songs"))
    assert list(songs) == [str(path) for path in sorted((real_data / "songs").iterdir())]
    for genres in songs.values():
        assert len(genres) == 10
        assert sum(genres.values()) == pytest.approx(1, abs=1e-3)


def test_the_unreadable_file_of_gtzan_gets_a_line(network, real_data, run):
    bad = real_data / "bad" / "jazz.00054.wav"
    line = refusal(run(predict, "--model", network, "--format", "json", "--input", bad))
    assert line.startswith(f"{bad}: not readable as audio")
