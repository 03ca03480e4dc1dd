"""Archives: members as files, bombs whole into quarantine, no path out of the folder."""

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ta_pipeline.params import ArchiveParams, IngestParams
from ta_pipeline.sources.archives import Allowance, archive_suffix, check_package, unpack, with_members
from ta_pipeline.sources.folder import SourceFile

LIMITS = ArchiveParams(max_mb=8, max_files=9, max_depth=2, max_ratio=50)
PARAMS = IngestParams(max_file_mb=1, max_quarantined_share=1, role_map={}, archives=LIMITS)


class InProcess:
    """Unpacks where it is; the real one does the same in another process."""

    def unpack(self, path: Path, folder: Path, allowance: Allowance):
        return list(unpack(path, folder, LIMITS, allowance))


def members(path: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    """Return the names with the text of each member, or the reason it has none."""
    (path / name).write_bytes(data)
    found = []
    for file in with_members(SourceFile(path / name, name), InProcess(), PARAMS):
        found.append((file.name, file.fault.reason if file.fault else file.path.read_text("utf-8")))
    assert sorted(entry.name for entry in path.iterdir()) == [name], "something was written beside it"
    return found


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "A.TGZ"])
def test_members_come_in_the_order_of_their_names_and_hidden_ones_do_not(tmp_path, builders, name):
    files = {"b.md": b"two", "a/z.md": b"one", ".hidden": b"x", "__MACOSX/b.md": b"x", "a/.git/c.md": b"x"}
    data = builders["zip" if name.endswith("zip") else "tar"](files)
    data = gzip.compress(data) if name.lower().endswith("gz") else data
    assert members(tmp_path, name, data) == [(f"{name}/a/z.md", "one"), (f"{name}/b.md", "two")]


def test_a_file_that_is_no_archive_is_itself(tmp_path):
    assert members(tmp_path, "a.md", b"text") == [("a.md", "text")]


def test_archives_inside_archives_are_opened_to_the_allowed_depth(tmp_path, builders):
    deepest = builders["zip"]({"c.md": b"three"})
    inner = builders["tar"]({"b.md": b"two", "deepest.zip": deepest})
    assert members(tmp_path, "a.zip", builders["zip"]({"in.tar": inner})) == [
        ("a.zip/in.tar/b.md", "two"),
        ("a.zip/in.tar/deepest.zip", "archive_bomb"),
    ]


@pytest.mark.parametrize(
    "name", ["../../evil.md", "/etc/evil.md", "a/../../evil.md", "C:\\evil.md", "..\\evil.md"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_of_the_archive_is_quarantined_and_the_others_stay(
    tmp_path, builders, kind, name
):
    data = builders[kind]({name: b"evil", "good.md": b"good"})
    found = dict(members(tmp_path, f"a.{kind}", data))
    assert found.pop(f"a.{kind}/good.md") == "good"
    assert list(found.values()) == ["outside_folder"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "outside_folder"),
        (tarfile.LNKTYPE, "outside_folder"),
        (tarfile.CHRTYPE, "not_a_file"),
        (tarfile.BLKTYPE, "not_a_file"),
        (tarfile.FIFOTYPE, "not_a_file"),
    ],
)
def test_links_and_devices_of_a_tar_are_never_made(tmp_path, kind, reason):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("odd.md")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    assert members(tmp_path, "a.tar", stream.getvalue()) == [("a.tar/odd.md", reason)]


