"""Documents made in one line, and the parameters as `conf/base` sets them."""

from pathlib import Path

import pytest
import yaml

from ta_pipeline.params import CleanParams

CONF = Path(__file__).parents[2] / "conf" / "base" / "parameters_clean.yml"


@pytest.fixture(scope="session")
def clean_params() -> CleanParams:
    return CleanParams(**yaml.safe_load(CONF.read_text(encoding="utf-8"))["clean"])


@pytest.fixture
def make_document():
    def make(*texts, source="01.md", kind="text", speakers=None, **fields):
        roles = speakers or (
            ("user", "assistant") * len(texts) if kind == "dialogue" else [None] * len(texts)
        )
        segments = [
            {"text": t, "heading": "", "page": None, "line": n, "start": None, "end": None, "speaker": role}
            for n, (t, role) in enumerate(zip(texts, roles), start=1)
        ]
        document = {
            "id": fields.get("id", source),
            "course": "mechanics",
            "origin": "course",
            "source": source,
            "kind": kind,
            "lecture": source.split(".")[0],
            "title": "",
            "language": "en",
            "segments": segments,
            "meta": "{}",
        }
        return document | fields

    return make
