"""compare.py: networks and classifiers in one table, whose figures are those of the scripts."""

import json
import re
from pathlib import Path

import pytest
from helpers import Run, refusal, separable_segments

import baseline
import cnn
import compare
from genre import classifiers
from genre.datasets import segment_file

NORMALIZATION = 2 * 4 + 1  # parameters: of 4 bands, and of how many frames
OPTIONS = ("--split", "track", "--seed", 3)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A segment file whose genres can be told apart: each has a band of its own."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(separable_segments([8, 8, 8], 3), path)
    return path


def table(ended: Run) -> dict[str, dict[str, str]]:
    """Return the rows of the table that was printed, by model."""
    rows = [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in ended.out.splitlines()
        if line.startswith("|")
    ]
    columns, rule, *rows = rows
    assert columns == list(compare.COLUMNS)
    assert set(rule) == {"---"}
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def scores(card: Path) -> list[str]:
    """Return the scores on a card as the table gives them."""
    (run,) = json.loads((card / "card.json").read_text(encoding="utf-8"))["runs"]
    return [f"{run[name]:.3f}" for name in ("segment_accuracy", "track_accuracy", "macro_f1")]


def test_a_row_has_the_scores_that_the_script_gives(run, data, tmp_path):
    common = ("--data", data, *OPTIONS)
    ended = run(compare, *common, "--epochs", 2, "--models", "cnn", "baseline knn")
    assert ended.status == 0, ended
    assert "made-up.h5: mfcc, segments of 9 frames, 4 bands" in ended.out
    assert "test part of split track: 18 segments, 6 tracks, seed 3" in ended.out
    run(cnn, *common, "--epochs", 2, "--output", tmp_path / "cnn")
    run(baseline, *common, "--classifier", "knn", "--output", tmp_path / "knn")
    rows = table(ended)
    assert list(rows) == ["cnn", "baseline knn"]
    for model, folder in (("cnn", "cnn"), ("baseline knn", "knn")):
        found = [rows[model][column] for column in ("per segment", "per track", "macro F1")]
        assert found == scores(tmp_path / folder)
    summary = run(cnn, "--data", data, "--summary").out
    (parameters,) = re.findall(r"Total params: ([\d,]+)", summary)
    normalized = int(parameters.replace(",", "")) + NORMALIZATION
    assert rows["cnn"]["parameters"] == f"{normalized:,}"
    assert rows["baseline knn"]["parameters"] == ""
    times = ("training, s", "an epoch, s", "a track's prediction, ms")
    assert all(float(rows["cnn"][column]) > 0 for column in times)
    assert float(rows["cnn"]["an epoch, s"]) < float(rows["cnn"]["training, s"])


def test_several_runs_give_means_and_spread(run, data, tmp_path):
    common = ("--data", data, *OPTIONS, "--folds", 3)
    ended = run(compare, *common, "--models", "baseline lda")
    assert "3 folds: 72 segments, 24 tracks, seed 3" in ended.out
    run(baseline, *common, "--classifier", "lda", "--output", tmp_path)
    spread = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))["spread"]
    expected = "{mean:.3f} ± {std:.3f}".format(**spread["segment_accuracy"])
    assert table(ended)["baseline lda"]["per segment"] == expected


def test_baseline_means_all_classifiers_and_all_everything_once():
    every = list(compare.spelled_out(["all", "baseline"]))
    titles = dict(map(compare.choose, every))
    assert {f"baseline {name}" for name in classifiers.NAMES} < set(titles)
    assert {"mlp", "cnn", "cnn bbnn", "lstm", "lstm parallel"} < set(titles)
    assert len(titles) == 12 + 1 + len(cnn.ARCHITECTURES) + 3


def test_options_stand_in_a_models_name(run, data):
    model = "lstm --units 4 --cell gru"
    rows = table(run(compare, "--data", data, "--epochs", 1, "--models", model))
    assert list(rows) == ["lstm --cell gru --units 4"]  # as on the card
    # Two GRUs, each 3 (n + units + 2) units of weights, then 64 and 3 dense units.
    by_hand = 3 * 4 * (4 + 4 + 2) + 3 * 4 * (4 + 4 + 2) + (4 + 1) * 64 + (64 + 1) * 3
    assert rows["lstm --cell gru --units 4"]["parameters"] == str(by_hand + NORMALIZATION)


def test_a_model_that_cannot_be_trained_leaves_the_others(run, data):
    ended = run(compare, "--data", data, "--models", "cnn square", "baseline knn")
    assert ended.status == 1
    assert list(table(ended)) == ["baseline knn"]
    assert "cnn square: segments of 9 frames are too short for square" in ended.err
    ended = run(compare, "--data", data, "--models", "cnn square")
    assert ended.status == 2
    assert ended.err.splitlines()[-1].endswith("none of the models can learn from this data")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("lenet", "a model begins with mlp, cnn, lstm or baseline"),
        ("", "a model begins with mlp, cnn, lstm or baseline"),
        ("cnn lenett", "invalid choice: 'lenett'"),
        ("cnn lenet --dropout 2", "'2' is not a number from 0 to below 1"),
        ("cnn --dropout 0.2", "--dropout is an option of lenet, not of basic"),
        ("mlp --units 3", "unrecognized arguments: --units 3"),
        ("baseline forest", "invalid choice: 'forest'"),
        ("baseline knn lda", "unrecognized arguments: lda"),
    ],
)
def test_words_that_mean_no_model_are_refused_before_the_work(run, model, reason, tmp_path):
    line = refusal(run(compare, "--data", tmp_path / "none.h5", "--models", "mlp", model))
    assert reason in line
