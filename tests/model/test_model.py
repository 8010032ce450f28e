"""The Python API: load a model, name the genre of songs given as files or samples."""

import pickle
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import ROOT, card_fields, edit_card, judged, noise, read_card

import genre
from genre.errors import AudioError, ModelError
from genre.model import card, files
from genre.model.answer import Answer


@pytest.fixture(scope="module")
def model(network) -> genre.Model:
    return genre.load(network)


@pytest.fixture
def song(corpus) -> Path:
    return corpus / "metal" / "metal.00001.wav"


@pytest.fixture(scope="module")
def long_song(tmp_path_factory) -> Path:
    """A song of 45 s, so fifteen segments, whose sound changes at 30 s."""
    path = tmp_path_factory.mktemp("songs") / "long.wav"
    samples = noise(45)
    samples[30 * 22050 :] *= np.linspace(0, 1, 15 * 22050) ** 2
    soundfile.write(path, samples, 22050)
    return path


def test_the_lines_of_the_documentation_run(network, song, tmp_path, monkeypatch):
    lines = genre.__doc__.split("\n\n", 1)[1]
    shutil.copy(song, tmp_path / "song.mp3")  # what a file holds decides, not what it is called
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "PRETRAINED", network)
    names = {"paths": [song]}
    exec(textwrap.dedent(lines), names)
    assert names["answer"].genre in names["model"].card.mapping


def test_an_answer_is_the_networks_mean_over_the_segments(model, network, song):
    answer = model.predict(song)
    expected = judged(network, song)
    np.testing.assert_allclose(answer.segments, expected, atol=1e-3)
    assert list(answer.probabilities) == model.card.mapping == read_card(network)["mapping"]
    np.testing.assert_allclose([*answer.probabilities.values()], expected.mean(axis=0), atol=1e-3)
    assert answer.genre == max(answer.probabilities, key=answer.probabilities.get)
    assert answer.ranking[0] == (answer.genre, max(answer.probabilities.values()))
    assert (answer.song, answer.error, answer.segment_seconds) == (str(song), None, 3.0)


def test_a_model_is_found_by_its_folder_by_a_file_in_it_or_as_the_pretrained_one(
    model, network, song, monkeypatch
):
    monkeypatch.setattr(files, "PRETRAINED", network)
    expected = model.predict(song).probabilities
    for path in (str(network), network / "model.onnx", network / "model.keras", None):
        assert genre.load(path).predict(song).probabilities == expected


def test_a_model_and_an_answer_show_themselves_in_a_line(model, song):
    assert repr(model).startswith("<Model cnn: 10 genres, ")
    answer = model.predict(song)
    assert repr(answer).startswith(f"<Answer {song}: {answer.named} ")
    assert repr(Answer(song="a.wav", error="is empty")) == "<Answer a.wav: is empty>"
    for line in map(repr, (model, answer, model.predict((noise(3), 22050)))):
        assert "\n" not in line and "array" not in line and len(line) < 200


def test_the_api_is_what_dir_shows():
    assert {"load", "Model", "Answer", "AudioError", "ModelError"} <= set(dir(genre))
    assert all(hasattr(genre, name) for name in dir(genre))


def test_samples_are_taken_as_a_file_is(model, song):
    samples, rate = soundfile.read(song, dtype="float32")
    answer = model.predict((samples, rate))
    assert answer.song == ""
    np.testing.assert_array_equal(answer.segments, model.predict(song).segments)
    rate_first = model.predict((np.int64(rate), samples))  # as scipy and Gradio give them
    np.testing.assert_array_equal(answer.segments, rate_first.segments)
    stereo = model.predict((np.stack([samples, samples], axis=1), rate), offset=3)
    np.testing.assert_array_equal(stereo.segments, model.predict(song, offset=3).segments)


@pytest.mark.parametrize("how", ["file", "samples"])
def test_a_part_of_a_song(model, long_song, how):
    song = long_song if how == "file" else soundfile.read(long_song, dtype="float32")
    whole = model.predict(song, whole=True).segments
    assert len(whole) == 15
    for options, part in (
        ({}, whole[:10]),
        ({"seconds": 6}, whole[:2]),
        ({"seconds": 36}, whole[:12]),
        ({"seconds": 900}, whole),
        ({"offset": 36, "whole": True}, whole[12:]),
        ({"offset": 9, "seconds": 6}, whole[3:5]),
    ):
        answer = model.predict(song, **options)
        starts = options.get("offset", 0) + 3.0 * np.arange(len(part))
        np.testing.assert_allclose(answer.starts, starts)
        np.testing.assert_allclose(answer.segments, part, atol=1e-4)


