"""Where `features/musicnn.onnx` comes from: musicnn's networks as Keras layers, and their weights.

J. Pons and X. Serra published them as the Python package `musicnn` for TensorFlow 1. Only
`python -m genre.front_end` uses this code; the feature needs the ONNX file alone.
"""
