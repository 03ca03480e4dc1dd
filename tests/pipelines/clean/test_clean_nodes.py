"""The stage as a whole: rows are neither lost nor counted twice, and each node does its one thing."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ta_pipeline.params import CleanParams
from ta_pipeline.pipelines.clean import nodes
from ta_pipeline.pipelines.clean.pipeline import create_pipeline
from ta_pipeline.records import DOCUMENT, DROPPED, PII_AUDIT

CONF = Path(__file__).parents[3] / "conf" / "base" / "parameters_clean.yml"
NOTHING = pa.table({})
CLEAN = CleanParams(**yaml.safe_load(CONF.read_text(encoding="utf-8"))["clean"])
FORCE = "Force is a push or a pull that one body exerts on another; it is measured in newtons, and it points."
MASS = "Mass is the measure of the inertia of a body; it is a scalar and does not depend on the place at all."


def document(number, texts, kind="text", source=None, **fields):
    roles = ["user", "assistant"] * len(texts) if kind == "dialogue" else [None] * len(texts)
    segments = [
        {"text": t, "heading": "", "page": None, "line": n, "start": None, "end": None, "speaker": role}
        for n, (t, role) in enumerate(zip(texts, roles), start=1)
    ]
    source = source or f"{number:02d}.md"
    row = {
        "id": f"id{number}",
        "course": "mechanics",
        "origin": "course",
        "source": source,
        "kind": kind,
        "lecture": source.split("/")[-1].split(".")[0],
        "title": "",
        "language": "",
        "segments": segments,
        "meta": "{}",
    }
    return row | fields


def table(*rows):
    return pa.Table.from_pylist(list(rows), schema=DOCUMENT)


def run(documents):
    normalised, removed = nodes.normalise_documents(documents, CLEAN)
    masked, audit = nodes.mask_personal_data(normalised, CLEAN)
    filtered, bad = nodes.filter_quality(masked, CLEAN)
    kept, copies, _ = nodes.drop_near_duplicates(filtered, CLEAN, NOTHING)
    dropped, report = nodes.report_cleaning(documents, kept, bad, copies, removed, audit)
    return kept, dropped, report, removed, audit


def test_the_nodes_are_wired_as_the_pipeline_says():
    assert [node.name for node in create_pipeline().nodes] == [
        "normalise_documents",
        "mask_personal_data",
        "filter_quality",
        "drop_near_duplicates",
        "report_cleaning",
    ]


def test_a_mixed_course_comes_out_clean_with_every_document_accounted_for():
    documents = table(
        document(1, [f"{FORCE} I'm Doctor Emily Carter.", "All rights reserved."]),
        document(2, [f"{FORCE} I'm Doctor Harriet Lindqvist."], source="handouts/copy.md"),
        document(3, [f"　{MASS}　Ｆ＝６０Ｎ"]),
        document(4, ["扫码关注公众号，免费领取"]),
        document(5, ["What is force?", "A push."], kind="dialogue", source="faq.csv"),
        document(6, ["What is  force?", "A push."], kind="dialogue", source="faq.csv"),
        document(7, ["What is mass?"], kind="dialogue", source="faq.csv"),
    )
    kept, dropped, report, removed, _ = run(documents)
    assert kept["id"].to_pylist() == ["id1", "id3", "id5"]
    assert kept["segments"][0].as_py()[0]["text"] == f"{FORCE} I'm Doctor <NAME_1>."
    assert kept["segments"][1].as_py()[0]["text"] == f" {MASS} F＝60N"
    assert {(r["id"], r["reason"], r["kept_id"]) for r in dropped.to_pylist()} == {
        ("id2", "exact_duplicate", "id1"),
        ("id4", "empty", None),
        ("id6", "exact_duplicate", "id5"),
        ("id7", "too_short", None),
    }
    assert {(r["id"], r["stage"], r["reason"], r["excerpt"]) for r in removed.to_pylist()} == {
        ("id1", "clean", "copyright", "All rights reserved."),
        ("id4", "clean", "advert", "扫码关注公众号，免费领取"),
    }
    assert report == {
        "in": 7,
        "kept": 3,
        "dropped": 4,
        "by_reason": {"empty": 1, "exact_duplicate": 2, "too_short": 1},
        "removed_lines": {"advert": 1, "copyright": 1},
        "masked": {"NAME": 2},
        "languages": {"en": 3},
        "characters_before": 2 * len(FORCE) + len(MASS) + 150,
        "characters_after": len(FORCE) + len(MASS) + 49,
    }


def test_every_table_has_its_schema():
    documents = table(document(1, [FORCE]), document(2, []))
    kept, dropped, _, removed, audit = run(documents)
    assert (kept.schema, dropped.schema, removed.schema, audit.schema) == (
        DOCUMENT,
        DROPPED,
        DROPPED,
        PII_AUDIT,
    )


def test_removed_lines_and_audit_never_show_the_value():
    documents = table(document(1, ["版权所有，联系我是周慧敏老师 13800138000，扫码关注公众号。", FORCE]))
    kept, dropped, _, removed, audit = run(documents)
    shown = str([t.to_pylist() for t in (kept, dropped, removed, audit)])
    assert "周慧敏" not in shown
    assert "13800138000" not in shown
    assert "<PHONE_1>" in removed["excerpt"][0].as_py()


def test_secret_and_forbidden_documents_are_dropped_and_not_even_shown_as_an_excerpt():
    documents = table(
        document(1, ["CONFIDENTIAL", FORCE]),
        document(2, [f"{FORCE} An online casino bonus for you."]),
        document(3, ["Is it?", "With guns without license."], kind="dialogue", source="faq.csv"),
        document(4, [FORCE]),
    )
    kept, dropped, report, *_ = run(documents)
    assert kept["id"].to_pylist() == ["id4"]
    assert [(r["id"], r["reason"], r["detail"], r["excerpt"]) for r in dropped.to_pylist()] == [
        ("id1", "confidential", "line 1 (segment at line 1 of the file): CONFIDENTIAL", ""),
        ("id2", "forbidden", "gambling: segment 1, line 1", ""),
        ("id3", "forbidden", "illegal goods: segment 2, line 2", ""),
    ]
    assert report["by_reason"] == {"confidential": 1, "forbidden": 2}


def test_a_forbidden_term_in_an_advert_condemns_the_document_and_is_not_shown():
    line = "Subscribe now for an online casino bonus!"
    kept, dropped, _, removed, _ = run(table(document(1, [FORCE, line, "All rights reserved."])))
    assert kept.num_rows == 0
    assert dropped["reason"].to_pylist() == ["forbidden"]
    assert [(row["reason"], row["excerpt"]) for row in removed.to_pylist()] == [
        ("copyright", "All rights reserved.")
    ]


def test_only_forbidden_lines_go_where_the_parameter_says_so():
    lines = CLEAN.model_copy(update={"forbidden": CLEAN.forbidden.model_copy(update={"action": "line"})})
    documents = table(document(1, [f"{FORCE}\nAn online casino bonus for you.\n{MASS}"]))
    normalised, removed = nodes.normalise_documents(documents, lines)
    kept, dropped = nodes.filter_quality(normalised, lines)
    assert kept["segments"][0].as_py()[0]["text"] == f"{FORCE}\n{MASS}"
    assert dropped.num_rows == 0
    assert [(r["reason"], r["detail"], r["excerpt"]) for r in removed.to_pylist()] == [
        ("forbidden", "gambling", "")
    ]


def test_traditional_characters_are_simplified_where_the_parameter_says_so():
    documents = table(document(1, ["重力加速度會隨緯度改變。"]))
    simplified = CLEAN.model_copy(update={"simplify_chinese": True})
    for params, text in ((CLEAN, "重力加速度會隨緯度改變。"), (simplified, "重力加速度会随纬度改变。")):
        normalised, _ = nodes.normalise_documents(documents, params)
        assert normalised["segments"][0].as_py()[0]["text"] == text


def test_the_copy_among_the_handouts_goes_even_where_it_stands_first():
    documents = table(
        document(1, [FORCE], source="handouts/copy.md"),
        document(2, [FORCE], source="lectures/04.md"),
        document(3, ["So what is a force? It is a push, or it is a pull."], "transcript", "lectures/04.vtt"),
    )
    kept, copies, _ = nodes.drop_near_duplicates(documents, CLEAN, NOTHING)
    assert kept["id"].to_pylist() == ["id2", "id3"]
    assert copies["kept_id"].to_pylist() == ["id2"]


def test_what_stays_names_in_its_meta_where_its_copies_stood():
    documents = table(
        document(1, [FORCE], source="handouts/copy.md"),
        document(2, [FORCE], source="lectures/04.md", meta='{"author": "x"}'),
        document(3, [f"{MASS} {FORCE}"], source="lectures/04.homework.md"),
        document(4, [f"{MASS} {FORCE} Indeed."], source="old/04.md"),
    )
    kept, copies, _ = nodes.drop_near_duplicates(documents, CLEAN, NOTHING)
    assert kept["id"].to_pylist() == ["id2", "id3"]
    assert [json.loads(meta) for meta in kept["meta"].to_pylist()] == [
        {"author": "x", "copies": [{"id": "id1", "source": "handouts/copy.md", "similarity": 1.0}]},
        {"copies": [{"id": "id4", "source": "old/04.md", "similarity": 0.956}]},
    ]
    assert copies["kept_id"].to_pylist() == ["id2", "id3"]


def test_rows_of_a_question_list_are_no_files_of_a_lecture():
    asked = [document(n, ["q?", f"a{n}"], "dialogue", "faq.csv", lecture="copy") for n in range(3, 6)]
    documents = table(
        document(1, [FORCE], source="handouts/copy.md"),
        document(2, [FORCE], source="lectures/04.md"),
        document(9, [MASS], source="lectures/04.homework.md"),
        *asked,
    )
    assert nodes.drop_near_duplicates(documents, CLEAN, NOTHING)[1]["id"].to_pylist() == ["id1"]


def test_a_dialogue_is_no_copy_of_a_page():
    documents = table(document(1, ["Q", FORCE]), document(2, ["Q", FORCE], "dialogue", "faq.csv"))
    assert nodes.drop_near_duplicates(documents, CLEAN, NOTHING)[1].num_rows == 0


def test_the_jaccard_value_of_a_near_copy_is_reported():
    documents = table(document(1, [f"{FORCE} {MASS}"]), document(2, [f"{FORCE} {MASS} Indeed."]))
    _, copies, _ = nodes.drop_near_duplicates(documents, CLEAN, NOTHING)
    [row] = copies.to_pylist()
    assert (row["reason"], row["kept_id"]) == ("near_duplicate", "id1")
    assert row["detail"].startswith("Jaccard 0.9")


@pytest.mark.parametrize("lost", ["clean", "dropped", "twice"])
def test_the_report_refuses_a_sum_that_does_not_add_up(lost):
    documents = table(document(1, [FORCE]), document(2, []))
    none = pa.Table.from_pylist([], schema=DROPPED)
    audit = pa.Table.from_pylist([], schema=PII_AUDIT)
    kept, bad = nodes.filter_quality(documents, CLEAN)
    kept = kept.slice(1) if lost == "clean" else kept
    bad = {"clean": bad, "dropped": none, "twice": pa.concat_tables([bad, bad])}[lost]
    with pytest.raises(RuntimeError, match=r"lost or counted twice: id[12]"):
        nodes.report_cleaning(documents, kept, bad, none, none, audit)


SENTENCES = st.sampled_from(
    [
        FORCE,
        MASS,
        "",
        " \n",
        "短",
        "我是李想，学号2023104512",
        "All rights reserved",
        "速度是矢量，方向与位移相同。",
        "\ufffd" * 9,
    ]
)
ROWS = st.lists(st.tuples(st.lists(SENTENCES | st.text(max_size=30), max_size=3), st.booleans()), max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_no_document_is_ever_lost_or_counted_twice(rows):
    documents = table(
        *[document(n, texts, "dialogue" if talk else "text") for n, (texts, talk) in enumerate(rows)]
    )
    kept, dropped, report, *_ = run(documents)
    assert sorted(kept["id"].to_pylist() + dropped["id"].to_pylist()) == sorted(documents["id"].to_pylist())
    assert report["in"] == report["kept"] + report["dropped"] == len(rows)
    assert all(row in kept["id"].to_pylist() for row in dropped["kept_id"].to_pylist() if row)


def test_the_same_input_gives_the_same_output():
    documents = table(*[document(n, [f"{FORCE} {MASS}", "我是李想，13800138000"]) for n in range(5)])
    first, second = run(documents), run(documents)
    assert all(a.equals(b) for a, b in zip(first[:2], second[:2]))
    assert first[2] == second[2]


def test_a_second_run_signs_only_what_is_new_and_drops_the_same(caplog):
    old = [document(1, [f"{FORCE} {MASS}"]), document(2, [f"{FORCE} {MASS} Indeed."]), document(3, [MASS])]
    first = nodes.drop_near_duplicates(table(*old), CLEAN, NOTHING)
    caplog.clear()
    with caplog.at_level("INFO"):
        again = nodes.drop_near_duplicates(table(*old), CLEAN, first[2])
        more = nodes.drop_near_duplicates(table(*old, document(4, [MASS])), CLEAN, first[2])
        other = nodes.drop_near_duplicates(table(*old, document(4, ["A new lecture."])), CLEAN, first[2])
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))
    assert more[1]["id"].to_pylist() == ["id2", "id4"] and more[2].equals(first[2])
    assert other[1].equals(first[1]) and other[2].num_rows == first[2].num_rows + 1
    assert [message for message in caplog.messages if message.startswith("Signed")] == [
        "Signed 0 texts (documents), 3 are known",
        "Signed 0 texts (documents), 3 are known",
        "Signed 1 texts (documents), 3 are known",
    ]


def test_a_new_handout_that_moves_its_lecture_to_the_front_changes_nothing_against_a_run_from_scratch():
    old = [
        document(1, [f"{FORCE} {MASS}"], source="handouts/copy.md"),
        document(2, [f"{FORCE} {MASS} Indeed."], source="lectures/04.md"),
    ]
    _, copies, memory = nodes.drop_near_duplicates(table(*old), CLEAN, NOTHING)
    assert copies["id"].to_pylist() == ["id2"]
    documents = table(*old, document(3, ["So what is a force?"], "transcript", "lectures/04.vtt"))
    scratch = nodes.drop_near_duplicates(documents, CLEAN, NOTHING)
    assert scratch[1]["id"].to_pylist() == ["id1"]
    again = nodes.drop_near_duplicates(documents, CLEAN, memory)
    assert all(a.equals(b) for a, b in zip(scratch, again, strict=True))
