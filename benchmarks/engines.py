"""Which engine answers the benchmark fastest here: ours, transformers prompt by prompt, llama.cpp.

Needs a finished run (`make run`): its questions, its merged model and its Q8_0 file. The three take turns
over the same questions, and the median of the rounds counts, since a shared machine drifts.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks._rows import figure

QUESTIONS, ROUNDS, NEW_TOKENS = 12, 3, 48


def measure() -> Iterator[dict[str, Any]]:
    """Yield one row for each peer: prompts a minute and the ratio to it."""
    import torch

    from ta_pipeline.ask import open_last_run
    from ta_pipeline.chat.template import load_tokenizer
    from ta_pipeline.evaluation.generate import generate_answers
    from ta_pipeline.evaluation.model import load_for_evaluation
    from ta_pipeline.evaluation.prompts import encode_prompts
    from ta_pipeline.evaluation.sampling import stratified_sample
    from ta_pipeline.paths import log_dir
    from ta_pipeline.serving.gguf_answers import answer_questions
    from ta_pipeline.training.precision import resolve_precision

    run = open_last_run(Path(__file__).parents[1])
    questions = stratified_sample(run.load("questions"), QUESTIONS, seed=1)
    merged, ggufs = run.load("merged_model"), run.load("gguf_files")
    gguf = next(iter(sorted(ggufs.glob("*Q8_0.gguf"))))
    precision = resolve_precision("auto")
    model = load_for_evaluation(merged, precision)

    prompts = encode_prompts(load_tokenizer(merged), questions.to_pylist(), "context")
    batch_tokens = run.parameters["evaluate"]["batch_tokens"]

    def one_by_one() -> None:
        for prompt in prompts:
            ids = torch.tensor([prompt], device=model.device)
            model.generate(ids, max_new_tokens=NEW_TOKENS, do_sample=False)

    ways: dict[str, Callable[[], object]] = {
        "batches": lambda: generate_answers(
            model, merged, questions, "bench", "context", NEW_TOKENS, batch_tokens, precision
        ),
        "transformers generate, one prompt at a time": one_by_one,
        "llama.cpp (xllamacpp) Q8_0": lambda: answer_questions(
            gguf, "bench", questions, merged, NEW_TOKENS, 1, log_dir() / "bench.log"
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    rate = {name: 60 * questions.num_rows / statistics.median(taken) for name, taken in seconds.items()}
    work = f"{questions.num_rows} questions with passages, {NEW_TOKENS} new tokens, {precision}"
    for number, peer in enumerate(name for name in ways if name != "batches"):
        name = "evaluate.prompts_per_min" + ("" if number == 0 else ".vs_llama_cpp")
        yield figure(name, rate["batches"], "prompts/min", work, peer, rate[peer])