@pytest.mark.parametrize("how", ["mean", "max", "min"])
def test_segments_are_joined_as_asked(model, song, how):
    answer = model.predict(song, join=how)
    expected = getattr(np, how)(answer.segments, axis=0)
    np.testing.assert_allclose(list(answer.probabilities.values()), expected)


def test_a_song_shorter_than_a_segment_is_repeated_and_said_to_be_short(model):
    answer = model.predict((noise(1), 22050))
    assert answer.short and len(answer.segments) == 1
    assert not model.predict((noise(3), 22050)).short


def test_the_progress_of_a_long_song_is_told(model, long_song):
    told = []
    model.predict(long_song, whole=True, progress=told.append)
    assert told == [30, 45]


@pytest.mark.parametrize("workers", [1, 2])
def test_many_songs_are_answered_in_order_and_a_broken_one_with_its_error(
    model, corpus, tmp_path, workers
):
    (tmp_path / "broken.mp3").write_text("no music")
    good = sorted(corpus.glob("j*/*.wav"))
    songs = [*good[:2], tmp_path / "broken.mp3", tmp_path / "missing.wav", *good[2:]]
    found = list(model.predict_many(iter(songs), workers=workers, offset=3))
    assert [answer.song for answer in found] == [str(song) for song in songs]
    for song, answer in zip(songs, found, strict=True):
        if song in good:
            np.testing.assert_array_equal(answer.segments, model.predict(song, offset=3).segments)
        else:
            assert not answer.genre and answer.verdict == "open" and answer.error
    with pytest.raises(AudioError, match=found[2].error[:20]):
        model.predict(songs[2])


def test_a_cluster_gives_the_same_answers(model, corpus, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    good = sorted(corpus.glob("jazz/*.wav"))
    expected = list(model.predict_many(good, workers=1))
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        monkeypatch.chdir(corpus)  # where the workers are not
        songs = [*(song.relative_to(corpus) for song in good), "missing.wav"]
        *found, missing = model.predict_many(songs, cluster=cluster.scheduler_address)
    assert [answer.song for answer in found] == list(map(str, songs[:-1]))
    for answer, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(answer.segments, other.segments)
    assert (missing.song, missing.error) == ("missing.wav", "No such file or directory")


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), deepcopy])
def test_a_model_can_be_pickled_and_copied(model, song, copied):
    again = copied(model)
    np.testing.assert_array_equal(again.predict(song).segments, model.predict(song).segments)


def test_another_model_in_the_place_of_a_pickled_one_is_refused(copy):
    pickled = pickle.dumps(genre.load(copy))
    edit_card(copy, files=read_card(copy)["files"] | {"model.onnx": "0" * 64})
    with pytest.raises(ModelError, match="not the file that"):
        pickle.loads(pickled)


def test_threads_give_the_answers_of_one(model, corpus):
    songs = sorted(corpus.glob("*/*0.wav"))
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(model.predict, songs))
    for song, answer in zip(songs, found, strict=True):
        np.testing.assert_array_equal(answer.segments, model.predict(song).segments)


def test_what_is_no_mistake_of_a_song_ends_the_work(model, song):
    with pytest.raises(TypeError, match="unknown"):
        list(model.predict_many([song], workers=1, unknown=1))


@pytest.fixture
def copy(network, tmp_path) -> Path:
    """A copy of the network's folder, to be changed."""
    return Path(shutil.copytree(network, tmp_path / "copy"))


@pytest.mark.parametrize(
    ("calibration", "is_sure"),
    [
        ({"sure": 0.0, "tracks": 50}, True),
        ({"sure": 1.0, "tracks": 50}, False),
        ({"sure": 0.0, "tracks": 49}, False),  # too few: only a clear song is sure
    ],
)
def test_a_song_is_sure_by_the_models_calibration(copy, song, calibration, is_sure):
    edit_card(copy, calibration=calibration)
    answer = genre.load(copy).predict(song)
    assert max(answer.probabilities.values()) < 0.9
    assert (answer.verdict == "sure") == is_sure


@pytest.mark.parametrize(
    "options", [{"join": "median"}, {"offset": -1}, {"offset": np.nan}, {"seconds": 0}]
)
def test_options_that_mean_nothing_are_refused(options, network, song):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"^{name} {value!r} is "):
        genre.load(network).predict(song, **options)


@pytest.mark.parametrize("song", [np.zeros(22050), [np.zeros(22050), 22050], (1, 2, 3), None])
def test_what_is_no_song_is_refused_in_a_line(song, model):
    for predict in (model.predict, lambda song: next(model.predict_many([song]))):
        with pytest.raises(TypeError, match=r"^a song is the path of a file, or \(samples, "):
            predict(song)


def test_one_song_is_not_taken_for_many(network, song):
    with pytest.raises(TypeError, match="takes a list of songs"):
        next(genre.load(network).predict_many(str(song)))


