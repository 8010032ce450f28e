"""What a training script says at its end."""

import pytest

from genre.reporting import text


@pytest.mark.parametrize(
    ("training", "line"),
    [
        (
            {"train_accuracy": 0.98, "validation_accuracy": 0.71},
            "0.71 on validation segments; it overfits",
        ),
        ({"train_accuracy": 0.75, "validation_accuracy": 0.71}, "0.75 on training and 0.71 on"),
        ({"train_accuracy": 0.75}, "is kept: accuracy 0.75 on training segments"),
    ],
)
def test_the_epoch_that_is_kept_stands_with_how_much_the_network_overfits(training, line):
    (found,) = text.epoch_lines({"best_epoch": 23, "epochs_run": 33} | training)
    assert found.startswith("epoch 23 of 33 is kept: accuracy ")
    assert line in found
    assert ("overfits" in found) == ("overfits" in line)


def test_a_classifier_has_no_epochs():
    assert text.epoch_lines({"seconds": 1.0}) == []
