"""Examples become token rows; each is kept, cut or dropped, and the ledger says which."""

import pyarrow as pa

from ta_pipeline.chat.packing import pack, pack_efficiency
from ta_pipeline.chat.rows import label_report, preference_tokens, token_rows
from ta_pipeline.records import EXAMPLE, IGNORE_INDEX, PREFERENCE


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