def pointer(folder: Path) -> None:
    lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{64 * '0'}", "size 5938")
    (folder / "model.onnx").write_text("\n".join(lines) + "\n")


def cut_off(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content[: len(content) // 2])


def other_genres(folder: Path) -> None:
    edit_card(folder, mapping=["jazz", "rock"])


def other_shape(folder: Path) -> None:
    edit_card(folder, settings=read_card(folder)["settings"] | {"hop_length": 1024})


# What happens to a model's folder, and how it is refused.
SPOILT = {
    "no folder": (shutil.rmtree, "no such model"),
    "no card": (lambda folder: (folder / "card.json").unlink(), "card.json: no such file"),
    "no file": (lambda folder: (folder / "model.onnx").unlink(), "model.onnx: no such file"),
    "pointer": (pointer, "a pointer of Git LFS"),
    "cut off": (cut_off, "not the file that card.json describes"),
    "other genres": (other_genres, "its card has 2"),
    "other shape": (other_shape, "not what this model was trained on"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_model_that_cannot_be_used_is_refused(case, copy, song):
    spoil, reason = SPOILT[case]
    spoil(copy)
    with pytest.raises(ModelError, match=reason) as caught:
        genre.load(copy).predict(song)
    assert "\n" not in str(caught.value)


def test_a_folder_of_models_is_refused_with_their_names(network, tmp_path):
    for name in ("cnn", "mlp"):
        (tmp_path / name).mkdir()
        shutil.copy(network / "card.json", tmp_path / name)
    with pytest.raises(ModelError, match=f"several models; give one: {tmp_path / 'cnn'}, .*mlp"):
        genre.load(tmp_path)


# What is not imported


def imported(code: str, folder: Path = ROOT) -> set[str]:
    """Return the packages that are loaded after code has run in a process of its own."""
    code += "\nimport sys; print('\\n' + ' '.join(sys.modules))"
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {str(ROOT)!r}\n{code}"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
    return {name.split(".")[0] for name in ended.stdout.splitlines()[-1].split()}


def test_the_import_alone_loads_nothing_heavy_and_changes_nothing():
    loaded = imported("import genre; assert sys.excepthook is sys.__excepthook__")
    assert not loaded & {"numpy", "dataclasses", "msgspec", "sklearn"}


def test_naming_songs_loads_no_tensorflow(network, song):
    loaded = imported(
        f"import genre; model = genre.load({str(network)!r})\n"
        f"assert [it.genre for it in model.predict_many([{str(song)!r}], workers=1)] != [None]"
    )
    assert not loaded & {"tensorflow", "keras", "sklearn", "librosa", "matplotlib", "h5py"}
    assert "onnxruntime" in loaded


# What prediction does without: all that requirements-train.txt adds.
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""
OF_TRAINING = ["filelock", "h5py", "keras", "librosa", "matplotlib", "onnx", "orjson"]
OF_TRAINING += ["pywt", "simdjson", "skops", "sklearn", "tensorboard", "tensorflow", "tf2onnx"]


def without_training(code: str, folder: Path) -> str:
    """Return what code prints in an environment that can only predict, run in a folder."""
    code = BLOCKED.format(names=OF_TRAINING) + f"sys.path[0] = {str(ROOT)!r}\n{code}"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_small_requirements_name_a_song(song, tmp_path):
    shown = without_training(f"import predict; predict.main([{str(song)!r}])", tmp_path)
    assert shown.startswith(str(song))


def test_a_classifier_says_what_it_needs(tmp_path):
    fields = card_fields(files={"model.skops": sha256(b"").hexdigest()})
    (tmp_path / "model.skops").touch()
    card.write(card.new(**fields), tmp_path)
    code = "import genre\ntry: genre.load('.')\nexcept genre.ModelError as error: print(error)"
    assert "needs scikit-learn and skops: pip install" in without_training(code, tmp_path)


def test_the_requirements_of_training_are_those_that_are_blocked():
    lines = (ROOT / "requirements-train.txt").read_text(encoding="utf-8").splitlines()
    names = {re.split("[>=<]", line)[0].lower() for line in lines if line and line[0] != "#"}
    modules = {"pywavelets": "pywt", "pysimdjson": "simdjson", "scikit-learn": "sklearn"}
    assert {modules.get(name, name) for name in names} == set(OF_TRAINING)


def test_another_projects_config_is_let_be(song, tmp_path):
    (tmp_path / "config.py").write_text("raise SystemExit('another project')")
    code = f"sys.path.append({str(ROOT)!r}); sys.path[0] = ''; import genre\n"
    without_training(f"{code}print(genre.load().predict({str(song)!r}))", tmp_path)
