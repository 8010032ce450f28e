"""Tables of models, in Markdown and in LaTeX."""

from genre.reporting import tables

ROW = dict.fromkeys(tables.HEADINGS)


def test_times_have_two_digits_and_no_exponent():
    rows = [ROW | {"model": "a", "training_seconds": it} for it in (0.0123, 1.23, 12.3, 1230.0)]
    cells = [line.split("|")[2].strip() for line in tables.markdown(rows).splitlines()[2:]]
    assert cells == ["0.012", "1.2", "12", "1230"]


def test_a_table_in_latex_has_the_same_cells_and_escapes_what_latex_would_take_for_its_own():
    scores = {"track_accuracy": 0.5, "track_accuracy_std": 0.25, "track_accuracy_low": 0.4}
    row = ROW | {"model": "a_b --c & 5 %", "track_accuracy_high": 0.6, "parameters": 1234} | scores
    assert tables.latex([row]).splitlines() == [
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"model & per track & 95 \% interval & parameters \\",
        r"\midrule",
        r"a\_b -{}-c \& 5 \% & 0.500 $\pm$ 0.250 & 0.40 to 0.60 & 1,234 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
