"""What wrote `genre/features/musicnn.onnx`. The suite does not run it."""
