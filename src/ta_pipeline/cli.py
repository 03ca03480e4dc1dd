"""The `ta` command. Kedro imports this module on every command of its own, so nothing heavy is imported
here: each command imports what it needs when it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ta_pipeline.ask import Artefact
    from ta_pipeline.sources.drafts import Fault

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
#: Characters shown of each passage that an answer rests on.
_EXCERPT = 80


class OneLineErrors(click.Group):
    """A group of commands whose errors are one line with the cure; TA_DEBUG=1 shows the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn an error that a user can mend into one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from ta_pipeline.errors import explain

            line = None if os.environ.get("TA_DEBUG") else explain(error)
            if line is None:
                raise
            raise click.ClickException(line) from error


def project_root(start: Path) -> Path:
    """Find the folder of the Kedro project that `start` lies in."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and "[tool.kedro]" in file.read_text(encoding="utf-8"):
            return folder
    raise click.ClickException(
        f"{start} lies in no project. Change to the folder of the project's pyproject.toml."
    )


def _root_or_none() -> Path | None:
    """Find the project for a command that works outside of one too."""
    try:
        return project_root(Path.cwd())
    except click.ClickException:
        return None


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """From a folder of teaching material to a teaching assistant."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of lines.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Is this machine ready? Exit code 1 where a line says fail."""
    from ta_pipeline.doctor.machine import examine

    done = []
    with contextlib.chdir(project_root(Path.cwd())):
        for check in examine(Path.cwd()):
            done.append(check)
            if not as_json:
                status = click.style(f"{check.status:<4}", fg=_COLOURS[check.status])
                cure = f"  -> {check.cure}" if check.cure else ""
                click.echo(f"{status}  {check.name}: {check.found}{cure}")
    if as_json:
        click.echo(json.dumps([asdict(check) for check in done], indent=2, ensure_ascii=False))
    if any(check.status == "fail" for check in done):
        ctx.exit(1)


