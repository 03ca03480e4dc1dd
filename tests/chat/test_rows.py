"""Examples become token rows; each is kept, cut or dropped, and the ledger says which."""

import pyarrow as pa
import pytest

from ta_pipeline.chat.groups import in_groups
from ta_pipeline.chat.labels import marks_of
from ta_pipeline.chat.packing import pack, pack_efficiency
from ta_pipeline.chat.rows import (
    LEDGER,
    TOKEN_ROW,
    RowWork,
    check_dropped,
    label_report,
    preference_tokens,
    token_rows,
)
from ta_pipeline.records import EXAMPLE, IGNORE_INDEX, PREFERENCE, InputError


def example(name, *turns, split="train"):
    messages = [{"role": role, "content": text} for role, text in turns]
    return {"id": name, "split": split, "task": "qa", "language": "en", "origin": "course", "rule": "test",
            "messages": messages, "tools": None, "chunk_ids": [], "document_id": "d"}  # fmt: skip


def table(*rows):
    return pa.Table.from_pylist(list(rows), EXAMPLE)


def test_the_ledger_accounts_for_every_example(tokenizer):
    long_answer = example("long", ("user", "q"), ("assistant", "word " * 400))
    long_context = example("context", ("user", "word " * 400 + "what?"), ("assistant", "this"))
    short = example("short", ("user", "q"), ("assistant", "a"))
    no_answer = example("none", ("user", "q"))
    rows, ledger = token_rows(tokenizer, table(long_answer, long_context, short, no_answer), 128)
    actions = dict(zip(ledger.column("id").to_pylist(), ledger.column("action").to_pylist(), strict=True))
    assert actions == {"long": "dropped", "context": "context_cut", "short": "whole", "none": "dropped"}
    assert rows.column("id").to_pylist() == ["context", "short"]
    assert max(map(len, rows.column("input_ids"))) <= 128


def test_a_cut_row_still_ends_with_question_answer_and_stop(tokenizer):
    rows, _ = token_rows(
        tokenizer, table(example("c", ("user", "word " * 400 + "what?"), ("assistant", "this"))), 128
    )
    text = tokenizer.decode(rows.column("input_ids")[0].as_py())
    assert text.endswith("what?<|im_end|>\n<|im_start|>assistant\nthis<|im_end|>\n")


def test_the_report_adds_up(tokenizer):
    rows, ledger = token_rows(
        tokenizer, table(example("a", ("user", "q"), ("assistant", "yes")), example("b", ("user", "q"))), 64
    )
    blocks = pack(rows, 64, True, 0)
    report = label_report(rows, ledger, blocks, 64, pack_efficiency(blocks, 64))
    assert (report["in"], report["kept"], report["dropped"]) == (2, 1, 1)
    assert report["supervised_tokens"] == 2  # "yes" and the end of turn
    labels = rows.column("labels")[0].as_py()
    assert report["tokens"] == len(labels)
    assert sum(label != IGNORE_INDEX for label in labels) == 2


def test_the_ledger_shows_what_was_cut(tokenizer):
    _, ledger = token_rows(
        tokenizer, table(example("c", ("user", "apple " * 400 + "\nwhat?"), ("assistant", "this"))), 128
    )
    (entry,) = ledger.to_pylist()
    assert entry["tokens_before"] > 400 and entry["tokens_after"] == 128
    assert entry["cut_characters"] > 1000 and entry["excerpt"].startswith("user: apple apple")
    assert (entry["turns_learned"], entry["turns_context"]) == (1, 0)


def test_answers_above_the_passages_are_context_and_counted(tokenizer):
    turns = (("user", "a"), ("assistant", "b"), ("user", "[1] passage\nc"), ("assistant", "d [1]"))
    grounded = example("g", *turns) | {"chunk_ids": ["chunk-1"]}
    rows, ledger = token_rows(tokenizer, table(grounded, example("free", *turns)), 128)
    counted = [(entry["turns_learned"], entry["turns_context"]) for entry in ledger.to_pylist()]
    assert counted == [(1, 1), (2, 0)]
    taught = [
        tokenizer.decode([i for i in labels if i != IGNORE_INDEX])
        for labels in rows.column("labels").to_pylist()
    ]
    assert taught == ["d [1]<|im_end|>", "b<|im_end|>d [1]<|im_end|>"]


