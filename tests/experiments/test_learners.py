"""A network and a classifier as learners: what decides them, and that they can be sent away."""

import pickle
from dataclasses import replace

import pytest
from helpers import choose, made_up_segments

from genre import splits
from genre.experiments.learners import ClassifierLearner, NetworkLearner
from genre.experiments.protocol import Run
from genre.model import card
from genre.training.augmentation import Augmentation
from genre.training.recipe import Recipe

SEGMENTS = made_up_segments([6, 5, 7])
RUN, OTHER = (Run(1, 1, splits.split(SEGMENTS, "track", seed=seed)) for seed in (1, 2))


def learner(recipe: Recipe, name: str = "mlp") -> NetworkLearner:
    return NetworkLearner(script="mlp", chosen=choose("mlp", name), recipe=recipe)


def test_what_decides_a_network_changes_with_each_part(monkeypatch):
    before = learner(Recipe(augment=True)).identity(SEGMENTS, RUN)
    assert before == learner(Recipe(augment=True)).identity(SEGMENTS, RUN)
    same = learner(Recipe(augment=True))
    others = [
        same.identity(replace(SEGMENTS, digest="b"), RUN),
        same.identity(SEGMENTS, OTHER),
        same.identity(SEGMENTS, RUN._replace(seed=2)),
        learner(Recipe()).identity(SEGMENTS, RUN),
        learner(Recipe(augment=True, weight_decay=7)).identity(SEGMENTS, RUN),
        learner(Recipe(augment=True, augmentation=Augmentation(equalizer_waves=7))).identity(
            SEGMENTS, RUN
        ),
        learner(Recipe(augment=True), "linear").identity(SEGMENTS, RUN),
    ]
    monkeypatch.setattr(card, "versions", lambda: {"keras": "4"})
    others.append(same.identity(SEGMENTS, RUN))
    assert before not in others


def test_an_augmentation_that_is_not_used_decides_nothing():
    strong = Recipe(augmentation=Augmentation(gain_db=20))
    assert learner(strong).identity(SEGMENTS, RUN) == learner(Recipe()).identity(SEGMENTS, RUN)


@pytest.mark.parametrize("each", [learner(Recipe(epochs=2)), ClassifierLearner(name="knn")])
def test_a_learner_can_go_to_another_process(each):
    assert pickle.loads(pickle.dumps(each)) == each


@pytest.mark.parametrize(
    "each", [learner(Recipe(epochs=1), "linear"), ClassifierLearner(name="ridge")]
)
def test_both_are_trained_predict_and_are_written_in_one_way(each, tmp_path):
    each.check(SEGMENTS)
    fitted = each.fit(SEGMENTS, RUN)
    chosen = RUN.split.parts == "test"
    predictions = fitted.predictions(SEGMENTS, chosen)
    assert predictions.probabilities == pytest.approx(
        fitted.predict(SEGMENTS.frames[chosen]), abs=1e-5
    )
    files = fitted.write(tmp_path)["files"]
    assert {path.name for path in tmp_path.iterdir()} == set(files)
    assert fitted.training["seed"] == 1 and fitted.training["seconds"] >= 0
