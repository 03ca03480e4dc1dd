"""What trains is proved; every known fault is injected here and stops the run by an error of its own."""

import numpy as np
import pyarrow as pa
import pytest

from ta_pipeline.chat.labels import (
    Conversation,
    CutAnswerError,
    MaskersDisagreeError,
    MissingHeaderError,
    NothingLearnedError,
    WrongEndError,
    label_rows,
    marks_of,
    special_ids,
)
from ta_pipeline.chat.packing import pack
from ta_pipeline.chat.proof import (
    EndNotLearnedError,
    PromptLearnedError,
    RowsDifferError,
    WrongLabelError,
    check_labels,
    prove_blocks,
    prove_preferences,
)
from ta_pipeline.chat.rows import preference_tokens, token_rows
from ta_pipeline.records import EXAMPLE, IGNORE_INDEX, PREFERENCE

END, NEWLINE = 2, 198


def example(name, *turns, origin="course", task="qa", split="train", chunk_ids=()):
    messages = [{"role": role, "content": text} for role, text in turns]
    return {"id": name, "split": split, "task": task, "language": "en", "origin": origin, "rule": "test",
            "messages": messages, "tools": None, "chunk_ids": list(chunk_ids), "document_id": "d"}  # fmt: skip


EXAMPLES = pa.Table.from_pylist(
    [
        example("short", ("user", "hi"), ("assistant", "yes")),
        example("two", ("user", "1?"), ("assistant", "2"), ("user", "and?"), ("assistant", "3")),
        example("zh", ("user", "牛顿是谁？"), ("assistant", "物理学家。😀"), origin="public:x", task="style"),
        example("cut", ("user", "word " * 200 + "\nwhat?"), ("assistant", "this")),
        example("held", ("user", "q"), ("assistant", "a"), split="validation"),
    ],
    EXAMPLE,
)


@pytest.fixture(scope="module")
def made(tokenizer):
    """Return token rows and blocks of the examples."""
    rows, _ = token_rows(tokenizer, EXAMPLES, 96)
    return rows, pack(rows, 96, packing=True, seed=0)


def test_the_proof_counts_what_it_has_looked_at(tokenizer, made):
    rows, blocks = made
    proof = prove_blocks(tokenizer, blocks, rows, EXAMPLES)
    assert (proof["rows"], proof["turns_learned"], proof["every_turn_ends_in"]) == (5, 6, "<|im_end|>")
    assert (proof["rows_by_ids"], proof["rows_by_characters"]) == (5, 4)
    assert proof["cut_rows_by_characters_of_their_answers"] == 1
    assert set(proof["supervised_share_by_source"]) == {"course", "public:x"}
    learned = sum(label != IGNORE_INDEX for row in rows.column("labels").to_pylist() for label in row)
    assert proof["supervised_tokens"] == learned


def test_rows_that_are_blocks_of_their_own_are_proved_too(tokenizer, made):
    rows, _ = made
    assert prove_blocks(tokenizer, pack(rows, 96, packing=False, seed=0), rows, EXAMPLES)["blocks"] == 5


def row_of(tokenizer, *turns):
    """Return ids and labels of one conversation."""
    messages = [{"role": role, "content": text} for role, text in turns]
    ids, labels = label_rows(tokenizer, [Conversation(messages)])[0]
    return np.array(ids, np.int32), np.array(labels, np.int32)


HELLO = (("user", "hi"), ("assistant", "yes, of course"))


def check(tokenizer, ids, labels, name="row-7"):
    check_labels(
        marks_of(tokenizer), special_ids(tokenizer), ids, labels, np.array([len(ids)], np.int64), [name]
    )


def test_an_unharmed_row_passes(tokenizer):
    check(tokenizer, *row_of(tokenizer, *HELLO))


def test_padding_by_token_that_takes_the_end_for_padding_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    labels[labels == tokenizer.pad_token_id] = IGNORE_INDEX  # what the stock collator does where pad is eos
    with pytest.raises(EndNotLearnedError, match="row-7.*never stop.*by position"):
        check(tokenizer, ids, labels)


def test_a_missing_header_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    ids[ids == 1] = 0  # <|im_start|> became another token
    labels[labels == 1] = 0
    with pytest.raises(MissingHeaderError, match="row-7.*no header.*run `tokenize` again"):
        check(tokenizer, ids, labels)


def test_an_answer_that_is_cut_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    end = int(np.flatnonzero(labels == END)[-1])
    with pytest.raises(CutAnswerError, match="row-7.*breaks off.*raise tokenize.max_seq_len"):
        check(tokenizer, ids[:end], labels[:end])


def test_a_turn_that_ends_in_another_token_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    end = int(np.flatnonzero(labels == END)[-1])
    ids[end] = labels[end] = 0  # <|endoftext|>
    with pytest.raises(WrongEndError, match="ends in token 0, not in '<|im_end|>'"):
        check(tokenizer, ids, labels)


