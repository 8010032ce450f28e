"""baseline.py: the table of all classifiers, and one that is saved, predicts and is scored."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import pytest
from helpers import (
    calibrated,
    edit_card,
    librosa_mfcc,
    made_up_segments,
    read_card,
    refusal,
    separable_segments,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops import io
from test_feature_table import write, write_features
from test_fma import SMALL, write_table

import baseline
import evaluate
import genre
import predict
import preprocess
from genre import classifiers
from genre.classifiers import band_statistics
from genre.classifiers.estimators import CLASSIFIERS
from genre.segments import segment_file
from genre.splits import Split, split_file


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A segment file whose genres can be told apart: each has a band of its own."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(separable_segments([8, 8, 8], 9), path)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """A table of features of tracks by GTZAN's names, whose genres can be told apart."""
    rng = np.random.default_rng(1)
    rows = [
        [f"{genre}.{i:05}.wav", "1", *map(str, rng.normal(size=2) + 9 * label), genre]
        for label, genre in enumerate(("country", "rock"))
        for i in range(40)
    ]
    path = tmp_path_factory.mktemp("table") / "features.csv"
    return write(path, rows)


@pytest.fixture(scope="module")
def saved(segments_path, tmp_path_factory) -> Path:
    """The folder of a classifier trained on the corpus. Not to be written to."""
    folder = tmp_path_factory.mktemp("saved") / "baseline"
    arguments = ["--data", segments_path, "--output", folder, "--classifier", "rbf-svm"]
    assert baseline.main([str(argument) for argument in arguments]) == 0
    return folder


