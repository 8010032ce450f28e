"""The card: written, read back, refused where it is not one; and as Markdown for people."""

import json
from typing import Any

import msgspec
import pytest
from helpers import card_fields as fields

from genre import splits
from genre.errors import ModelError
from genre.model import card
from genre.reporting import text


def test_a_card_is_read_as_it_was_written(tmp_path):
    made = card.new(**fields())
    card.write(made, tmp_path)
    assert card.read(tmp_path) == made
    assert made.split.test.tracks == 2 and made.scores.genres["jazz"].recall == 1
    assert json.loads((tmp_path / "card.json").read_text("utf-8"))["calibration"]["tracks"] == 60


def test_what_could_not_be_read_is_not_written(tmp_path):
    made = msgspec.structs.replace(card.new(**fields()), feature=13)
    with pytest.raises(msgspec.ValidationError):
        card.write(made, tmp_path)
    assert not any(tmp_path.iterdir())


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return the fields with one of them, named with dots, of another value; None removes it."""
    content = fields(schema=card.SCHEMA)
    *parents, last = path.split(".")
    place = content
    for key in parents:
        place = place[key]
    place[last] = value
    if value is None:
        del place[last]
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a model's card"),
        ("[]", "not a model's card"),
        ("\xff", "not a model's card"),
        ("{" * 10_000, "not a model's card"),
        (json.dumps({"schema": 1}), "schema 1, this version reads 3"),
        (json.dumps({"schema": 3}), "missing required field"),
        (json.dumps(nested("split.seed", None)), "seed"),
        (json.dumps(nested("split.test.tracks", "many")), "$.split.test.tracks"),
        (json.dumps(nested("mapping", ["jazz"])), "$.mapping"),
        (json.dumps(nested("mapping", ["jazz", "jazz"])), "names a genre twice"),
        (json.dumps(nested("calibration.temperature", 0)), "$.calibration.temperature"),
        (json.dumps(nested("calibration.sure", 1.5)), "$.calibration.sure"),
        (json.dumps(nested("files", {"model.onnx": "of mine"})), "$.files"),
    ],
)
def test_what_is_no_card_is_refused_in_a_line(content, reason, tmp_path):
    (tmp_path / "card.json").write_text(content, encoding="latin-1")
    with pytest.raises(ModelError) as caught:
        card.read(tmp_path)
    assert reason in str(caught.value)
    assert "card.json" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feature": "table", "settings": {}}, "cannot be computed from songs"),
        ({"feature": "mfcc+nonsense"}, "cannot be computed from songs"),
        ({"settings": {"n_fft": 2048}}, "settings on the model's card"),
        (
            {"settings": fields()["settings"] | {"n_mfcc": 13.5}},
            "settings on the model's card",
        ),
    ],
)
def test_settings_that_songs_cannot_be_analysed_with_are_refused(changes, reason):
    with pytest.raises(ModelError, match=reason):
        card.settings(card.new(**fields(**changes)))


# As Markdown


def test_what_a_person_wrote_stands_at_the_top_of_the_readme():
    title, notes, *rest = text.readme(card.new(**fields()), "It knows two genres.\n").split("\n\n")
    assert (title, notes) == ("# cnn: 2 genres from mfcc", "It knows two genres.")
    assert "accuracy per track 0.750 (4 tracks" in "\n\n".join(rest)


def test_the_readme_says_what_the_verdicts_go_by():
    of_many = text.readme(card.new(**fields()))
    assert "sure of a genre from a probability of 0.60 on" in of_many
    assert "50% sure (90% of these right), 20% either (80% of these right), and 30% open" in of_many
    few = fields()["calibration"] | {"tracks": 5}
    of_few = text.readme(card.new(**fields(calibration=few)))
    assert "fewer than 50 tracks are not trusted" in of_few and "of 0.90 on" in of_few
    assert "nothing was calibrated" in text.readme(card.new(**fields(calibration={})))


def test_a_genre_whose_name_would_end_a_cell_of_the_table():
    scores = fields()["scores"]
    scores["genres"] = {"R|B": scores["genres"]["jazz"], "rock": scores["genres"]["rock"]}
    readme = text.readme(card.new(**fields(mapping=["R|B", "rock"], scores=scores)))
    (row,) = [line for line in readme.splitlines() if line.startswith("| R")]
    assert row == r"| R\|B | 0.50 | 1.00 | 0.67 | - | 2 |"


def test_the_lines_on_a_model_say_what_its_answers_are_worth():
    assert text.accuracy_line(card.new(**fields())) == (
        "cnn: 75% of 4 test tracks right (between 30% and 95% with 95 % confidence); artists not "
        "kept apart: expect a lower accuracy for other artists"
    )
    leaking = fields()["split"] | {"name": "segment", "notes": [splits.LEAKS]}
    assert "expect a much lower accuracy" in text.accuracy_line(card.new(**fields(split=leaking)))
    apart = fields()["split"] | {"name": "artist"}
    assert text.accuracy_line(card.new(**fields(split=apart))).endswith("artists kept apart")
    assert text.verdict_line(card.new(**fields())).startswith("sure: 60% or more; ")
    assert "fitted on only 0 tracks" in text.verdict_line(card.new(**fields(calibration={})))


def test_the_title_of_a_models_curves_says_which_run_it_is():
    run = fields()["runs"][0]
    assert text.run_title(card.new(**fields())) == "cnn, split track, seed 42"
    folds = {"runs": [run] * 3, "training": fields()["training"] | {"folds": 3}}
    assert text.run_title(card.new(**fields(**folds))) == "cnn, split track, fold 1 of 3"
    folds["training"] = folds["training"] | {"refit": True}
    assert text.run_title(card.new(**fields(**folds))).endswith("trained on all tracks")
