"""Every shape of dialogue row, and every fault of one."""

import json

import pytest

from ta_pipeline.sources.dialogues import lecture_of, read_json, read_jsonl
from ta_pipeline.sources.drafts import Draft, Fault

ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system",
         "function_call": "assistant", "observation": "tool"}  # fmt: skip
GOOD = {"instruction": "问", "output": "答"}


def read(row: object) -> Draft | Fault:
    (found,) = read_jsonl(json.dumps(row, ensure_ascii=False), ROLES)
    return found


def turns(row: object) -> list[tuple[str | None, str]]:
    draft = read(row)
    assert isinstance(draft, Draft), draft
    assert draft.kind == "dialogue"
    return [(s.speaker, s.text) for s in draft.segments]


def test_alpaca_joins_instruction_and_input_and_keeps_where_it_comes_from():
    row = {
        "instruction": "根据讲义回答", "input": "讲义", "output": "答案",
        "meta": {"source": "lectures/03.srt", "time": "00:12:30", "level": 2},
    }  # fmt: skip
    assert turns(row) == [("user", "根据讲义回答\n讲义"), ("assistant", "答案")]
    assert read(row).meta == {"source": "lectures/03.srt", "timestamp": "00:12:30", "level": 2}


def test_an_empty_input_adds_no_line():
    assert turns({"instruction": "Why?", "input": "", "output": "So."}) == [
        ("user", "Why?"),
        ("assistant", "So."),
    ]


def test_sharegpt_maps_roles_and_keeps_system_and_tools():
    row = {
        "conversations": [
            {"from": "human", "value": "天气？"},
            {"from": "function_call", "value": "{}"},
            {"from": "observation", "value": "晴"},
            {"from": "GPT", "value": "晴天。"},
        ],
        "system": "助教",
        "tools": "[]",
    }
    assert turns(row) == [
        ("system", "助教"), ("user", "天气？"), ("assistant", "{}"), ("tool", "晴"), ("assistant", "晴天。"),
    ]  # fmt: skip
    assert read(row).meta == {"tools": "[]"}


def test_openai_messages_may_have_text_parts():
    row = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "c"},
        ]
    }
    assert turns(row) == [("user", "a\nb"), ("assistant", "c")]


def test_question_rows_keep_their_other_columns():
    row = {"question": "1+1?", "answer": "2", "lecture": 3, "time": "01:00", "empty": ""}
    assert turns(row) == [("user", "1+1?"), ("assistant", "2")]
    assert read(row).meta == {"lecture": "3", "timestamp": "01:00"}


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "good"},
         "rejected": {"from": "gpt", "value": "bad"}},
        {"prompt": "q", "chosen": "good", "rejected": "bad"},
        {"instruction": "q", "chosen": "good", "rejected": "bad"},
        {"prompt": [{"role": "user", "content": "q"}],
         "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}],
         "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "bad"}]},
    ],
)  # fmt: skip
def test_a_preference_row_ends_in_the_chosen_answer_and_keeps_the_rejected_one(row):
    assert turns(row) == [("user", "q"), ("assistant", "good")]
    assert read(row).meta == {"rejected": "bad"}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "completion": "a"},
        {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
        {"prompt": "q", "completion": "a", "label": True},
        {"question": "q", "answer": "a", "label": False},
    ],
)
def test_prompt_and_completion_are_a_question_and_its_answer(row):
    assert turns(row) == [("user", "q"), ("assistant", "a")]


def test_the_history_of_an_alpaca_row_comes_before_its_question():
    row = {"instruction": "q2", "input": "", "output": "a2", "history": [["q1", "a1"]], "system": "s"}
    assert [text for _, text in turns(row)] == ["s", "q1", "a1", "q2", "a2"]


def test_a_call_of_a_tool_stands_as_the_json_that_was_learned():
    call = '{"name": "look_up", "arguments": {"word": "力"}}'
    function = {"name": "look_up", "arguments": '{"word": "力"}'}
    openai = {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": [{"id": "", "function": function}]},
        ]
    }
    sharegpt = {"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": call}]}
    assert turns(openai) == turns(sharegpt) == [("user", "q"), ("assistant", call)]


