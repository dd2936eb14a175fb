"""What people are told. Pure."""

from .alerts import MOMENTARY, AlertKind, sentence
from .messages import LANGUAGES, TEMPLATES, Letter, again_after, language_of, written

__all__ = [
    "LANGUAGES",
    "MOMENTARY",
    "TEMPLATES",
    "AlertKind",
    "Letter",
    "again_after",
    "language_of",
    "sentence",
    "written",
]
