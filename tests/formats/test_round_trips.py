"""Shape -> model -> shape and model -> shape -> model, for all rows and conversations hypothesis can make."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.formats.files import without_nulls, write_rows
from ta_pipeline.formats.model import Call, Conversation, Message, RowError
from ta_pipeline.formats.shapes import SHAPES, read_row, shape_of
from ta_pipeline.sources.row_files import rows_of

SAMPLES = os.environ.get("TA_SAMPLES_DIR")

words = st.text(st.sampled_from('ab 汉é\n"\\{}[]:,/¼'), min_size=1, max_size=8).filter(str.strip)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
objects = st.dictionaries(words, scalars | st.lists(scalars, max_size=2), max_size=2)
names = st.text(st.sampled_from("abc_"), min_size=1, max_size=4)
columns = st.dictionaries(names.map("x_".__add__), scalars, max_size=2)
calls = st.lists(
    st.builds(Call, name=names, arguments=objects, id=st.just("") | names), min_size=1, max_size=2
).map(tuple)
extras = st.just({}) | st.dictionaries(
    st.sampled_from(["weight", "name", "from", "content"]), scalars, max_size=1
)

system = st.builds(Message, role=st.just("system"), content=words, extra=extras)
asked = st.builds(Message, role=st.just("user"), content=words, extra=extras)
answer = st.builds(Message, role=st.just("assistant"), content=words, extra=extras)
call = st.builds(Message, role=st.just("assistant"), content=st.just("") | words, calls=calls)
result = st.builds(Message, role=st.just("tool"), content=words, call_id=st.just("") | names)
plain_asked, plain_answer = (
    st.builds(Message, st.just("user"), words),
    st.builds(Message, st.just("assistant"), words),
)


@st.composite
def conversations(draw):
    """Any conversation that a reader could have made, plain ones as often as wild ones."""
    if draw(st.booleans()):
        turns = [draw(plain_asked), draw(plain_answer)] * draw(st.integers(1, 2))
        opening = draw(st.just([]) | st.builds(Message, st.just("system"), words).map(lambda m: [m]))
    else:
        turns = draw(st.lists(asked | answer | call | result, min_size=1, max_size=4))
        turns = [draw(asked), *turns, draw(answer | call)]
        opening = draw(st.lists(system, max_size=2))
    messages = tuple([*opening, *turns])
    more = {
        "meta": draw(st.just({}) | objects),
        "extra": draw(columns),
        "tools": tuple(draw(st.lists(objects, max_size=1))),
    }
    kind = draw(st.sampled_from(["plain", "pair", "label", "completion"]))
    if kind == "pair":
        ends = st.lists(plain_answer | call, min_size=1, max_size=2).map(tuple)
        last = max(place for place, turn in enumerate(messages) if turn.role == "user")
        return Conversation(messages[: last + 1], chosen=draw(ends), rejected=draw(ends), **more)
    if kind == "label":
        more["label"] = draw(st.booleans())
    if kind == "completion":
        more["completion"] = draw(st.integers(1, 3))
    conversation = Conversation(messages, **more)
    question = conversation.question
    if "\n" in question and question.split("\n", 1)[1].strip() and draw(st.booleans()):
        conversation = replace(conversation, input=question.split("\n", 1)[1])
    return conversation


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=150, deadline=None)
@given(conversation=conversations())
def test_a_conversation_comes_back_or_one_line_says_what_would_be_lost(name, conversation):
    shape = SHAPES[name]
    try:
        row = shape.write(conversation)
    except RowError as error:
        assert error.reason == "cannot_hold"
        assert ("would lose" in str(error) or "needs" in str(error)) and "\n" not in str(error)
        return
    assert shape.read(json.loads(json.dumps(row))) == conversation
    assert shape.write(shape.read(row)) == row


def turn_rows(keys, speakers):
    speaker, said = keys
    user, assistant = speakers
    return st.tuples(
        st.fixed_dictionaries({speaker: st.just(user), said: words}),
        st.fixed_dictionaries({speaker: st.just(assistant), said: words}),
    ).map(list)


openai = turn_rows(("role", "content"), ("user", "assistant"))
sharegpt = turn_rows(("from", "value"), ("human", "gpt"))
meta = {"meta": st.dictionaries(names, scalars, min_size=1, max_size=2)}
tool = st.fixed_dictionaries({"name": names, "description": words, "parameters": objects})
openai_tools = st.lists(tool, min_size=1, max_size=2).map(
    lambda ts: [{"type": "function", "function": t} for t in ts]
)
openai_call = st.builds(
    lambda name, arguments, id: {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}},
    names, objects, names,
)  # fmt: skip
openai_tooled = st.builds(
    lambda pair, call, seen, told: [pair[0], {"role": "assistant", "tool_calls": [call]},
                                    {"role": "tool", "content": seen, "tool_call_id": call["id"]}, {"role": "assistant", "content": told}],
    openai, openai_call, words, words,
)  # fmt: skip
sharegpt_tooled = st.builds(
    lambda pair, name, arguments, seen, told: [
        pair[0], {"from": "function_call", "value": json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)},
        {"from": "observation", "value": seen}, {"from": "gpt", "value": told}],
    sharegpt, names, objects, words, words,
)  # fmt: skip
dumped_tools = st.lists(tool, max_size=2).map(lambda tools: json.dumps(tools, ensure_ascii=False))


def row(required, **optional):
    return st.fixed_dictionaries(required, optional=optional | meta)


alpaca_pair = {"instruction": words, "input": st.just("") | words}
#: Rows as the documents of each shape have them.
ROWS = {
    "alpaca": row(alpaca_pair | {"output": words}, system=st.just("") | words, history=st.lists(st.lists(words, min_size=2, max_size=2), max_size=2), kto_tag=st.booleans(), id=names)
    | row({"instruction": words, "output": words})
    | row(alpaca_pair | {"chosen": words, "rejected": words}),
    "sharegpt": row({"conversations": sharegpt | sharegpt_tooled}, system=st.just("") | words, tools=dumped_tools, kto_tag=st.booleans(), id=names)
    | row({"conversations": sharegpt.map(lambda turns: turns[:1]), "chosen": sharegpt.map(lambda turns: turns[1]), "rejected": sharegpt.map(lambda turns: turns[1])})
    | row({"conversations": sharegpt.map(lambda turns: [{"from": "system", "value": "s"}, *turns])}),
    "messages": row({"messages": openai | openai_tooled}, tools=openai_tools),
    "prompt-completion": row({"prompt": openai.map(lambda turns: turns[:1]), "completion": openai.map(lambda turns: turns[1:]) | openai_tooled.map(lambda turns: turns[1:])}, tools=openai_tools),
    "prompt-completion-text": row({"prompt": words, "completion": words}),
    "preference": row({"prompt": openai.map(lambda turns: turns[:1]), "chosen": openai.map(lambda turns: turns[1:]), "rejected": openai.map(lambda turns: turns[1:])}, tools=openai_tools),
    "preference-text": row({"prompt": words, "chosen": words, "rejected": words}, score=st.floats(0, 1)),
    "preference-implicit": st.builds(
        lambda turns, end: {"chosen": turns, "rejected": [*turns[:-1], {"role": "assistant", "content": f"{turns[-1]['content']}{end}"}]},
        openai, words,
    ),
    "ultrafeedback": st.builds(
        lambda turns, end, score: {"prompt": turns[0]["content"], "prompt_id": "1", "messages": turns, "chosen": turns, "score_chosen": score, "score_rejected": 1.0,
                                   "rejected": [*turns[:-1], {"role": "assistant", "content": f"{turns[-1]['content']}{end}"}]},
        openai, words, st.floats(0, 10),
    ),
    "kto": row({"prompt": openai.map(lambda turns: turns[:1]), "completion": openai.map(lambda turns: turns[1:]), "label": st.booleans()}),
    "kto-text": row({"prompt": words, "completion": words, "label": st.booleans()}),
    "question-answer": row({"question": words, "answer": words}, id=names),
}  # fmt: skip


def test_rows_of_every_shape_are_tried():
    assert set(ROWS) == set(SHAPES)


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_row_comes_back_as_it_was(name, data):
    row = data.draw(ROWS[name])
    shape = SHAPES[name]
    assert shape_of(row).read == shape.read
    assert shape.write(read_row(row)) == row


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_files_give_back_the_rows_that_were_written(tmp_path_factory, suffix, data):
    rows = data.draw(st.lists(st.one_of(*ROWS.values()), min_size=1, max_size=4))
    path = tmp_path_factory.mktemp("rows") / f"rows{suffix}"
    assert write_rows(path, rows) == len(rows)
    assert [found.value for found in rows_of(path, 2**20)] == rows


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_parquet_gives_back_the_conversations_that_were_written(tmp_path_factory, name, data):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    kept = data.draw(st.lists(ROWS[name], min_size=1, max_size=3))
    found = [SHAPES[name].read(row) for row in kept]
    write_rows(path, [SHAPES[name].write(conversation) for conversation in found])
    back = [without_nulls(row.value) for row in rows_of(path, 2**20)]
    assert [SHAPES[name].read(row) for row in back] == found


@pytest.mark.skipif(not SAMPLES, reason="set TA_SAMPLES_DIR to a folder of public samples")
@pytest.mark.parametrize(
    "name",
    ["instructions/alpaca_en_demo.json", "instructions/alpaca_zh_demo.json", "instructions/identity.json",
     "preferences/dpo_en_demo.json", "preferences/dpo_zh_demo.json", "tools/glaive_toolcall_zh_demo.json",
     "math/gsm8k_test.jsonl"],
)  # fmt: skip
def test_every_row_of_the_public_samples_comes_back_as_it_was(name):
    count = 0
    for row in (found.value for found in rows_of(Path(SAMPLES) / name, 2**24)):
        assert shape_of(row).write(read_row(row)) == row
        count += 1
    assert count in (91, 300, 999, 1000, 1319)