@pytest.mark.parametrize(
    ("row", "reason", "words"),
    [
        ({"prompt": "q", "completion": "a", "label": False}, "bad_answer", "take the row out"),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "kto_tag": False}, "bad_answer", "`rejected`"),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{"}]}, "bad_row", "no JSON"),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": "["}, "bad_row", "`tools`"),
    ],
)  # fmt: skip
def test_an_answer_not_to_learn_and_a_broken_call_are_faults(row, reason, words):
    fault = read(row)
    assert isinstance(fault, Fault) and fault.reason == reason and words in fault.detail


@pytest.mark.parametrize(
    ("row", "reason", "words"),
    [
        ({"instruction": "q", "output": " "}, "no_answer", "answer"),
        ({"instruction": "q"}, "no_answer", "answer"),
        ({"question": "q", "answer": None}, "no_answer", "answer"),
        ({"instruction": "", "output": "a"}, "no_question", "question"),
        ({"conversations": [{"from": "human", "value": "q"}]}, "no_answer", "assistant"),
        ({"conversations": []}, "no_question", "question"),
        (
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": ""}]},
            "no_answer",
            "2",
        ),
        ({"conversations": [{"from": "alien", "value": "q"}]}, "unknown_role", "ingest.role_map"),
        ({"conversations": [{"value": "q"}]}, "unknown_role", "''"),
        ({"conversations": ["q"]}, "bad_row", "turn 1"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "bad_row", "turn 1"),
        ({"instruction": ["q"], "output": "a"}, "bad_row", "instruction"),
        ({"prompt": "q", "chosen": "a", "rejected": ""}, "no_answer", "rejected"),
        ({"text": "words"}, "unknown_shape", "'text'"),
        (["q", "a"], "bad_row", "list"),
        (7, "bad_row", "int"),
    ],
)
def test_a_row_that_is_no_dialogue_is_a_fault_with_its_cure(row, reason, words):
    fault = read(row)
    assert isinstance(fault, Fault)
    assert (fault.line, fault.reason) == (1, reason)
    assert words in fault.detail


@pytest.mark.parametrize("row", [{**GOOD, "output": "\ud83d"}, {**GOOD, "meta": {"x": ["\ud83d"]}}])
def test_half_a_surrogate_pair_is_a_fault_and_no_crash(row):
    (found,) = read_jsonl(json.dumps(row), ROLES)
    assert isinstance(found, Fault) and found.reason == "encoding"


def test_a_bad_line_costs_only_itself():
    text = f'{json.dumps(GOOD)}\n\n{{"instruction": "q", \n{json.dumps(GOOD)}\n'
    first, bad, last = read_jsonl(text, ROLES)
    assert isinstance(first, Draft) and isinstance(last, Draft)
    assert (first.row, last.row, last.line) == (1, 4, 4)
    assert isinstance(bad, Fault) and (bad.line, bad.reason) == (3, "bad_json")


def test_json_elements_know_their_line_and_row():
    text = '[\n  {"instruction": "q",\n   "output": "a"},\n  5,\n  {"question": "q", "answer": NaN}\n]\n'
    good, number, empty = read_json(text, ROLES)
    assert isinstance(good, Draft) and (good.line, good.row) == (2, 1)
    assert isinstance(number, Fault) and (number.line, number.reason) == (4, "bad_row")
    assert isinstance(empty, Fault) and (empty.line, empty.reason) == (5, "no_answer")


def test_a_lone_object_is_one_row():
    (draft,) = read_json(json.dumps(GOOD, indent=1), ROLES)
    assert isinstance(draft, Draft) and draft.row == 1


@pytest.mark.parametrize(
    "tail", ["", ",", ',\n{"instruction": "cut', ' {"instruction": "no comma", "output": "x"}]', "] trailing"]
)
def test_what_stands_before_the_break_of_a_json_file_is_kept(tail):
    draft, fault = read_json("[" + json.dumps(GOOD) + tail, ROLES)
    assert isinstance(draft, Draft)
    assert isinstance(fault, Fault) and fault.reason == "bad_json"


def test_an_empty_array_holds_nothing():
    assert list(read_json("[ ]\n", ROLES)) == []


def test_the_lecture_is_named_or_is_the_file_it_rests_on():
    assert lecture_of({"lecture": "05", "source": "lectures/01.srt"}) == "05"
    assert lecture_of({"source": "lectures\\01-motion.zh.srt"}) == "01-motion"
    assert lecture_of({}) == ""
