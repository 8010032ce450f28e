# make demo: from nothing to predicted genres on made-up songs; make test: lint and all tests.
# Both make the virtual environment first. Another Python: make test PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := output/demo

.PHONY: demo test clean

demo: $(VENV)/installed
	$(BIN)/python -m genre.demo $(DEMO)/corpus
	$(BIN)/python -m genre.demo $(DEMO)/unseen --tracks 1 --seed 1000
	$(BIN)/python preprocess.py --dataset $(DEMO)/corpus --output $(DEMO)/mfcc.json
	$(BIN)/python cnn.py --data $(DEMO)/mfcc.json --output $(DEMO)/cnn --epochs 15
	$(BIN)/python predict.py --model $(DEMO)/cnn --input $(DEMO)/unseen --count 3
	$(BIN)/python predict.py --input $(DEMO)/unseen --count 3

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest --numprocesses auto

clean:
	rm -rf $(VENV) $(DEMO)

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@
