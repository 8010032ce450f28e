"""The embedding of the feature `musicnn`: the activations of two networks trained on 200,000 songs.

The networks are musicnn and a VGG, trained to tag the Million Song Dataset by J. Pons and X. Serra,
"musicnn: pre-trained convolutional neural networks for music audio tagging" (ISMIR 2019, late
breaking demo). `musicnn.onnx` holds both, and `musicnn.toml` describes it: it is a front end as any
other. `musicnn.md` says where the weights come from, and `python -m tools.write_musicnn` wrote the
file.
"""

from pathlib import Path

DESCRIPTION = Path(__file__).with_suffix(".toml")

# The parts of an embedding, and the number of values in each.
PARTS = {
    "musicnn_pooled": 1506,  # maximum and mean over time of 753 feature maps, in turn
    "musicnn_hidden": 200,  # the last hidden layer
    "musicnn_tags": 50,  # logits
    "vgg_mean": 128,  # of the last pooling, over time
    "vgg_max": 128,
    "vgg_tags": 50,  # logits
    "vgg_pooled": 256,  # maximum and mean of the last convolution, over time and frequency
}
VALUES = sum(PARTS.values())
