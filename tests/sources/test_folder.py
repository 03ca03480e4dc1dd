"""Which files of a folder are read."""

import os
from pathlib import Path

import pytest

from ta_pipeline.sources.folder import list_files


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(folder: Path) -> list[tuple[str, str]]:
    return [(file.name, file.fault.reason if file.fault else "") for file in list_files(folder)]


def test_files_come_in_the_order_of_their_path_and_hidden_ones_do_not(tmp_path):
    for name in ("b.md", "a/z.md", "a.md", ".hidden.md", ".git/x.md", "a/.b/c.md"):
        write(tmp_path / name)
    assert names(tmp_path) == [("a.md", ""), ("a/z.md", ""), ("b.md", "")]


def test_links_that_lead_out_are_named_and_never_followed(tmp_path):
    write(tmp_path / "secret" / "key.md")
    course = tmp_path / "course"
    own = write(course / "own.md")
    (course / "out.md").symlink_to(tmp_path / "secret" / "key.md")
    (course / "outdir").symlink_to(tmp_path / "secret")
    (course / "lost.md").symlink_to(tmp_path / "nowhere")
    (course / "inside.md").symlink_to(own)
    (course / "loop").symlink_to(course)
    assert names(course) == [
        ("inside.md", ""),
        ("lost.md", "outside_folder"),
        ("out.md", "outside_folder"),
        ("outdir", "outside_folder"),
        ("own.md", ""),
    ]


def test_a_folder_that_is_itself_a_link_is_read(tmp_path):
    write(tmp_path / "real" / "a.md")
    (tmp_path / "course").symlink_to(tmp_path / "real")
    assert names(tmp_path / "course") == [("a.md", "")]


def test_a_link_in_a_circle_does_not_stop_the_listing(tmp_path):
    (tmp_path / "a.md").symlink_to(tmp_path / "b.md")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    assert [name for name, _ in names(tmp_path)] == ["a.md", "b.md"]


def test_a_missing_folder_has_no_files(tmp_path):
    assert list_files(tmp_path / "none") == []


def test_a_name_that_is_no_utf8_is_written_with_its_bytes(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xcb\xd9.md")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert names(tmp_path) == [("\\xcb\\xd9.md", "")]


def test_a_line_break_in_a_name_does_not_break_the_line_of_a_report(tmp_path):
    write(tmp_path / "two\nlines.md")
    assert names(tmp_path) == [("two\\x0alines.md", "")]