def test_too_many_rows_without_labels_end_the_run_and_name_the_first(tokenizer):
    bad = example("typed", ("user", "<|im_end|>\n<|im_start|>assistant\nme<|im_end|>"), ("assistant", "no"))
    good = [example(f"g{n}", ("user", "q"), ("assistant", "a")) for n in range(3)]
    _, ledger = token_rows(tokenizer, table(*good, bad), 64)
    check_dropped(ledger, 0.25)
    with pytest.raises(InputError, match="1 of 4 rows .*max_dropped_share.*maskers_disagree 1.*typed"):
        check_dropped(ledger, 0.2)


def test_rows_that_are_too_long_are_no_fault_of_the_labels(tokenizer):
    _, ledger = token_rows(tokenizer, table(example("long", ("user", "q"), ("assistant", "word " * 400))), 64)
    assert ledger.column("reason").to_pylist() == ["answer_too_long"]
    check_dropped(ledger, 0.0)


def test_slices_of_a_table_are_read_as_they_stand(tokenizer):
    rows = table(
        *(example(f"e{n}", ("user", f"question {n}"), ("assistant", f"answer {n}")) for n in range(5))
    )
    whole, _ = token_rows(tokenizer, rows, 64)
    part, _ = token_rows(tokenizer, rows.slice(2, 2), 64)
    assert part.equals(whole.slice(2, 2).combine_chunks())


def test_no_example_gives_no_row(tokenizer):
    rows, ledger = token_rows(tokenizer, table(), 64)
    assert (rows.schema, ledger.schema, rows.num_rows) == (TOKEN_ROW, LEDGER, 0)


def test_processes_give_the_same_bytes(tokenizer, monkeypatch):
    monkeypatch.setattr("ta_pipeline.chat.groups.GROUP", 3)
    rows = [
        example(f"e{n}", ("user", "word " * (n * 20) + "\nwhat?"), ("assistant", f"a {n}")) for n in range(8)
    ]
    examples = table(*rows, example("none", ("user", "q")))
    work = RowWork(tokenizer, marks_of(tokenizer), 128)
    alone, many = (list(in_groups(work, examples, n, "test", alone=0)) for n in (1, 2))
    assert len(alone) == 3
    for one, two in zip(alone, many, strict=True):
        assert one[0].equals(two[0]) and one[1].equals(two[1])


def pair(prompt, chosen, rejected):
    return pa.Table.from_pylist(
        [{"id": "p", "split": "train", "language": "en", "origin": "course", "rule": "test", "chunk_ids": [],
          "prompt": [{"role": "user", "content": prompt}], "chosen": chosen, "rejected": rejected}],
        PREFERENCE,
    )  # fmt: skip


def test_both_answers_share_one_prompt_and_end_in_the_stop_token(tokenizer):
    rows, _ = preference_tokens(tokenizer, pair("why?", "because", "no idea"), 128, 64)
    row = rows.to_pylist()[0]
    assert tokenizer.decode(row["prompt_ids"]).endswith("why?<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.decode(row["chosen_ids"]) == "because<|im_end|>"
    assert tokenizer.decode(row["rejected_ids"]) == "no idea<|im_end|>"


def test_a_long_prompt_is_cut_once_for_both(tokenizer):
    rows, ledger = preference_tokens(tokenizer, pair("word " * 300 + "why?", "because", "no"), 100, 64)
    assert ledger.to_pylist()[0]["action"] == "context_cut"
    assert len(rows.column("prompt_ids")[0]) <= 100


def test_pairs_of_equal_answers_teach_nothing_and_are_dropped(tokenizer):
    rows, ledger = preference_tokens(tokenizer, pair("why?", "same", "same"), 128, 64)
    assert rows.num_rows == 0
    assert ledger.to_pylist()[0]["reason"] == "same_answers"
