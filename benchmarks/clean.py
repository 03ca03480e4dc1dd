"""How fast one core cleans course text, all but the search for copies, and which step costs what.

The text is that of the bundled course and, where `TA_SAMPLES_DIR` names the public samples, of the course
among them: pages, transcripts, question lists, code and formulas in two languages; a second figure adds the
rows of the public sets. Seconds are those of the processor, so that other work on the machine counts little;
the median of the rounds counts. There is no peer: no other tool does all of this to a course.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks._rows import figure

ROUNDS = 7
ROOT = Path(__file__).parents[1]
COURSE = ROOT / "data" / "01_raw" / "courses" / "mechanics"
#: What is timed inside the nodes: module below `ta_pipeline`, function, name of the figure.
STEPS = (
    ("pipelines.clean.nodes", "normalise_document", "normalise"),
    ("pipelines.clean.nodes", "remove_boilerplate", "boilerplate"),
    ("pipelines.clean.nodes", "detect_language", "language"),
    ("pipelines.clean.nodes", "mask_lines", "pii"),
    ("pipelines.clean.nodes", "mask_personal_data", "pii"),
    ("text.quality", "find_mark", "confidential"),
    ("text.quality", "find_forbidden", "forbidden"),
    ("text.quality", "mojibake_share", "mojibake"),
    ("text.quality", "_symbol_share", "symbols"),
    ("text.quality", "broken_word_share", "symbols"),
    ("text.quality", "find_prose_faults", "prose"),
    ("text.quality", "course_similarity", "topic"),
)


def measure() -> Iterator[dict[str, Any]]:
    """Yield megabytes a second of course text, the share of each step, and the rate with public rows."""
    import pyarrow as pa

    clean, samples = _clean_params(), os.environ.get("TA_SAMPLES_DIR")
    none = ROOT / "data" / "01_raw" / "none"
    course = _read(COURSE, none)
    if samples:
        course = pa.concat_tables([course, _read(Path(samples) / "course_python", none)])
    rate, work = _rate(course, clean)
    yield figure("clean.mb_per_s", rate, "MB/s", work)
    for step, share in _shares(course, clean).items():
        yield figure(f"clean.share.{step}", 100 * share, "%", work)
    if samples:
        rate, work = _rate(_read(COURSE, Path(samples)), clean)
        yield figure("clean.mb_per_s.with_public_rows", rate, "MB/s", work)


def _read(course: Path, public: Path) -> Any:
    from ta_pipeline.sources.collect import collect

    parameters = _parameters()
    return collect(course, public, course.name, parameters["ingest"], parameters["sources"])[0]


def _rate(documents: Any, clean: Any) -> tuple[float, str]:
    size = sum(len(s["text"].encode()) for row in documents.to_pylist() for s in row["segments"]) / 1e6
    _run(documents.slice(0, 50), clean)
    seconds = statistics.median(_seconds(lambda: _run(documents, clean)) for _ in range(ROUNDS))
    return size / seconds, f"{documents.num_rows} documents, {size:.2f} MB of text, seconds of one core"


def _shares(documents: Any, clean: Any) -> dict[str, float]:
    rounds = [_profile(documents, clean) for _ in range(ROUNDS)]
    return {step: statistics.median(shares[step] for shares in rounds) for step in rounds[0]}


def _parameters() -> dict[str, Any]:
    from ta_pipeline import params

    models = {"ingest": params.IngestParams, "sources": params.SourcesParams, "clean": params.CleanParams}
    return {name: model(**_yaml(name)[name]) for name, model in models.items()}


def _yaml(stage: str) -> dict[str, Any]:
    import yaml

    path = ROOT / "conf" / "base" / f"parameters_{stage}.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def _clean_params() -> Any:
    clean = _parameters()["clean"]
    if clean.forbidden.lexicon is None:
        return clean
    lexicon = str(ROOT / clean.forbidden.lexicon)
    return clean.model_copy(update={"forbidden": clean.forbidden.model_copy(update={"lexicon": lexicon})})


def _run(documents: Any, clean: Any) -> None:
    from ta_pipeline.pipelines.clean import nodes

    normalised, _ = nodes.normalise_documents(documents, clean)
    masked, _ = nodes.mask_personal_data(normalised, clean)
    nodes.filter_quality(masked, clean)


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _profile(documents: Any, clean: Any) -> dict[str, float]:
    """Run once with a clock around each step; what none of them takes is `tables`."""
    import importlib

    taken = dict.fromkeys((name for _, _, name in STEPS), 0.0)

    def timed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            start = time.process_time()
            try:
                return function(*arguments)
            finally:
                taken[name] += time.process_time() - start

        return run

    patches = []
    for module_name, function, name in STEPS:
        module = importlib.import_module(f"ta_pipeline.{module_name}")
        patches.append(patch.object(module, function, timed(getattr(module, function), name)))
    for one in patches:
        one.start()
    try:
        total = _seconds(lambda: _run(documents, clean))
    finally:
        for one in patches:
            one.stop()
    return {name: seconds / total for name, seconds in taken.items()} | {
        "tables": 1 - sum(taken.values()) / total
    }