@pytest.fixture
def copy(saved, tmp_path) -> Path:
    """A copy of the classifier's folder, to be changed."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


@pytest.fixture
def only(monkeypatch) -> Callable[..., None]:
    """Leave only these classifiers in the registry."""

    def only(*names: str) -> None:
        kept = {name: each for name, each in CLASSIFIERS.items() if name in names}
        monkeypatch.setattr(baseline, "CLASSIFIERS", kept)

    return only


def ranks(out: str) -> dict[str, list[str]]:
    """Return the cells behind each classifier in a printed table, in its order."""
    rows = [line.split("|")[1:-1] for line in out.splitlines() if line.startswith("| baseline ")]
    return {name.split()[1]: [cell.strip() for cell in cells] for name, *cells in rows}


def test_all_are_compared_best_first(run, data, tmp_path):
    ended = run(baseline, "--data", data, "--output", tmp_path / "new")
    assert ended.status == 0
    assert "left out of made-up.h5: baseline kernel-ridge: kernel-ridge needs" in ended.err
    table = ranks(ended.out)
    assert set(table) == {*CLASSIFIERS} - {"kernel-ridge"}
    by_track = [float(row[1]) for row in table.values()]
    assert by_track == sorted(by_track, reverse=True)
    assert by_track[0] == 1
    assert "test part of split track: 18 segments, 6 tracks, seed 42" in ended.out
    assert (
        "No model differs from another one by more than chance (exact test on 6 tracks" in ended.out
    )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["baselines.png"]


def test_folds_test_everything_once_and_give_a_spread(run, data, tmp_path, only):
    only("ridge", "lda")
    arguments = ("--data", data, "--output", tmp_path, "--folds", 3)
    ended = run(baseline, *arguments)
    assert "3 folds: 72 segments, 24 tracks" in ended.out
    alone = run(baseline, *arguments, "--classifier", "lda")
    card = read_card(tmp_path)
    assert np.sum(card["scores"]["confusion"]) == 24
    assert f"3 runs: {card['spread']['segment_accuracy']['mean']:.3f} ± " in alone.out
    assert ranks(ended.out)["lda"][:2] == [
        "{mean:.3f} ± {std:.3f}".format(**card["spread"][measure])
        for measure in ("segment_accuracy", "track_accuracy")
    ]


def test_a_refit_learns_from_all_tracks_and_has_the_scores_of_the_folds(run, data, tmp_path):
    arguments = ("--data", data, "--classifier", "lda", "--folds", 3)
    run(baseline, *arguments, "--output", tmp_path / "folds")
    ended = run(baseline, *arguments, "--refit", "--output", tmp_path / "refit")
    assert ended.status == 0
    folds, card = (read_card(tmp_path / name) for name in ("folds", "refit"))
    assert (card["split"]["train"]["tracks"], card["scores"]["tracks"]) == (24, 24)
    assert card["calibration"]["tracks"] == 24
    assert card["training"]["refit"] and not folds["training"]["refit"]
    assert "--refit needs --folds" in refusal(run(baseline, *arguments[:-2], "--refit"))
    assert "--refit is for --classifier" in run(baseline, "--refit").err


def test_repeats_count_seeds_up(run, data, tmp_path):
    arguments = ("--data", data, "--output", tmp_path, "--classifier", "mlp", "--repeats", 2)
    ended = run(baseline, *arguments, "--seed", 5)
    assert [each["seed"] for each in read_card(tmp_path)["runs"]] == [5, 6]
    assert read_card(tmp_path)["training"]["converged"] is False
    assert "note: baseline mlp reached its largest number of steps" in ended.out


def test_the_folder_of_one_says_what_it_is(saved, segments_path):
    assert {path.name for path in saved.iterdir()} == {
        *("model.skops", "card.json", "README.md", "split.csv", "confusion.png", "roc.png")
    }
    card = read_card(saved)
    assert card["script"] == "baseline" and card["title"] == "baseline rbf-svm"
    assert card["architecture"]["estimator"] == "SVC(break_ties=True)"
    digest = hashlib.sha256((saved / "model.skops").read_bytes()).hexdigest()
    assert card["files"] == {"model.skops": digest}
    text = (saved / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# baseline rbf-svm: 10 genres from mfcc")
    assert f"accuracy per track {card['scores']['track_accuracy']:.3f} (" in text
    assert "history.png" not in text and "epoch" not in text


def test_it_predicts_as_it_did_when_trained(saved, corpus, segments_path):
    song = corpus / "metal" / "metal.00001.wav"
    answer = genre.load(saved).predict(song)
    segments = segment_file.read(segments_path)
    listed = split_file.read(segments, saved / "split.csv")
    split = Split("as saved", listed.parts, [])
    model = classifiers.fit("rbf-svm", segments, split, seed=42).model

    samples, _ = librosa.load(song, sr=22050)
    frames = np.stack([librosa_mfcc(samples[i * 66150 :][:66150]) for i in range(2)])
    rows = band_statistics.of_segments(frames, segments.levels)
    expected = calibrated(classifiers.probabilities(model, rows, 10), saved).mean(axis=0)
    np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-3)


def test_kernel_ridge_names_songs_by_their_spectrogram(run, corpus, tmp_path):
    data, folder = tmp_path / "mel.h5", tmp_path / "kernel"
    arguments = ("--feature", "mel", "--n-mels", 32, "--workers", 1)
    assert run(preprocess, "--dataset", corpus, "--output", data, *arguments).status == 0
    ended = run(baseline, "--data", data, "--output", folder, "--classifier", "kernel-ridge")
    assert ended.status == 0
    assert "Nystroem(gamma=0.5" in read_card(folder)["architecture"]["estimator"]
    song = corpus / "metal" / "metal.00001.wav"
    assert genre.load(folder).predict(song).genre == "metal"


def test_its_own_test_part_scores_as_the_card_says(run, saved, segments_path, tmp_path):
    ended = run(
        evaluate,
        *("--model", saved / "model.skops", "--data", segments_path),
        *("--split", saved / "split.csv", "--output", tmp_path),
    )
    scores = read_card(saved)["scores"]
    assert ended.status == 0
    assert ended.out.startswith("baseline rbf-svm, ")
    assert f"per segment  {scores['segment_accuracy']:.3f}" in ended.out
    assert f"per track    {scores['track_accuracy']:.3f}" in ended.out


def put_in(folder: Path, content: bytes) -> None:
    """Put in another model, with a card that agrees."""
    (folder / "model.skops").write_bytes(content)
    edit_card(folder, files={"model.skops": hashlib.sha256(content).hexdigest()})


def with_code_in_it() -> bytes:
    return io.dumps(make_pipeline(StandardScaler(), FunctionTransformer(shutil.rmtree)))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda f: (f / "model.skops").write_bytes(b""), "not the file that card.json"),
    "cut off": (
        lambda f: put_in(f, (f / "model.skops").read_bytes()[:-50]),
        "not a classifier that can be loaded",
    ),
    "with code": (lambda f: put_in(f, with_code_in_it()), "Untrusted types found in the file"),
    "of other genres": (lambda f: edit_card(f, mapping=["jazz", "rock"]), "it has other genres"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_classifier_that_cannot_be_used_is_refused_in_a_line(case, copy, corpus, run):
    spoil, words = SPOILT[case]
    spoil(copy)
    line = refusal(run(predict, corpus / "metal" / "metal.00001.wav", "--model", copy))
    assert words in line


def test_frames_that_nothing_can_be_learnt_from_are_refused(run, tmp_path, only):
    only("ridge", "knn", "lda")
    huge = tmp_path / "huge.h5"
    segments = made_up_segments([8, 8, 8])
    segments.frames[:, ::2] = 3e38 - 1e36 * segments.frames[:, ::2]
    segments.frames[:, 1::2] = 1e36 * segments.frames[:, 1::2] - 3e38
    segment_file.write(segments, huge)
    ended = run(baseline, "--data", huge, "--output", tmp_path / "new")
    assert ended.status == 2
    assert ended.err.splitlines()[-1] == (
        "baseline.py: none of the models can learn from this data"
    )


def test_what_one_cannot_learn_others_may(run, tmp_path, only):
    only("ridge", "qda")
    path = tmp_path / "few.h5"
    segment_file.write(made_up_segments([3, 3], segments_per_track=1), path)
    ended = run(baseline, "--data", path, "--output", tmp_path / "all")
    assert ended.status == 1
    assert "qda cannot learn from this data" in ended.err
    assert list(ranks(ended.out)) == ["ridge"]
    line = run(baseline, "--data", path, "--output", tmp_path / "one", "--classifier", "qda")
    assert (line.status, line.out) == (2, "")
    assert line.err.splitlines()[-1].startswith("baseline.py: qda cannot learn from this data")
    assert not (tmp_path / "one").exists()


def test_a_table_is_split_by_artists_scored_and_evaluated(run, table, data, corpus, tmp_path):
    folder = tmp_path / "lda"
    arguments = ("--data", table, "--split", "artist", "--output", folder)
    ended = run(baseline, *arguments, "--classifier", "lda")
    assert "accuracy per track    1.000" in ended.out
    ended = run(evaluate, "--model", folder, "--data", table)
    # The 80 tracks are by 47 artists: Wilson's interval of 47 of 47.
    assert "accuracy per track    1.000  (80 tracks; 95 % interval 0.92 to 1.00)" in ended.out
    ended = run(predict, corpus, "--model", folder)
    assert ended.status == 2
    assert "cannot be computed from songs" in ended.err.splitlines()[-1]
    assert "feature" in refusal(run(evaluate, "--model", folder, "--data", data))


def test_fmas_features(run, tmp_path):
    tracks = write_table(tmp_path / "tracks.csv", SMALL)
    path = write_features(tmp_path / "features.csv", [row.number for row in SMALL])
    arguments = ("--data", path, "--split", "given", "--output", tmp_path / "out")
    ended = run(baseline, *arguments, "--fma", tracks, "--classifier", "naive-bayes")
    assert ended.status == 0
    assert "(4 tracks;" in ended.out
    assert "--fma" in refusal(run(baseline, *arguments))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "none.json"), "none.json: no such file"),
        (("--data", "none.csv"), "none.csv: No such file"),
        (("--split", "given"), "has no parts of its own"),
        (("--folds", 9), "every genre needs at least 9 tracks"),
        (("--classifier", "kernel-ridge"), "such as that of preprocess.py --feature mel"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    run, data, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    given = () if "--data" in arguments else ("--data", data)
    ended = run(baseline, *given, *arguments, "--output", "out")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith("baseline.py: ")
    assert words in ended.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_data_on_disk_is_not_read_at_once(run, data, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("all frames at once")

    monkeypatch.setattr("genre.segments.BLOCK", 9 * 4 * 4 * 7)
    monkeypatch.setattr("h5py.Dataset.__array__", refuse)
    arguments = ("--data", data, "--output", tmp_path, "--classifier", "ridge")
    assert run(baseline, *arguments).status == 0


def test_kaggles_table_of_gtzan_by_artist(run, real_data, tmp_path):
    table = real_data / "gtzan_features_30_sec.csv"
    ended = run(
        baseline,
        *("--data", table, "--split", "artist", "--classifier", "lda", "--output", tmp_path),
    )
    assert "baseline lda, test part of split artist" in ended.out
    assert float(re.search(r"per track +(0\.\d+)", ended.out)[1]) > 0.4
