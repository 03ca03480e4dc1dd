"""The `ta` command. Kedro imports this module on every command of its own, so nothing heavy is imported
here: each command imports what it needs when it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ta_pipeline.ask import Artefact

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


@cli.command("new-course")
@click.argument("name")
@click.option("--with-samples", is_flag=True, help="Add a small sample of each kind of file, to be replaced.")
def new_course(name: str, with_samples: bool) -> None:
    """Make the folder of a course of your own, called NAME."""
    from ta_pipeline.new_course import EXPLANATION, make_course, next_command

    root = project_root(Path.cwd())
    course = make_course(root, name, with_samples)
    for path in sorted(p for p in course.rglob("*") if p.is_file()):
        click.echo(f"Sample {path.relative_to(root)}")
    click.echo(f"Made {course.relative_to(root)}\n\n{EXPLANATION}\n\nThen: {next_command(name)}")


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


def main() -> None:
    """Run the `ta` command."""
    cli(prog_name="ta")


if __name__ == "__main__":
    main()