@cli.command()
@click.argument("job", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--node", type=click.IntRange(min=1), required=True, help="Place in the host file, from 0.")
@click.pass_context
def worker(ctx: click.Context, job: Path, node: int) -> None:
    """Run this machine's part of JOB, a training on several machines; the first one says when and how."""
    from ta_pipeline.training.nodes import run_node

    ctx.exit(run_node(job.absolute(), node))


@cli.command("new-course")
@click.argument("name")
@click.option(
    "--samples/--no-samples", default=True, help="A small sample of each kind of file, to be replaced."
)
def new_course(name: str, samples: bool) -> None:
    """Make the folder of a course of your own, called NAME, with a small sample of each kind of file."""
    from ta_pipeline.new_course import COURSES, EXPLANATION, make_course, next_command

    root = project_root(Path.cwd())
    if Path(name).absolute().parent == root / COURSES:
        name = Path(name).name  # as completion of the shell writes it
    course = make_course(root, name, samples)
    click.echo(f"Made {course.relative_to(root)}")
    for path in sorted(p for p in course.rglob("*") if p.is_file()):
        click.echo(f"Sample {path.relative_to(root)}")
    click.echo(f"\n{EXPLANATION}\n\nThen: {next_command(name)}")


@cli.group(cls=OneLineErrors, invoke_without_command=True)
@click.pass_context
def sources(ctx: click.Context) -> None:
    """List the public sets: what they teach, their licences, which are here."""
    if ctx.invoked_subcommand is not None:
        return
    from ta_pipeline import sources_command as command

    with contextlib.chdir(project_root(Path.cwd())):
        configured = command.open_sources(Path.cwd())
        widths = command.widths(configured)
        click.echo(_columns(command.HEADINGS, widths))
        for listing in command.listings(configured):
            click.echo(_columns(listing.cells(), widths))


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


@sources.command("get")
@click.argument("name")
@click.option("--modelscope", is_flag=True, help="From ModelScope instead of the Hugging Face hub.")
def sources_get(name: str, modelscope: bool) -> None:
    """Download the public set NAME; the same command goes on where it broke off."""
    import logging

    from ta_pipeline import sources_command as command

    with contextlib.chdir(project_root(Path.cwd())):
        configured = command.open_sources(Path.cwd())
        logging.getLogger("ta_pipeline").setLevel(logging.INFO)  # what is fetched, and how much of it
        folder = command.get(configured, name, modelscope)
    click.echo(f"{name} is in {folder}. The next run reads it; `ta sources` counts its rows.")


_FILE = click.Path(path_type=Path, dir_okay=False)


@cli.command()
@click.option("--input", "inputs", type=_FILE, multiple=True, required=True, help="Chats; may be repeated.")
@click.option("--output", type=_FILE, required=True, help="The prompt/response rows, .jsonl.")
@click.option("--report", type=_FILE, required=True, help="What was wrong with the data, .json or .md.")
def distill(inputs: tuple[Path, ...], output: Path, report: Path) -> None:
    """Turn chats into prompt/response rows, with a report."""
    from ta_pipeline import distill as distilling
    from ta_pipeline.smoke import token_counter

    facts = distilling.distill(inputs, output, report, token_counter())
    reasons = ", ".join(f"{count} {reason}" for reason, count in facts["by_reason"].items())
    click.echo(
        f"{facts['in']} in, {facts['kept']} rows in {output}, {facts['dropped']} dropped"
        f"{f' ({reasons})' if reasons else ''}; the report is {report}"
    )


@cli.command()
@click.option("--train", type=_FILE, required=True, help="Rows of `ta distill` that would be trained on.")
@click.option("--eval", "evaluation", type=_FILE, required=True, help="Rows kept apart from them.")
@click.option("--metrics", type=_FILE, required=True, help="Where the figures go, .json.")
@click.option("--ngram", is_flag=True, help="Perplexity by an n-gram model of --train alone.")
def smoke(train: Path, evaluation: Path, metrics: Path, ngram: bool) -> None:
    """Measure rows in a minute: perplexity, variety, lengths, overlap."""
    from ta_pipeline import smoke as smoking

    facts = smoking.smoke(train, evaluation, metrics, ngram)
    perplexity, shared = facts["perplexity"], facts["overlap"]
    click.echo(
        f"Perplexity a {perplexity['unit']}: {perplexity['train']['value']} train, "
        f"{perplexity['eval']['value']} eval ({perplexity['by']})\n"
        f"Distinct-2: {facts['train']['distinct_2']} train, {facts['eval']['distinct_2']} eval\n"
        f"Overlap: {shared['same_prompts']} of {facts['eval']['rows']} prompts are in train, "
        f"{shared['near_prompts']} nearly\nAll figures: {metrics}"
    )


@cli.command()
@click.argument("question")
@click.option("--course", help="The course to ask about; the last run must have been about it.")
@click.option(
    "--artefact",
    type=click.Choice(["dpo", "sft", "base", "gguf"]),
    default="dpo",
    show_default=True,
    help="Who answers: an adapter, the base model without one, or the GGUF file that Ollama serves.",
)
def ask(question: str, course: str | None, artefact: Artefact) -> None:
    """Put QUESTION to the tuned model of the last run."""
    from ta_pipeline import ask as asking

    click.echo("Reading the course and loading the model, some ten seconds …", err=True)
    with contextlib.chdir(project_root(Path.cwd())):
        answer = asking.ask(asking.open_last_run(Path.cwd()), question, artefact, course)
    click.echo(f"{answer.text}\n\nIt was given:")
    for passage in answer.passages:
        click.echo(f"  {describe(passage.title, passage.start, passage.text)}")


def describe(title: str, start: float | None, text: str) -> str:
    """Write one line about a passage: title, mm:ss where it was spoken, first characters."""
    from ta_pipeline.rag.prompt import clock

    where = title if start is None else f"{title} {clock(start)}"
    return f"{where}: {' '.join(text.split())[:_EXCERPT]}"


@cli.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="SHAPE", help="Shape of the rows to write; see below.")
@click.option("--from", "start", metavar="SHAPE", help="Shape of the rows of IN; without it each row tells.")
def convert(source: Path, target: Path, to: str, start: str | None) -> None:
    """Rewrite the training rows of IN in another shape.

    Reads .jsonl, .json, .parquet and .csv, writes the first three. What a shape cannot hold is never
    dropped in silence: such a row, and one that cannot be read, is left out and told by its line, and
    the exit code is 1. Shapes: alpaca, sharegpt, messages, prompt-completion, prompt-completion-text,
    preference, preference-text, preference-implicit, ultrafeedback, kto, kto-text, question-answer.
    """
    from ta_pipeline import convert as converting
    from ta_pipeline.formats.model import ROLES
    from ta_pipeline.formats.shapes import SHAPES

    for option, name in (("--to", to), ("--from", start)):
        if name is not None and name not in SHAPES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(SHAPES)}.", param_hint=option)
    left_out = 0
    root = _root_or_none()
    with contextlib.chdir(root or Path.cwd()):
        roles = converting.speakers(root) if root else ROLES

    def report(fault: Fault) -> None:
        nonlocal left_out
        left_out += 1
        click.echo(f"{source}:{fault.line}: {fault.reason}: {fault.detail}", err=True)

    count = converting.convert(source, target, to, report, start, roles)
    click.echo(f"Wrote {count} rows as {to} to {target}")
    if left_out:
        raise click.ClickException(f"{left_out} rows were left out of {target}; mend them and convert again.")


