# make demo    makes up songs, trains on them, and predicts songs that the network has not heard
# make test    runs the linter, the type checker and all tests
# Both create the virtual environment first. Another Python: make test PYTHON=python3.13

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
	@echo
	@echo "The model that comes with the code knows real music. It cannot know these songs:"
	$(BIN)/python predict.py $(DEMO)/unseen
	@echo
	@echo "The network that was just trained has learnt from songs like these, but not from these:"
	$(BIN)/python predict.py --model $(DEMO)/cnn $(DEMO)/unseen

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

clean:
	rm -rf $(VENV) $(DEMO)

$(VENV)/installed: requirements.txt requirements-predict.txt requirements-train.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements-cluster.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@
