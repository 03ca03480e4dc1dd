"""Long work without a terminal still says now and then where it is."""

from ta_pipeline import progress


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


def test_tracked_items_come_through_unchanged():
    assert list(progress.track("abc", "letters", 3)) == ["a", "b", "c"]