@cli.command()
@click.option("--env", help="Folder of conf whose parameters to plan; as for `kedro run`.")
@click.option(
    "--stage", type=click.Choice(["sft", "dpo"]), default="sft", show_default=True, help="What to plan."
)
@click.option("--gpu", metavar="GIB", type=click.FloatRange(min=1), help="Memory of a GPU that is not here.")
@click.option("--gpus", metavar="N", type=click.IntRange(min=1), help="GPUs, one process each.")
@click.option("--params", default="", help="Parameters to change, as for `kedro run`: sft.lora.rank=16")
@click.option("--config", type=_FILE, help="A model's config.json, for one that is neither here nor known.")
@click.option("--json", "as_json", is_flag=True, help="Print an object instead of lines.")
def plan(
    env: str | None,
    stage: Literal["sft", "dpo"],
    gpu: float | None,
    gpus: int | None,
    params: str,
    config: Path | None,
    as_json: bool,
) -> None:
    """Forecast memory and time of a training; no weights needed.

    Without --gpu this machine is planned for. Where it does not fit, a ladder says what would help and how
    much. The figures for GPUs are counted, not measured.
    """
    from ta_pipeline import plan_command as planning
    from ta_pipeline.plan_page import page

    config = config and config.absolute()
    with contextlib.chdir(project_root(Path.cwd())):
        setting = planning.read_setting(Path.cwd(), env, params, stage, gpus)
        shape = planning.find_shape(setting.base_model, config)
        asked = (setting.sft if stage == "sft" else setting.dpo).precision
        machine = planning.named_machine(gpu, asked) if gpu else planning.this_machine(asked, shape.hidden)
        made = planning.make_plan(stage, setting, shape, machine, planning.last_labels())
    if as_json:
        click.echo(json.dumps(planning.as_json(made), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(page(made)))


@cli.command("check-data")
@click.argument("path", required=False)
@click.option(
    "--create-dirs", is_flag=True, help="Make the folders of the course PATH where they are missing."
)
@click.option("--create-samples", is_flag=True, help="Also write the samples whose files are not there yet.")
@click.option("--validate", is_flag=True, help="Check after that; without the other options this is all.")
def check_data(path: str | None, create_dirs: bool, create_samples: bool, validate: bool) -> None:
    """Check raw files: every problem with file, line and cure; exit code 1 where there is one.

    PATH is a course, by its name or folder; without it all courses, the public sets (as far as a run
    reads them) and the shared benchmark are checked.
    """
    from ta_pipeline import check_data as checking
    from ta_pipeline import new_course as courses

    here = Path.cwd()
    root = project_root(here)
    course = None if path is None else (Path(path) if Path(path).is_dir() else root / courses.COURSES / path)
    if create_dirs or create_samples:
        if course is None:
            raise click.UsageError("Name the course to make: ta check-data NAME --create-dirs")
        if path and path == Path(path).name and not course.is_dir():
            courses.check_name(path)
        courses.make_folders(course)
        for file in courses.write_samples(course) if create_samples else ():
            click.echo(f"Sample {file}")
        click.echo(f"Made {course}")
        if not validate:
            return
    if course is not None and not course.is_dir():
        if Path(path or "").is_file():
            raise click.ClickException(f"{path}: a file. Name the folder of its course.")
        raise click.ClickException(f"{path}: no course and no folder. Make it with `ta new-course {path}`.")
    course = course and course.absolute()
    with contextlib.chdir(root):
        raw = checking.open_raw(root)
        found = checking.check_course(course, raw) if course else checking.check_everything(raw)
    for problem in found.problems:
        click.echo(str(problem).removeprefix(f"{here}/"))
    click.echo(f"{found.documents} documents and {found.questions} questions read", err=True)
    if found.problems:
        one = len(found.problems) == 1
        said = "1 problem; the line" if one else f"{len(found.problems)} problems; each line"
        raise click.ClickException(f"{said} above says the cure.")


def main() -> None:
    """Run the `ta` command."""
    cli(prog_name="ta")


if __name__ == "__main__":
    main()
