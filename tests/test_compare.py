"""compare.py: networks and classifiers in one table, whose scores are those of the scripts."""

import csv
import json
from pathlib import Path

import pytest
from helpers import Run, refusal, separable_segments

import baseline
import compare
from genre.classifiers.estimators import CLASSIFIERS
from genre.experiments.comparison import HEADINGS
from genre.segments import segment_file

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
    assert columns == [heading for heading in HEADINGS.values() if heading in columns]
    assert set("".join(rule)) == {"-"}
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def scores(folder: Path) -> list[str]:
    """Return the scores on a card as the table gives them."""
    (run,) = json.loads((folder / "card.json").read_text(encoding="utf-8"))["runs"]
    return [f"{run[name]:.3f}" for name in ("segment_accuracy", "track_accuracy", "macro_f1")]


def test_a_row_has_the_scores_that_the_script_gives(run, segments_path, network, tmp_path):
    data = ("--data", segments_path)
    ended = run(compare, *data, "--epochs", 2, "--models", "cnn", "baseline knn")
    assert ended.status == 0, ended
    assert "mfcc.json: mfcc, segments of 130 frames, 13 bands" in ended.out
    assert "test part of split track: 20 segments, 10 tracks, seed 42" in ended.out
    run(baseline, *data, "--classifier", "knn", "--output", tmp_path)
    rows = table(ended)
    for model, folder in (("cnn", network), ("baseline knn", tmp_path)):
        found = [rows[model][column] for column in ("per segment", "per track", "macro F1")]
        assert found == scores(folder)
    assert int(rows["cnn"]["parameters"].replace(",", "")) > 1000
    assert rows["baseline knn"]["parameters"] == ""
    times = ("training, s", "an epoch, s", "a track's prediction, ms")
    assert all(float(rows["cnn"][column]) > 0 for column in times)


def test_the_table_is_written_as_it_is_printed_the_best_first(run, data, tmp_path):
    models = ("baseline lda", "baseline adaboost", "baseline naive-bayes")
    arguments = ("--data", data, *OPTIONS, "--folds", 3, "--output", tmp_path / "table.csv")
    ended = run(compare, *arguments, "--models", *models)
    assert "3 folds: 72 segments, 24 tracks, seed 3" in ended.out
    assert "exact test on 24 tracks" in ended.out
    printed = table(ended)
    with open(tmp_path / "table.csv", encoding="utf-8") as file:
        written = {row["model"]: row for row in csv.DictReader(file)}
    assert list(written) == list(printed)
    accuracies = [float(row["track_accuracy"]) for row in written.values()]
    assert accuracies == sorted(accuracies, reverse=True)
    for row in written.values():
        low, high = (float(row[f"track_accuracy_{end}"]) for end in ("low", "high"))
        assert low < float(row["track_accuracy"]) <= high
        assert row["p"] == ""
    assert (tmp_path / "table.png").stat().st_size > 1000
    run(baseline, *arguments[:-2], "--classifier", "lda", "--output", tmp_path / "lda")
    card = json.loads((tmp_path / "lda" / "card.json").read_text(encoding="utf-8"))
    expected = "{mean:.3f} ± {std:.3f}".format(**card["spread"]["segment_accuracy"])
    assert printed["baseline lda"]["per segment"] == expected


def test_quietly_nothing_but_the_table_is_said(run, data):
    arguments = ("--data", data, "--models", "mlp", "--epochs", 1)
    loud = run(compare, *arguments).err
    assert "val_loss" in loud and "mlp, run 1 of 1: trained in " in loud
    assert run(compare, *arguments, "--quiet").err == ""


def test_baseline_means_all_classifiers_and_all_everything_once():
    arguments = compare.parse_arguments(["--models", "all", "baseline"])
    titles = compare.chosen_models(arguments)
    assert {f"baseline {name}" for name in CLASSIFIERS} < set(titles)
    assert {"mlp", "cnn", "cnn bbnn", "lstm", "lstm parallel"} < set(titles)
    assert len(titles) == len(CLASSIFIERS) + sum(map(len, compare.NETWORKS.values()))


def test_a_reference_is_tested_against_each_other_model(run, data):
    models = ("baseline lda", "baseline adaboost", "baseline knn")
    arguments = ("--data", data, "--models", *models, "--reference")
    ended = run(compare, *arguments, "baseline knn")
    rows = table(ended)
    assert rows.pop("baseline knn")["p"] == ""
    assert all(0 <= float(row["p"]) <= 1 for row in rows.values())
    assert "difference to baseline knn is by chance alone" in ended.out.replace("\n ", "")
    assert "is not one of --models" in refusal(run(compare, *arguments, "baseline qda"))


def test_options_stand_in_a_models_name(run, data):
    model = "lstm --units 4 --cell gru"
    rows = table(run(compare, "--data", data, "--epochs", 1, "--models", model))
    (title,) = rows
    assert set(title.replace("--", "").split()) == {"lstm", "cell", "gru", "units", "4"}
    # Two GRUs, each 3 (n + units + 2) units of weights, then 64 and 3 dense units.
    by_hand = 2 * 3 * 4 * (4 + 4 + 2) + (4 + 1) * 64 + (64 + 1) * 3
    assert rows[title]["parameters"] == str(by_hand)


def test_a_model_that_cannot_be_trained_leaves_the_others(run, data):
    ended = run(compare, "--data", data, "--models", "cnn square", "baseline knn")
    assert ended.status == 1
    assert list(table(ended)) == ["baseline knn"]
    assert "cnn square: segments of 9 frames are too short for square" in ended.err
    ended = run(compare, "--data", data, "--models", "baseline kernel-ridge")
    assert ended.status == 2
    assert "kernel-ridge needs a spectrogram in decibels" in ended.err
    assert ended.err.splitlines()[-1].endswith("none of the models can learn from this data")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("lenet", "a model's name begins with mlp, cnn, lstm or baseline"),
        ("", "a model's name begins with mlp, cnn, lstm or baseline"),
        ("cnn lenett", "'lenett' is not one of basic, "),
        ("cnn lenet --dropout 2", "'2' is not a number from 0 to below 1"),
        ("cnn --dropout 0.2", "--dropout is an option of lenet, not of basic"),
        ("mlp --units 3", "unrecognized arguments: --units 3"),
        ("baseline knn lda", "unrecognized arguments: lda"),
        ("baseline forest", "'forest' is not one of logistic, "),
    ],
)
def test_words_that_mean_no_model_are_refused_before_the_work(run, model, reason, tmp_path):
    line = refusal(run(compare, "--data", tmp_path / "none.h5", "--models", "mlp", model))
    assert reason in line