def test_a_symlink_of_a_zip_is_no_file(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("link.md")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert members(tmp_path, "a.zip", stream.getvalue()) == [("a.zip/link.md", "outside_folder")]


def test_a_member_that_stands_twice_is_read_once(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.md", "one")
        archive.writestr("a.md", "two")
    assert members(tmp_path, "a.zip", stream.getvalue()) == [
        ("a.zip/a.md", "one"),
        ("a.zip/a.md", "duplicate_member"),
    ]


def test_chinese_names_packed_by_windows_are_read(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("XXXX.md", "text")
    data = stream.getvalue().replace(b"XXXX", "力学".encode("gb18030"))
    assert members(tmp_path, "a.zip", data) == [("a.zip/力学.md", "text")]


@pytest.mark.parametrize(
    ("files", "cure"),
    [
        ({"a.txt": bytes(7 * 2**20)}, "max_ratio"),
        ({f"{n}.md": b"x" for n in range(10)}, "max_files"),
    ],
)
@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_a_bomb_is_quarantined_whole_with_the_limit_it_exceeds(tmp_path, builders, name, files, cure):
    data = builders["zip"](files) if name == "a.zip" else gzip.compress(builders["tar"](files))
    (tmp_path / name).write_bytes(data)
    (file,) = with_members(SourceFile(tmp_path / name, name), InProcess(), PARAMS)
    assert file.name == name and file.fault and file.fault.reason == "archive_bomb"
    assert f"ingest.archives.{cure}" in file.fault.detail


def test_the_size_limit_counts_what_nested_archives_hold(tmp_path, builders):
    import random

    noise = random.Random(0).randbytes(3 * 2**20)
    inner = builders["zip"]({"c.bin": noise})
    found = members_reasons(tmp_path, builders["zip"]({"a.bin": noise, "b.zip": inner}))
    assert found == [("a.zip/a.bin", ""), ("a.zip/b.zip", "archive_bomb")]


def members_reasons(path: Path, data: bytes) -> list[tuple[str, str]]:
    (path / "a.zip").write_bytes(data)
    found = with_members(SourceFile(path / "a.zip", "a.zip"), InProcess(), PARAMS)
    return [(file.name, file.fault.reason if file.fault else "") for file in found]


def test_a_tar_that_is_all_header_is_a_bomb(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.md")
        info.pax_headers = {"comment": "x" * (9 * 2**20)}
        archive.addfile(info)
    data = gzip.compress(stream.getvalue())
    (tmp_path / "a.tgz").write_bytes(data)
    (file,) = with_members(SourceFile(tmp_path / "a.tgz", "a.tgz"), InProcess(), PARAMS)
    assert file.fault and file.fault.reason == "archive_bomb"


def test_a_line_break_in_the_name_of_a_member_is_written_as_its_code(tmp_path, builders):
    data = builders["tar"]({"two\nlines.md": b"text"})
    assert members(tmp_path, "a.tar", data) == [("a.tar/two\\x0alines.md", "text")]


@pytest.mark.parametrize(
    ("name", "data"), [("a.zip", b"PK no zip"), ("a.tgz", b"no gzip"), ("a.tar", b"x" * 600)]
)
def test_a_broken_archive_is_named(tmp_path, name, data):
    assert members(tmp_path, name, data) == [(name, "bad_archive")]


def test_a_zip_of_a_version_nobody_has_is_named(tmp_path, builders):
    data = bytearray(builders["zip"]({"a.md": b"text"}))
    data[data.index(b"PK\x01\x02") + 6] = 0xFF
    assert members(tmp_path, "a.zip", bytes(data)) == [("a.zip", "bad_archive")]


def test_a_cut_archive_is_named(tmp_path, builders):
    data = gzip.compress(builders["tar"]({"a.md": b"text" * 400}))
    assert members(tmp_path, "a.tgz", data[:-30]) == [("a.tgz", "bad_archive")]


def test_an_archive_without_files_is_reported(tmp_path, builders):
    assert members(tmp_path, "a.zip", builders["zip"]({})) == [("a.zip", "no_content")]


def test_a_member_that_is_damaged_costs_only_itself(tmp_path, builders):
    data = bytearray(builders["zip"]({"a.md": b"text of some length, which is packed", "b.md": b"good"}))
    data[45] ^= 0xFF
    assert members(tmp_path, "a.zip", bytes(data)) == [("a.zip/a.md", "bad_archive"), ("a.zip/b.md", "good")]


def test_an_office_file_that_unpacks_too_far_is_refused_before_it_is_parsed(tmp_path, builders):
    (tmp_path / "a.docx").write_bytes(builders["zip"]({"word/document.xml": bytes(7 * 2**20)}))
    fault = check_package(tmp_path / "a.docx", LIMITS)
    assert fault and fault.reason == "archive_bomb"
    (tmp_path / "b.docx").write_bytes(builders["zip"]({"word/document.xml": b"<a/>"}))
    assert check_package(tmp_path / "b.docx", LIMITS) is None


def test_suffixes_of_archives_are_known_in_any_case():
    assert [archive_suffix(n) for n in ("a.TAR.GZ", "b.zip", "c.gz", "zip")] == [".tar.gz", ".zip", "", ""]
