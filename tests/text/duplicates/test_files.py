"""From Parquet to Parquet: every row is accounted for once, however many workers there are."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ta_pipeline.params import DedupParams
from ta_pipeline.records import InputError
from ta_pipeline.text.duplicates import corpus as corpora
from ta_pipeline.text.duplicates import find_copies
from ta_pipeline.text.duplicates.files import deduplicate_file

DEDUP = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8)


def corpus(count, seed=1):
    """Make texts in two languages; a third of them repeat an earlier one, changed or not."""
    rng = random.Random(seed)
    words = ["".join(rng.choice("etaoinshrdlu") for _ in range(rng.randint(2, 8))) for _ in range(500)]
    texts = []
    for place in range(count):
        if place > 20 and place % 3 == 0:
            text = list(rng.choice(texts))
            for _ in range(rng.choice([0, 1, 2, 6])):
                text[rng.randrange(len(text))] = rng.choice("of的了")
            texts.append("".join(text))
        elif place % 2:
            texts.append(" ".join(rng.choices(words, k=60)))
        else:
            texts.append("".join(chr(0x4E00 + rng.randrange(2000)) for _ in range(200)))
    return texts


@pytest.fixture
def source(tmp_path):
    texts = corpus(900)
    ids = list(range(900))
    random.Random(2).shuffle(ids)
    table = pa.table(
        {
            "id": [f"row-{n:04}" for n in ids],
            "source": [f"{n % 7}.md" for n in ids],
            "text": [texts[n] for n in ids],
        }
    )
    pq.write_table(table, tmp_path / "docs.parquet", row_group_size=100)
    return tmp_path / "docs.parquet"


def run(source, name, **more):
    kept, copies = source.with_name(f"{name}.kept.parquet"), source.with_name(f"{name}.copies.parquet")
    return deduplicate_file(source, kept, copies, DEDUP, **more), kept, copies


def test_every_row_stays_or_is_named_with_what_stays_in_its_place(source):
    (stay, go), kept, copies = run(source, "one")
    kept, copies, rows = pq.read_table(kept), pq.read_table(copies), pq.read_table(source)
    assert (stay, go) == (kept.num_rows, copies.num_rows)
    assert go > 100
    assert sorted(kept["id"].to_pylist() + copies["id"].to_pylist()) == sorted(rows["id"].to_pylist())
    assert set(copies["kept_id"].to_pylist()) <= set(kept["id"].to_pylist())
    assert copies.column_names == ["id", "source", "kept_id", "similarity", "exact"]
    assert kept.schema == rows.schema
    source_of = dict(zip(rows["id"].to_pylist(), rows["source"].to_pylist()))
    assert copies["source"].to_pylist() == [source_of[name] for name in copies["id"].to_pylist()]


def test_the_survivors_are_those_of_a_comparison_in_memory_in_order_of_id(source):
    _, _, copies = run(source, "one")
    texts = corpus(900)
    expected = {
        f"row-{copy.index:04}": f"row-{copy.kept:04}" for copy in find_copies(texts, range(900), DEDUP)
    }
    found = pq.read_table(copies)
    assert dict(zip(found["id"].to_pylist(), found["kept_id"].to_pylist())) == expected


def test_the_files_do_not_depend_on_the_number_of_workers(source, monkeypatch):
    monkeypatch.setattr(corpora, "ALONE", 0)
    monkeypatch.setattr(corpora, "_BATCH", 100)
    one, three = (run(source, f"by-{workers}", workers=workers) for workers in (1, 3))
    assert one[1].read_bytes() == three[1].read_bytes()
    assert one[2].read_bytes() == three[2].read_bytes()


def test_rows_without_a_text_stay(tmp_path):
    pq.write_table(pa.table({"id": [1, 2, 3], "text": [None, "", None]}), tmp_path / "empty.parquet")
    assert run(tmp_path / "empty.parquet", "out")[0] == (3, 0)


def test_a_file_without_rows_gives_files_without_rows(tmp_path):
    table = pa.table({"id": pa.array([], pa.int64()), "text": pa.array([], pa.string())})
    pq.write_table(table, tmp_path / "none.parquet")
    assert run(tmp_path / "none.parquet", "out")[0] == (0, 0)


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"id": [1]}, "no column 'text'"), ({"id": [1, 1], "text": ["a", "b"]}, "missing or there twice")],
)
def test_a_file_that_cannot_be_compared_is_refused_by_name(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "bad.parquet")
    with pytest.raises(InputError, match=message):
        run(tmp_path / "bad.parquet", "out")


def test_nothing_is_left_beside_the_files(source):
    run(source, "one")
    assert sorted(path.name for path in source.parent.iterdir()) == [
        "docs.parquet",
        "one.copies.parquet",
        "one.kept.parquet",
    ]


def test_a_file_may_be_named_by_its_address(source):
    _, kept, copies = run(source, "by-path")
    targets = source.with_name("uri.kept.parquet"), source.with_name("uri.copies.parquet")
    deduplicate_file(source.as_uri(), *targets, DEDUP)
    assert [path.read_bytes() for path in targets] == [kept.read_bytes(), copies.read_bytes()]
