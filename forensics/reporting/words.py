"""Format numbers and names for the page."""

from __future__ import annotations

from forensics.evaluation import Measure

from .blocks import Cell

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"

METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "eer": "equal error rate",
    "balanced_accuracy": "balanced accuracy",
    "fpr": "false positive rate",
    "tpr": "true positive rate",
    "fpr_drift": "rise of false positives",
    "tpr_at_fpr_0.1": "true positives at 0.1 % false",
    "tpr_at_fpr_1": "true positives at 1 % false",
    "tpr_at_fpr_5": "true positives at 5 % false",
    "log_loss": "log-loss, nats",
    "brier": "Brier score",
    "brier_reliability": "Brier: reliability",
    "brier_resolution": "Brier: resolution",
    "brier_uncertainty": "Brier: uncertainty",
    "ece": "calibration error",
    "ece_mass": "calibration error, equal mass",
    "ece_width": "calibration error, equal width",
    "ece_balanced": "calibration error, classes balanced",
    "coverage": "coverage",
    "auc_gap": "AUC gap",
    "eer_gap": "equal error gap",
    "fpr_gap": "false positive gap",
    "tpr_gap": "true positive gap",
    "f_eo": "departure from equalised odds",
    "f_efpr": "departure from equal false positives",
    "fnr": "miss rate",
    "mean_score": "mean score",
    "score_auc": "AUC of the score, marked against plain",
    "feature_auc": "AUC of a linear probe on the features",
}


def metric(name: str) -> str:
    """Return the name of a metric in words, for `auc/video` and `auc` alike."""
    short = name.partition("/")[0]
    return METRICS.get(short, short.replace("_", " "))


def number(value: float, digits: int = 3) -> str:
    """Format a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """Format a number with its sign."""
    return f"{value:+.{digits}f}".replace("-", MINUS)


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Format an interval, or a note that there is none."""
    return "no interval" if low is None or high is None else f"{number(low, digits)} to {number(high, digits)}"


def p_value(value: float) -> str:
    """Format a p-value with its relation."""
    words = f"<{NO_BREAK}0.001" if value < 0.001 else f"={NO_BREAK}{value:.3f}"
    return f"p{NO_BREAK}{words}"


def counts(measure: Measure) -> str:
    """Format the number of samples of a measure."""
    noun = "videos" if measure.level.value == "video" else "frames"
    return f"{measure.n_positive} manipulated and {measure.n_negative} genuine {noun}"


def text_cell(words: str, small: str = "", kind: str = "") -> Cell:
    """Return a cell of text."""
    return Cell(words, small, (words,), kind)


def count_cell(value: int) -> Cell:
    """Return a cell of an integer."""
    return Cell(f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"), values=(str(value),))


def estimate_fields(name: str) -> tuple[str, str, str]:
    """Return the names of the CSV columns of an estimate."""
    return name, f"{name} low", f"{name} high"


def estimate_cell(measure: Measure | None, *, sign: bool = False) -> Cell:
    """Return a cell of a number with its interval; a dash where there is no number."""
    if measure is None:
        return Cell("\N{EN DASH}", values=("", "", ""))
    return estimate(measure.value, measure.low, measure.high, sign=sign, hint=measure.note)


def estimate(value: float, low: float | None, high: float | None, *, sign: bool = False, hint: str = "") -> Cell:
    """Return a cell of a number with its interval."""
    raw = tuple("" if one is None else repr(one) for one in (value, low, high))
    return Cell((signed if sign else number)(value), interval(low, high), raw, hint=hint)
