"""compare.py: networks and classifiers in one table, whose scores are those of the scripts."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from helpers import made_up_segments, refusal, separable_segments

import baseline
import compare
from genre.classifiers.estimators import CLASSIFIERS
from genre.cli.models import models_of
from genre.reporting.tables import HEADINGS
from genre.segments import segment_file

OPTIONS = ("--split", "track", "--seed", 3)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A segment file whose genres can be told apart: each has a band of its own."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(separable_segments([8, 8, 8], 3), path)
    return path


def table(out: str) -> dict[str, dict[str, str]]:
    """Return the rows of the table that was printed, by model."""
    rows = [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in out.splitlines()
        if line.startswith("|")
    ]
    columns, rule, *rows = rows
    assert columns == [heading for heading in HEADINGS.values() if heading in columns]
    assert set("".join(rule)) == {"-"}
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def without_times(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [
        {name: value for name, value in row.items() if not name.endswith("_seconds")}
        for row in rows
    ]


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
    rows = table(ended.out)
    for model, folder in (("cnn", network), ("baseline knn", tmp_path)):
        found = [rows[model][column] for column in ("per segment", "per track", "macro F1")]
        assert found == scores(folder)
    assert int(rows["cnn"]["parameters"].replace(",", "")) > 1000
    assert rows["baseline knn"]["parameters"] == ""
    times = ("training, s", "an epoch, s", "a track's prediction, ms")
    assert all(float(rows["cnn"][column]) > 0 for column in times)


def test_the_table_that_is_printed_has_the_rows_of_the_file_the_best_first(run, data, tmp_path):
    models = ("baseline lda", "baseline adaboost", "baseline naive-bayes")
    arguments = ("--data", data, *OPTIONS, "--folds", 3, "--output", tmp_path / "table.csv")
    ended = run(compare, *arguments, "--models", *models)
    assert "3 folds: 72 segments, 24 tracks, seed 3" in ended.out
    assert "exact test on 24 tracks" in ended.out
    printed = table(ended.out)
    written = {row["model"]: row for row in rows_of(tmp_path / "table.csv")}
    assert list(written) == list(models)  # as they were finished
    accuracies = [float(written[model]["track_accuracy"]) for model in printed]
    assert accuracies == sorted(accuracies, reverse=True)
    for row in written.values():
        low, high = (float(row[f"track_accuracy_{end}"]) for end in ("low", "high"))
        assert low < float(row["track_accuracy"]) <= high
    assert (tmp_path / "table.png").stat().st_size > 1000
    run(baseline, *arguments[:-2], "--classifier", "lda", "--output", tmp_path / "lda")
    card = json.loads((tmp_path / "lda" / "card.json").read_text(encoding="utf-8"))
    expected = "{mean:.3f} ± {std:.3f}".format(**card["spread"]["segment_accuracy"])
    assert printed["baseline lda"]["per segment"] == expected


def test_quietly_nothing_but_the_table_is_said(run, data):
    arguments = ("--data", data, "--models", "mlp linear", "--epochs", 1)
    loud = run(compare, *arguments).err
    assert "val_loss" in loud and "mlp linear, made-up.h5, track: trained in " in loud
    assert run(compare, *arguments, "--quiet").err == ""


def test_baseline_means_all_classifiers_and_all_everything_once():
    arguments = compare.parse_arguments(["--models", "all", "baseline"])
    learners, named = models_of(compare.NETWORKS, arguments)
    titles = [learner.title for learner in learners]
    assert named == set()
    assert {f"baseline {name}" for name in CLASSIFIERS} < set(titles)
    assert {"mlp", "cnn", "cnn bbnn", "lstm", "lstm parallel"} < set(titles)
    assert len(titles) == len(CLASSIFIERS) + sum(map(len, compare.NETWORKS.values()))


def test_a_reference_is_tested_against_each_other_model(run, data):
    models = ("baseline lda", "baseline adaboost", "baseline knn")
    arguments = ("--data", data, "--models", *models, "--reference")
    ended = run(compare, *arguments, "baseline knn")
    rows = table(ended.out)
    assert rows.pop("baseline knn")["p"] == ""
    assert all(0 <= float(row["p"]) <= 1 for row in rows.values())
    assert "difference to baseline knn is by chance alone" in ended.out.replace("\n ", "")
    assert "is not one of --models" in refusal(run(compare, *arguments, "baseline qda"))


def test_options_stand_in_a_models_name(run, data):
    model = "lstm --units 4 --cell gru"
    rows = table(run(compare, "--data", data, "--epochs", 1, "--models", model).out)
    (title,) = rows
    assert set(title.replace("--", "").split()) == {"lstm", "cell", "gru", "units", "4"}
    # Two GRUs, each 3 (n + units + 2) units of weights, then 64 and 3 dense units.
    by_hand = 2 * 3 * 4 * (4 + 4 + 2) + (4 + 1) * 64 + (64 + 1) * 3
    assert rows[title]["parameters"] == str(by_hand)


def test_a_model_that_cannot_be_trained_leaves_the_others(run, data):
    ended = run(compare, "--data", data, "--models", "cnn square", "baseline knn")
    assert ended.status == 1
    assert list(table(ended.out)) == ["baseline knn"]
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
        ("baseline --knn", "it means several models, logistic, "),
        ("baseline knn lda", "unrecognized arguments: lda"),
        ("baseline forest", "'forest' is not one of logistic, "),
    ],
)
def test_words_that_mean_no_model_are_refused_before_the_work(run, model, reason, tmp_path):
    line = refusal(run(compare, "--data", tmp_path / "none.h5", "--models", "mlp", model))
    assert reason in line


# Several data sets and splits, and one file for them


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """A segment file whose segments have a single frame, which some networks cannot use."""
    path = tmp_path_factory.mktemp("data") / "short.h5"
    segment_file.write(made_up_segments([8, 8, 8], shape=(1, 4)), path)
    return path


LDA, KNN = "baseline lda", "baseline knn"


def test_each_data_set_is_compared_by_each_split(run, data, short, tmp_path):
    arguments = ("--data", data, short, "--split", "segment", "track", "--folds", 3)
    ended = run(compare, *arguments, "--models", LDA, KNN, "--output", tmp_path / "all.csv")
    assert ended.status == 0, ended
    titles = [line for line in ended.out.splitlines() if ".h5: mfcc" in line]
    assert [title.split(":")[0] for title in titles] == 2 * ["made-up.h5"] + 2 * ["short.h5"]
    assert ended.out.count("test part of split segment, 3 folds: 72 segments, 24 tracks") == 2
    assert ended.out.count("note: this split leaks") == 2
    assert "baseline knn, short.h5, track, fold 2 of 3: trained in " in ended.err
    rows = rows_of(tmp_path / "all.csv")
    seen = [(row["data"], row["split"], row["model"]) for row in rows]
    assert seen == [
        (name, split, model)
        for name in ("made-up.h5", "short.h5")
        for split in ("segment", "track")
        for model in (LDA, KNN)
    ]
    assert len({row["conditions"] for row in rows}) == 8
    assert {(row["folds"], row["repeats"], row["seed"]) for row in rows} == {("3", "", "42")}
    assert {row["data_sha256"] for row in rows} == {
        segment_file.read(path).digest for path in (data, short)
    }
    assert all(0 <= float(row["calibration_error"]) <= 1 for row in rows)
    assert all(float(row["log_loss"]) > 0 for row in rows)
    assert (tmp_path / "all.png").stat().st_size > 1000


def test_a_model_is_left_out_of_data_that_it_cannot_use(run, data, short):
    arguments = ("--models", "cnn lenet", KNN, "--epochs", 1)
    ended = run(compare, "--data", short, data, *arguments)
    assert ended.status == 0
    assert "left out of short.h5: cnn lenet: segments of 1 frames are too short" in ended.err
    first, second = ended.out.split("made-up.h5: ")
    assert (list(table(first)), len(table(second))) == ([KNN], 2)
    assert run(compare, "--data", short, *arguments).status == 1  # it was asked for


def test_a_split_that_does_not_suit_the_data_leaves_the_others(run, data):
    arguments = ("--data", data, "--models", KNN, "--split")
    ended = run(compare, *arguments, "artist", "track")
    assert ended.status == 1
    assert ended.err.startswith("made-up.h5, artist: ") and "are not GTZAN's" in ended.err
    assert list(table(ended.out)) == [KNN]
    assert "are not GTZAN's" in refusal(run(compare, *arguments, "artist"))


def test_what_a_file_holds_is_not_trained_again(run, data, tmp_path, monkeypatch):
    file, kept = tmp_path / "table.csv", tmp_path / "kept"
    arguments = ("--data", data, "--folds", 3, "--output", file, "--append", "--predictions", kept)
    first = run(compare, *arguments, "--models", LDA, KNN)
    before = file.read_bytes()
    asked = []
    monkeypatch.setattr(compare, "trial", lambda each: asked.append(each.learner.title))
    again = run(compare, *arguments, "--models", LDA, KNN)
    assert (again.status, again.out, again.err, asked) == (0, first.out, "", [])
    assert file.read_bytes() == before
    monkeypatch.undo()
    network = ("mlp linear", "--epochs", 1)
    more = run(compare, *arguments, "--quiet", "--models", LDA, KNN, *network)
    rows = table(more.out)
    del rows["mlp linear"]
    assert (list(rows), more.err) == (list(table(first.out)), "")
    assert file.read_bytes().startswith(before)
    assert [row["model"] for row in rows_of(file)] == [LDA, KNN, "mlp linear"]
    next(kept.glob("*knn*")).unlink()
    ended = run(compare, *arguments, "--models", LDA, KNN)
    assert "lda" not in ended.err and "baseline knn, made-up.h5, track, fold 1" in ended.err
    assert (
        without_times(rows_of(file))[2]
        == without_times(csv.DictReader(before.decode().splitlines()))[1]
    )


def test_without_predictions_an_earlier_model_is_in_no_test(run, data, tmp_path):
    arguments = ("--data", data, "--output", tmp_path / "table.csv", "--append", "--models")
    run(compare, *arguments, KNN)
    ended = run(compare, *arguments, KNN, LDA)
    assert set(table(ended.out)) == {KNN, LDA}
    assert "note: baseline knn is in no test, because its predictions were not kept" in ended.out
    assert "by more than chance" not in ended.out


def test_what_is_finished_stays_when_the_rest_is_interrupted(run, data, tmp_path, monkeypatch):
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    arguments = ("--data", data, "--folds", 3, "--models", LDA, KNN, "baseline ridge", "--output")
    run(compare, *arguments, whole)
    real, counts = compare.trial, Counter()

    def interrupted(each):
        counts[each.learner.title] += 1
        if counts == {LDA: 3, KNN: 2}:
            raise KeyboardInterrupt
        return real(each)

    monkeypatch.setattr(compare, "trial", interrupted)
    ended = run(compare, *arguments, part)
    assert ended.status == 130
    assert ended.err.splitlines()[-2:] == [
        f"what is finished is in {part}; --append continues",
        "compare.py: interrupted",
    ]
    assert [row["model"] for row in rows_of(part)] == [LDA]
    monkeypatch.setattr(compare, "trial", real)
    assert run(compare, *arguments, part, "--append").status == 0
    assert without_times(rows_of(part)) == without_times(rows_of(whole))


def test_a_run_that_fails_leaves_its_model_out(run, data, tmp_path, monkeypatch):
    real = compare.trial
    monkeypatch.setattr(
        compare, "trial", lambda each: "no luck" if each.number == 2 else real(each)
    )
    arguments = ("--data", data, "--folds", 3, "--models", LDA, "--output", tmp_path / "table.csv")
    ended = run(compare, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "baseline lda, made-up.h5, track, fold 2 of 3: no luck" in ended.err
    assert not (tmp_path / "table.csv").exists()


def test_predictions_give_the_accuracy_of_the_row(run, data, tmp_path):
    file, kept = tmp_path / "table.csv", tmp_path / "kept"
    arguments = ("--data", data, "--split", "segment", "--repeats", 2, "--models", KNN)
    run(compare, *arguments, "--output", file, "--predictions", kept)
    (row,) = rows_of(file)
    (path,) = kept.iterdir()
    assert path.name == f"made-up_segment_baseline-knn_{row['conditions']}.csv"
    predicted = rows_of(path)
    right = Counter(each["run"] for each in predicted if each["genre"] == each["predicted"])
    accuracies = [right[number] / int(row["tracks"]) for number in "12"]
    assert row["track_accuracy_runs"].split() == [str(round(each, 4)) for each in accuracies]
    for each in predicted:
        probabilities = [float(each[f"genre{i}"]) for i in range(3)]
        assert sum(probabilities) == pytest.approx(1)
        assert each["predicted"] == f"genre{probabilities.index(max(probabilities))}"


def test_programs_read_csv_and_papers_latex(run, data, tmp_path):
    arguments = ("--data", data, "--quiet", "--models", LDA, KNN, "--format")
    ended = run(compare, *arguments, "csv", "--output", tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert sorted(rows, key=str) == sorted(rows_of(tmp_path / "table.csv"), key=str)
    assert "by more than chance" in ended.err and "picture in" in ended.err
    ended = run(compare, *arguments, "latex")
    first, *lines = ended.out.splitlines()
    assert first.startswith("% made-up.h5, test part of split track: ")
    assert (lines[0][:15], lines[-1]) == (r"\begin{tabular}", r"\end{tabular}")
    assert len([line for line in lines if line.startswith("baseline ")]) == 2


def test_no_model_is_said_to_be_saved(run):
    ended = run(compare, "--help")
    assert "No model is saved." in ended.out and "is saved," not in ended.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--append",), "--append needs --output"),
        (("--output", "table.csv"), "table.csv exists; --append adds to it"),
        (("--output", "table.csv", "--append"), "table.csv: not a table that this version of"),
        (("--predictions", "table.csv"), "table.csv: Not a directory"),
    ],
)
def test_a_place_for_results_that_cannot_be_used_is_refused(
    run, data, tmp_path, monkeypatch, arguments, reason
):
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("model,accuracy\nknn,0.5\n")
    line = refusal(run(compare, "--data", data, "--models", KNN, *arguments))
    assert line.startswith(f"compare.py: {reason}")
    assert Path("table.csv").read_text() == "model,accuracy\nknn,0.5\n"


def test_two_files_of_one_name_cannot_be_told_apart(run):
    ended = run(compare, "--data", "a/mel.h5", "b/mel.h5")
    assert ended.status == 2
    assert ended.err.splitlines()[-1].endswith("--data names two files of the same name")
