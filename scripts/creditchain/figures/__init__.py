"""Figures: how what a report derives follows from the records it shows (docs/format.md, section 11). Values only."""

from creditchain.figures.comparing import Difference, differences, own_words
from creditchain.figures.errors import FigureError
from creditchain.figures.evaluating import Figure, Figures, evaluate
from creditchain.figures.joining import OwnWordError, joined
from creditchain.figures.kinds import Field, Shape, ValueKind
from creditchain.figures.reading import read_rules
from creditchain.figures.records import FigureRecord
from creditchain.figures.rules import Combine, FigureRules, Fold, Rule, Steps, Take

__all__ = [
    "Combine",
    "Difference",
    "Field",
    "Figure",
    "FigureError",
    "FigureRecord",
    "FigureRules",
    "Figures",
    "Fold",
    "OwnWordError",
    "Rule",
    "Shape",
    "Steps",
    "Take",
    "ValueKind",
    "differences",
    "evaluate",
    "joined",
    "own_words",
    "read_rules",
]
