"""What wrote `genre/features/musicnn.onnx` and `genre/pretrained/training.h5`."""
