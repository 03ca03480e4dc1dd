"""A plan as lines of at most 80 columns: first the verdict, then parts, ladder, time and the seed's."""

from __future__ import annotations

from collections.abc import Iterator

from ta_pipeline.plan_command import Plan, Step
from ta_pipeline.training.plan.duration import utilisation
from ta_pipeline.training.plan.forecast import GIB, billions
from ta_pipeline.training.plan.ladder import params_option
from ta_pipeline.training.plan.seeds import MANY

#: Share of the memory above which a forecast that is good to about 15 % cannot promise that it fits.
_NARROW = 0.87


def page(plan: Plan) -> Iterator[str]:
    """Yield the lines of a plan."""
    yield verdict(plan)
    yield ""
    yield from _what(plan)
    yield ""
    yield "   GiB  part             how it comes about"
    for part in plan.forecast.parts:
        yield f"{_gib(part.bytes)}  {part.name:<15}  {part.why}"
    yield f"{_gib(plan.forecast.peak)}  at the peak{_where(plan)}"
    if plan.forecast.offloaded:
        yield f"{_gib(plan.forecast.offloaded)}  in main memory for each process ({plan.stage}.offload)"
    yield from _ladder(plan)
    yield ""
    yield from _time(plan)
    yield ""
    yield from _seed(plan)


def verdict(plan: Plan) -> str:
    """Say in one line whether it fits."""
    need, has = plan.forecast.peak / GIB, plan.machine.gib
    if not plan.fits:
        return f"Does not fit: needs {need:.1f} GiB of {has:.1f}."
    if need > _NARROW * has:
        return f"Fits narrowly: needs {need:.1f} GiB of {has:.1f}, and the forecast is good to 15 %."
    return f"Fits: needs {need:.1f} GiB of {has:.1f}."


def _what(plan: Plan) -> Iterator[str]:
    run = plan.run
    names = {"lora": f"LoRA r={run.rank}", "dora": f"DoRA r={run.rank}", "full": "every weight"}
    where = "" if run.adapter == "full" else " on attention and MLP" if run.mlp else " on attention"
    base = f" over {'NF4' if run.quantized == 'nf4' else 'int8'}" if run.quantized else ""
    yield f"{plan.shape.name}, {billions(plan.shape.parameters)} parameters"
    yield f"{run.method.upper()} of {names[run.adapter]}{where}{base}, {run.precision}" + (
        f", ZeRO-{run.zero_stage}" if run.zero_stage else ""
    )
    unit = ("block" if plan.stage == "sft" else "pair") + ("s" if plan.step_rows > 1 else "")
    ranks = f"{run.ranks} x " if run.ranks > 1 else ""
    memory = f"{ranks}{plan.machine.name}, {plan.machine.gib:.0f} GiB"
    taken = " (taken for one of that size)" if plan.machine.named else ""
    yield f"{memory}{taken}; a step learns from {plan.step_rows} {unit}"


def _ladder(plan: Plan) -> Iterator[str]:
    if not plan.ladder:
        return
    yield ""
    yield " saves   peak  what would help, each on top of those before (GiB)"
    fitted = False
    for step in plan.ladder:
        now = not fitted and step.peak <= plan.machine.gib * GIB
        fitted = fitted or now
        yield _rung(step) + ("   <- fits" if now else "")
    if plan.shorter:
        yield _rung(plan.shorter) + " (tokenize.max_seq_len; longer rows are cut)"
    if plan.change:
        yield "What fits, for kedro run and ta plan alike:"
        yield f"  {params_option(plan.stage, plan.change)}"
    elif plan.shorter is None or plan.shorter.peak > plan.machine.gib * GIB:
        yield "None of it is enough: take a larger GPU, several with zero_stage=3, or offload."


def _rung(step: Step) -> str:
    return f"{_gib(step.saves)} {_gib(step.peak)}  {step.rung.name}"


def _time(plan: Plan) -> Iterator[str]:
    tokens = plan.run.tokens * plan.run.accumulation
    rate = tokens / plan.step_seconds
    total = f"{plan.steps} steps, {_duration(plan.steps * plan.step_seconds)}; " if plan.steps else ""
    yield f"Time: {total}{_duration(plan.step_seconds)} a step, {rate:,.0f} tokens/s a {_device(plan)}"
    busy = utilisation(plan.run)
    peak = f"{plan.machine.peak_flops / 1e12:.3g} TFLOP/s"
    sort = "measured" if plan.run.device == "cpu" else "peak"
    yield f"  taken: {peak} ({sort}), {busy:.0%} of it used; MFU {plan.mfu:.0%}" + (
        ", layers computed twice" if plan.run.checkpointing else ""
    )
    if plan.run.quantized:
        yield "  not counted: making 16-bit weights of quantized ones, at every product"
    if plan.steps is None:
        yield "  the number of steps is known once `tokenize` has counted the rows"
    if plan.stage == "sft":
        source = "assumed" if plan.seen.rows is None else "label_report.json of the last run"
        yield f"  learned: {plan.seen.supervised_share:.0%} of the tokens ({source})"


def _seed(plan: Plan) -> Iterator[str]:
    yield "The seed's figures for 7B in bf16, 2,048 tokens, one row (section 7), and ours:"
    for claim in plan.seed:
        yield f"  {claim.what:<21}{claim.seed:>8}  {claim.ours:>9}  {claim.verdict}".rstrip()
    yield f"  (full: every weight is trained; ZeRO: what one rank holds over each of {MANY})"


def _device(plan: Plan) -> str:
    return "GPU" if plan.run.device == "cuda" else "process"


def _where(plan: Plan) -> str:
    return f", on each {_device(plan)}" if plan.run.ranks > 1 else ""


def _gib(size: float) -> str:
    return f"{size / GIB:6.2f}"


def _duration(seconds: float) -> str:
    """Write seconds with two units at most: 0.42 s, 95 s, 12 min, 3 h 20 min, 2 d 5 h."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
