"""Make documents to deduplicate: about 600 characters each, half of them Chinese, a fifth near copies.

Words and characters are drawn by Zipf's law, so that texts share what real ones share. A near copy has one
to eight characters of its original replaced, at places of its own; its exact Jaccard similarity is 0.86
to 0.99. The same arguments give the same file.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_GROUP = 2_500
_CHINESE = np.array([chr(0x4E00 + place) for place in range(3500)])
_LETTERS = "etaoinshrdlucmfwypvbgkq"


def write_corpus(path: Path, documents: int, seed: int = 7) -> None:
    """Write `documents` rows (id, source, text) in random order of originals and copies."""
    rng = np.random.default_rng(seed)
    schema = pa.schema([("id", pa.string()), ("source", pa.string()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start, texts in _groups(rng, documents):
            numbers = range(start, start + len(texts))
            ids = [f"doc-{number:08}" for number in numbers]
            sources = [f"lecture-{number // 50:05}.md" for number in numbers]
            writer.write_table(pa.table({"id": ids, "source": sources, "text": texts}, schema=schema))


def _groups(rng: np.random.Generator, documents: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the first number and the texts of a group; copies repeat one of the last 50,000 originals."""
    words = np.array(["".join(rng.choice(list(_LETTERS), rng.integers(2, 10))) for _ in range(20_000)])
    chinese, english = _zipf(rng, len(_CHINESE), 0.8), _zipf(rng, len(words), 0.9)
    earlier: list[str] = []
    for start in range(0, documents, _GROUP):
        size = min(_GROUP, documents - start)
        originals = size - size // 5
        texts = []
        for number in range(originals):
            if number % 2:
                text = "".join(_CHINESE[chinese[rng.integers(0, len(chinese), 590)]])
            else:
                text = " ".join(words[english[rng.integers(0, len(english), 105)]])
            texts.append(f"{text} {rng.integers(1000)}")
        earlier = [*earlier[-50_000:], *texts]  # bounded, so that a million rows can be made
        copied = [_edited(rng, earlier[place]) for place in rng.integers(0, len(earlier), size - originals)]
        mixed = [*texts, *copied]
        yield start, [mixed[place] for place in rng.permutation(size)]


def _edited(rng: np.random.Generator, text: str) -> str:
    characters = list(text)
    for place in rng.integers(0, len(text) - 5, rng.integers(1, 9)):
        if characters[place] != " ":
            new = _LETTERS if characters[place].isascii() else _CHINESE
            characters[place] = new[rng.integers(0, len(new))]
    return "".join(characters)


def _zipf(rng: np.random.Generator, size: int, power: float) -> np.ndarray:
    """Draw places by Zipf's law once; choosing among these is fast."""
    weights = 1 / np.arange(1, size + 1) ** power
    return rng.choice(size, 2_000_000, p=weights / weights.sum())


def number_only_copies(count: int, seed: int = 8) -> tuple[list[str], list[str]]:
    """Make originals and copies that differ from them in one numeral or one formula only."""
    rng = np.random.default_rng(seed)
    originals, copies = [], []
    for number in range(count):
        if number % 2:
            text = "".join(_CHINESE[rng.integers(0, len(_CHINESE), 590)])
        else:
            text = " ".join("".join(rng.choice(list(_LETTERS), 5)) for _ in range(105))
        one, other = _PLANTED[number // 2 % len(_PLANTED)]
        place = int(rng.integers(100, 400))
        place = text.find(" ", place) if number % 2 == 0 else place
        originals.append(f"{text[:place]} {one} {text[place:]}")
        copies.append(f"{text[:place]} {other} {text[place:]}")
    return originals, copies


_PLANTED = [
    ("3 kg", "5 kg"),
    ("12.5 m", "12.6 m"),
    ("三千克", "五千克"),
    ("第二章", "第三章"),
    ("零点五", "零点六"),
    ("nineteen seconds", "twenty seconds"),
    ("$F = ma$", "$F = mg$"),
    ("$\\frac{1}{2}mv^2$", "$\\frac{1}{3}mv^2$"),
    ("x²", "x³"),
    ("v = 3", "u = 3"),
    ("30°", "60°"),
    ("sin θ", "cos θ"),
    ("a < b", "a > b"),
    ("½", "¼"),
    ("①", "②"),
    ("α", "β"),
]
