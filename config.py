"""The suite's constants: the defaults of every script. A trained network carries its own copy.

Editing a value changes what the next `preprocess.py` or training run does; networks that are
already trained keep the feature settings on their card.
"""

from pathlib import Path

# Audio and segments
SAMPLE_RATE = 22050  # Hz; GTZAN's own rate, others are resampled to it
TRACK_SECONDS = 30  # s; what is used of a track, from its beginning
SEGMENTS_PER_TRACK = 10  # equal parts of those seconds, each one example for the network
SAMPLES_PER_SEGMENT = int(SAMPLE_RATE * TRACK_SECONDS) // SEGMENTS_PER_TRACK

# Features
FEATURE = "mfcc"  # what preprocess.py computes unless --feature names another
N_MFCC = 13  # coefficients; enough for the spectrum's envelope, the course's choice
N_MELS = 128  # bands of the mel spectrogram, from which the MFCCs are made, too
N_FFT = 2048  # samples an analysis window, 93 ms
HOP_LENGTH = 512  # samples from one window to the next, 23 ms
FRAMES_PER_SEGMENT = 1 + SAMPLES_PER_SEGMENT // HOP_LENGTH  # windows are centred on their sample

# Paths
DATASET_PATH = Path("Data/genres_original")  # where Kaggle's archive puts GTZAN
OUTPUT_PATH = Path("output")  # the folder of all that the scripts write
DATA_PATH = OUTPUT_PATH / f"{FEATURE}.json"  # what preprocess.py writes and the networks read
MLP_PATH = OUTPUT_PATH / "mlp"  # folders of the trained networks
CNN_PATH = OUTPUT_PATH / "cnn"
LSTM_PATH = OUTPUT_PATH / "lstm"
BASELINE_PATH = OUTPUT_PATH / "baseline"  # and of a classifier, or of the picture of all
PRETRAINED_PATH = Path(__file__).parent / "pretrained"  # the network that comes with the code

# Training
TEST_ONE_IN = 4  # one in so many tracks (or segments) is tested, once, at the end
VALIDATION_ONE_IN = 5  # of the rest, to stop early and keep the best weights
BATCH_SIZE = 32  # segments a step
EPOCHS = 60  # at most; early stopping usually ends sooner
PATIENCE = 10  # epochs without a better validation loss before stopping
LEARNING_RATE = 0.0005  # the optimizer's step, one that suits Adam
MOMENTUM = 0.9  # of stochastic gradient descent, the usual one
WEIGHT_DECAY = 0.01  # of AdamW, times the learning rate at each step; PyTorch's default
BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 averages over more batches than small data has
SEED = 42  # of the split, the weights and the order of the batches

# Augmentation, of training segments with --augment
MASKED_SHARE = 0.2  # of the frames and of the bands, at most
GAIN_DB = 6  # dB, up or down, at each end of a segment
EQUALIZER_DB = 2  # dB, the standard deviation of each of the equaliser's waves
EQUALIZER_WAVES = 5  # cosines over the bands, from one half wave on
MIXUP_ALPHA = 0.2  # of the Beta distribution of shares; the paper's 0.1 to 0.4 for pictures
