"""The suite's constants: the defaults of every script. A trained network carries its own copy.

Editing a value changes what the next `preprocess.py` or training run does; networks that are
already trained keep the feature settings on their card.
"""

from pathlib import Path

# Audio and segments
SAMPLE_RATE = 22050  # Hz; GTZAN's own rate, others are resampled to it
TRACK_SECONDS = 30  # s; how much of each track is used, from its beginning
SEGMENTS_PER_TRACK = 10  # equal parts of those seconds, each one example for the network
SAMPLES_PER_SEGMENT = int(SAMPLE_RATE * TRACK_SECONDS) // SEGMENTS_PER_TRACK

# Features
FEATURE = "mfcc"  # what preprocess.py computes unless --feature names another
N_MFCC = 13  # coefficients; enough for the spectrum's envelope, and what the course takes
N_MELS = 128  # bands of the mel spectrogram, from which the MFCCs are computed, too
N_FFT = 2048  # samples in an analysis window, 93 ms
HOP_LENGTH = 512  # samples from one window to the next, 23 ms
FRAMES_PER_SEGMENT = 1 + SAMPLES_PER_SEGMENT // HOP_LENGTH  # windows are centred on their sample

# Paths
DATASET_PATH = Path("Data/genres_original")  # where Kaggle's archive puts GTZAN
OUTPUT_PATH = Path("output")  # the folder for everything that the scripts write
DATA_PATH = OUTPUT_PATH / f"{FEATURE}.json"  # what preprocess.py writes and the networks read
STORE_PATH = OUTPUT_PATH / "store.sqlite"  # the embeddings of all songs that were heard
MLP_PATH = OUTPUT_PATH / "mlp"  # folders of the trained networks
CNN_PATH = OUTPUT_PATH / "cnn"
LSTM_PATH = OUTPUT_PATH / "lstm"
BASELINE_PATH = OUTPUT_PATH / "baseline"  # folder of a classifier, or of the picture of them all

# Training
TEST_ONE_IN = 4  # 1/4 of the tracks (or segments) form the test part, used once, at the end
VALIDATION_ONE_IN = 5  # 1/5 of the rest, for early stopping and for choosing the best weights
BATCH_SIZE = 32  # segments in a training step
EPOCHS = 60  # at most; early stopping usually ends the training sooner
PATIENCE = 10  # epochs without a better validation loss before stopping
LEARNING_RATE = 0.0005  # a value that suits Adam
MOMENTUM = 0.9  # of stochastic gradient descent; the usual value
WEIGHT_DECAY = 0.01  # of AdamW, multiplied by the learning rate at each step; PyTorch's default
BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 averages over more batches than small data has
SEED = 42  # for the split, the first weights and the order of the batches

# Augmentation of the training segments, with --augment
MASKED_SHARE = 0.2  # the largest fraction of the frames, and of the bands, that is masked
GAIN_DB = 6  # dB; the largest change of volume, up or down, at each end of a segment
EQUALIZER_DB = 2  # dB, the standard deviation of the strength of each of the equaliser's waves
EQUALIZER_WAVES = 5  # cosines over the bands, the first of one half wave, the next of two
MIXUP_ALPHA = 0.2  # of the Beta distribution of shares; the paper uses 0.1 to 0.4 for pictures