def test_a_row_that_teaches_nothing_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    with pytest.raises(NothingLearnedError, match="all labels are -100, so that its loss is 0 or NaN"):
        check(tokenizer, ids, np.full_like(labels, IGNORE_INDEX))


@pytest.mark.parametrize("place", ["system", "user", "tool"])
def test_a_learned_prompt_or_tool_result_is_found(tokenizer, place):
    turns = (("system", "a"), ("user", "b"), ("assistant", "c"), ("tool", "d"), ("assistant", "e"))
    ids, labels = row_of(tokenizer, *turns)
    at = {"system": 3, "user": 8}.get(place) or int(np.flatnonzero(ids == END)[3]) - 1
    assert labels[at] == IGNORE_INDEX
    labels[at] = ids[at]
    with pytest.raises(PromptLearnedError, match=f"position {at} .* the assistant does not say it"):
        check(tokenizer, ids, labels)


def test_a_whole_learned_prompt_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    last = int(np.flatnonzero(labels == END)[-1])
    labels[: last + 1] = ids[: last + 1]
    with pytest.raises(PromptLearnedError, match="position 0 .* the assistant does not say it"):
        check(tokenizer, ids, labels)


def test_an_answer_whose_beginning_is_not_learned_is_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    labels[np.flatnonzero(labels != IGNORE_INDEX)[0]] = IGNORE_INDEX
    with pytest.raises(MaskersDisagreeError, match="learned in part only"):
        check(tokenizer, ids, labels)


def test_shifted_labels_are_found(tokenizer):
    ids, labels = row_of(tokenizer, *HELLO)
    with pytest.raises(WrongLabelError, match="not shifted here"):
        check(tokenizer, ids, np.roll(labels, -1))


def test_the_first_faulty_row_is_named(tokenizer):
    good, bad = row_of(tokenizer, *HELLO), row_of(tokenizer, *HELLO)
    bad[1][:] = IGNORE_INDEX
    ids, labels = (np.concatenate([good[n], bad[n], bad[n]]) for n in (0, 1))
    lengths = np.array([len(good[0]), len(bad[0]), len(bad[0])])
    with pytest.raises(NothingLearnedError, match="^b: "):
        check_labels(marks_of(tokenizer), special_ids(tokenizer), ids, labels, lengths, ["a", "b", "c"])


def changed(blocks, name, change):
    """Change one column of the first block."""
    values = blocks.column(name).to_pylist()
    values[0] = change(values[0])
    place = blocks.schema.get_field_index(name)
    return blocks.set_column(place, name, pa.array(values, blocks.schema.field(name).type))


def test_a_token_that_packing_changed_is_found(tokenizer, made):
    rows, blocks = made
    with pytest.raises(RowsDifferError, match="ids, labels or lengths"):
        prove_blocks(
            tokenizer, changed(blocks, "input_ids", lambda ids: [ids[0] + 1, *ids[1:]]), rows, EXAMPLES
        )


def test_a_row_that_packing_lost_is_found(tokenizer, made):
    rows, blocks = made
    with pytest.raises(RowsDifferError, match="not exactly once"):
        prove_blocks(tokenizer, blocks.slice(1), rows, EXAMPLES)


def test_a_row_that_stands_twice_is_found(tokenizer, made):
    rows, blocks = made
    with pytest.raises(RowsDifferError, match="not exactly once"):
        prove_blocks(tokenizer, pa.concat_tables([blocks, blocks.slice(0, 1)]), rows, EXAMPLES)


def test_rows_made_of_other_examples_are_found(tokenizer, made):
    rows, blocks = made
    others = EXAMPLES.to_pylist()
    others[0]["messages"][1]["content"] = "no"
    with pytest.raises(MaskersDisagreeError, match="short: .* not what the assistant says"):
        prove_blocks(tokenizer, blocks, rows, pa.Table.from_pylist(others, EXAMPLE))


def test_a_fault_that_another_process_finds_stops_the_run_too(tokenizer, made, monkeypatch):
    rows, blocks = made
    one_group = prove_blocks(tokenizer, blocks, rows, EXAMPLES)
    monkeypatch.setattr("ta_pipeline.chat.groups.GROUP", 3)
    monkeypatch.setattr("ta_pipeline.chat.proof._ALONE", 0)
    assert prove_blocks(tokenizer, blocks, rows, EXAMPLES) == one_group
    others = EXAMPLES.to_pylist()
    others[1]["messages"][1]["content"] = "5"
    with pytest.raises(MaskersDisagreeError, match="two: .* run `tokenize` again"):
        prove_blocks(tokenizer, blocks, rows, pa.Table.from_pylist(others, EXAMPLE), 2)


def test_a_prompt_that_is_not_the_examples_is_found(tokenizer, made):
    rows, blocks = made
    others = EXAMPLES.to_pylist()
    others[0]["messages"][0]["content"] = "bye"
    with pytest.raises(MaskersDisagreeError, match="short: "):
        prove_blocks(tokenizer, blocks, rows, pa.Table.from_pylist(others, EXAMPLE))


