"""Persons that Microsoft Presidio sees in English text with a model of spaCy (the extra `presidio`).

What it sees is evidence beside that of the rules and no verdict: left to itself it takes eponyms, headings
and brands for persons.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from ta_pipeline.records import InputError

_INSTALL = ".venv/bin/pip install -c constraints.txt -e '.[presidio]'"
_PERSON = "PERSON"
#: Lines that may hold an English name: two words, a capital, and no Chinese, which the model has not learnt.
_MAY_NAME = re.compile(r"(?=[^\n]*[A-Z])(?=[^\n]*[a-z]{2})[^\n\u3400-\u9fff]{2,}")
#: The model reads whole pages, but its memory grows with them.
_LONGEST = 20_000


class Presidio:
    """One analyser; `model` is the name of an installed spaCy model."""

    def __init__(self, model: str) -> None:
        """Load the model; raise InputError where Presidio or the model is missing."""
        self._analyzer = _analyzer(model)

    def persons(self, text: str) -> bytearray:
        """Return one byte for each character of the text: 1 where a person is named."""
        seen = bytearray(len(text))
        for line in _MAY_NAME.finditer(text):
            for start in range(line.start(), line.end(), _LONGEST):
                for place in self._in_piece(text[start : min(line.end(), start + _LONGEST)]):
                    seen[start + place.start : start + place.end] = b"\1" * (place.end - place.start)
        return seen

    def _in_piece(self, piece: str) -> list[Any]:
        found: list[Any] = self._analyzer.analyze(piece, language="en", entities=[_PERSON])
        return found


@lru_cache(maxsize=1)
def _analyzer(model: str) -> Any:
    if find_spec("presidio_analyzer") is None:
        raise InputError(f"`clean.presidio_model` needs Presidio. Install it: {_INSTALL}")
    if find_spec(model) is None:
        raise InputError(
            f"`clean.presidio_model`: the spaCy model {model!r} is not installed. Install it: "
            f".venv/bin/python -m spacy download {model}"
        )
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    engine: Any = SpacyNlpEngine()
    engine.nlp = {"en": spacy.load(model)}  # by name it would ask a hub for the model
    registry = RecognizerRegistry(recognizers=[SpacyRecognizer(supported_entities=[_PERSON])])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
