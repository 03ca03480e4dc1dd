"""Long work without a terminal still says now and then where it is."""

import io
import logging
import sys

from ta_pipeline import progress
from ta_pipeline.evaluation.model import load_for_evaluation


def test_a_line_now_and_then_with_what_is_left(monkeypatch):
    seconds = iter([0.0, 30.0, 40.0, 60.0])
    said = []
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(progress.logger, "info", lambda text, *values: said.append(text % values))
    bar = progress.Progress("training", 4, "steps")
    bar._bar = None
    bar.advance(note="loss 2.0")  # 30 s after the start: a line, said at 40
    bar.advance()  # 20 s after that line: too soon
    assert said == ["training: 1 of 4 steps, 120 s left · loss 2.0"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_that_is_logged_beside_a_bar_stands_on_its_own(monkeypatch, caplog):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    ours = logging.getLogger("ta_pipeline")
    monkeypatch.setattr(ours, "handlers", [logging.StreamHandler(terminal)])
    caplog.set_level(logging.INFO, ours.name)
    for _ in progress.track("a", "letters", 1):
        ours.getChild("exporting").info("a.gguf: 8 MB")
    ours.getChild("exporting").info("done")
    before, after = terminal.getvalue().split("a.gguf: 8 MB\n")
    assert "letters:   0%" in before and before.endswith("\r")
    assert after.endswith("done\n")
    assert [type(handler) for handler in ours.handlers] == [logging.StreamHandler]


def test_tracked_items_come_through_unchanged():
    assert list(progress.track("abc", "letters", 3)) == ["a", "b", "c"]


def test_loading_a_gguf_draws_no_bar_of_another_library(tiny_gguf, capsys):
    folder, _ = tiny_gguf
    capsys.readouterr()
    load_for_evaluation(folder, "fp32", gguf_file="teachingassistant-Q8_0.gguf")
    assert capsys.readouterr() == ("", "")