def check_batch(marks, special, ids, labels, attention_mask):
    """Hold a padded batch, all of (rows, length), to the rules: padding is never learned, the end always is.

    Padding is known by position, so that it may be the end token itself.
    """
    padded = (attention_mask == 0) & (labels != IGNORE_INDEX)
    if padded.any():
        row, at = np.argwhere(padded)[0]
        raise PromptLearnedError(f"row {row} of the batch: padding at position {at} is learned.")
    real = attention_mask != 0
    lengths = real.sum(axis=1).astype(np.int64)
    names = [f"row {n} of the batch" for n in range(len(ids))]
    check_labels(marks, special, ids[real].astype(np.int32), labels[real].astype(np.int32), lengths, names)


def padded(tokenizer):
    """Two rows of different length, filled up with the end token, which is also the padding token."""
    rows = [row_of(tokenizer, *HELLO), row_of(tokenizer, ("user", "x"), ("assistant", "y"))]
    width = max(len(ids) for ids, _ in rows)
    ids, labels = np.full((2, width), END), np.full((2, width), IGNORE_INDEX)
    attention = np.zeros((2, width), int)
    for n, (row, taught) in enumerate(rows):
        ids[n, : len(row)], labels[n, : len(row)], attention[n, : len(row)] = row, taught, 1
    return ids, labels, attention


def test_padding_by_position_passes_although_pad_and_end_are_one_token(tokenizer):
    check_batch(marks_of(tokenizer), special_ids(tokenizer), *padded(tokenizer))


def test_learned_padding_is_found(tokenizer):
    ids, labels, attention = padded(tokenizer)
    labels[1, -1] = END
    with pytest.raises(PromptLearnedError, match="padding at position .* of the batch|row 1 of the batch"):
        check_batch(marks_of(tokenizer), special_ids(tokenizer), ids, labels, attention)


def features(tokenizer):
    rows = [row_of(tokenizer, *HELLO), row_of(tokenizer, ("user", "x"), ("assistant", "y"))]
    return [{"input_ids": ids.tolist(), "labels": labels.tolist()} for ids, labels in rows]


def test_trls_collator_keeps_the_end_and_fills_by_position(tokenizer):
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    batch = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id)(features(tokenizer))
    arrays = [batch[name].numpy() for name in ("input_ids", "labels", "attention_mask")]
    check_batch(marks_of(tokenizer), special_ids(tokenizer), *arrays)


def test_the_stock_collator_is_caught_masking_the_end(tokenizer):
    from transformers import DataCollatorForLanguageModeling

    rows = [{"input_ids": feature["input_ids"]} for feature in features(tokenizer)]
    batch = DataCollatorForLanguageModeling(tokenizer, mlm=False)(rows)
    labels, attention = batch["labels"].numpy(), batch["attention_mask"].numpy()
    prompts = np.array([[label == IGNORE_INDEX for label in f["labels"]] for f in features(tokenizer)][:1])
    labels[:1, : prompts.shape[1]][prompts] = IGNORE_INDEX
    with pytest.raises(EndNotLearnedError, match="row 0 of the batch"):
        check_batch(
            marks_of(tokenizer), special_ids(tokenizer), batch["input_ids"].numpy(), labels, attention
        )


def pair(chosen="because", rejected="no idea"):
    return pa.Table.from_pylist(
        [{"id": "p", "split": "train", "language": "en", "origin": "course", "rule": "test", "chunk_ids": [],
          "prompt": [{"role": "user", "content": "why?"}], "chosen": chosen, "rejected": rejected}],
        PREFERENCE,
    )  # fmt: skip


def test_preference_rows_are_proved(tokenizer):
    rows, _ = preference_tokens(tokenizer, pair(), 128, 64)
    assert prove_preferences(tokenizer, rows, pair())["pairs"] == 1


def test_a_rejected_answer_without_its_end_is_found(tokenizer):
    rows, _ = preference_tokens(tokenizer, pair(), 128, 64)
    cut = rows.to_pylist()
    cut[0]["rejected_ids"].pop()
    with pytest.raises(CutAnswerError, match=r"p \(rejected\)"):
        prove_preferences(tokenizer, pa.Table.from_pylist(cut, rows.schema), pair())


def test_a_pair_whose_answers_are_another_pairs_is_found(tokenizer):
    rows, _ = preference_tokens(tokenizer, pair(), 128, 64)
    with pytest.raises(MaskersDisagreeError, match=r"p \(chosen\)"):
        prove_preferences(tokenizer, rows, pair(chosen="since"))


def test_an_empty_set_of_pairs_is_proved(tokenizer):
    rows, _ = preference_tokens(tokenizer, pair().slice(1), 128, 64)
    assert prove_preferences(tokenizer, rows, pair().slice(1))["pairs"] == 0
