"""What each shape reads beside its canonical rows, and the line that says what another would lose."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.formats.model import ROLES, Call, Conversation, Message, RowError
from ta_pipeline.formats.shapes import SHAPES, read_row, shape_of

USER, TOLD = Message("user", "q"), Message("assistant", "a")
CALL = Message("assistant", calls=(Call("f", {"x": 1}),))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"instruction": "q", "output": "a"}, "alpaca"),
        ({"conversations": [], "chosen": {}, "rejected": {}}, "sharegpt"),
        ({"messages": []}, "messages"),
        ({"prompt": "q", "completion": "a", "label": "hard"}, "prompt-completion"),
        ({"prompt": "q", "completion": "a", "label": False}, "kto"),
        ({"chosen": [], "rejected": []}, "preference"),
        ({"prompt": "q", "chosen": [{}, {}], "rejected": []}, "ultrafeedback"),
        ({"question": "q"}, "question-answer"),
        ({"instruction": None, "question": "q"}, "question-answer"),
    ],
)
def test_the_columns_tell_the_shape(row, name):
    assert shape_of(row).name == name


@pytest.mark.parametrize(
    "row",
    [
        {"system": "s", "question": "q", "chosen": "a", "rejected": "b"},  # Intel/orca_dpo_pairs
        {"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "chosen": "a", "rejected": "b"},
        {"chosen": [{"role": r, "content": c} for r, c in (("system", "s"), ("user", "q"), ("assistant", "a"))],
         "rejected": [{"role": r, "content": c} for r, c in (("system", "s"), ("user", "q"), ("assistant", "b"))]},
        {"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "q"}],
         "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}},
        {"instruction": "q", "system": "s", "chosen": "a", "rejected": "b"},
    ],
)  # fmt: skip
def test_a_pair_is_one_conversation_whatever_its_shape(row):
    bad = Message("assistant", "b")
    assert read_row(row) == Conversation((Message("system", "s"), USER), chosen=(TOLD,), rejected=(bad,))


def test_arguments_of_a_call_may_be_an_object_or_text_and_the_tools_flat_or_wrapped():
    tool = {"name": "f", "parameters": {}}
    rows = [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": None, "tool_calls": [call]}], "tools": tools}
        for call in ({"name": "f", "arguments": {"x": 1}}, {"type": "function", "function": {"name": "f", "arguments": '{"x":1}'}})
        for tools in ([tool], [{"type": "function", "function": tool}], '[{"name": "f", "parameters": {}}]')
    ]  # fmt: skip
    assert {repr(read_row(row)) for row in rows} == {repr(Conversation((USER, CALL), tools=(tool,)))}


@pytest.mark.parametrize(
    ("shape", "conversation", "lost"),
    [
        ("alpaca", Conversation((USER, CALL)), "a tool call of turn 2"),
        ("alpaca", Conversation((USER, TOLD), tools=({"name": "f"},)), "the schemas of 1 tools"),
        ("alpaca", Conversation((USER, USER, TOLD)), "the order of the turns (user, user, assistant)"),
        ("alpaca", Conversation((Message("user", "q", extra={"weight": 0}), TOLD)), "weight of turn 1"),
        ("sharegpt", Conversation((USER, Message("assistant", "Let me look.", CALL.calls))), "what the assistant says beside its call"),
        ("messages", Conversation((USER,), chosen=(TOLD,), rejected=(CALL,)), "the rejected answer"),
        ("messages", Conversation((USER, TOLD), label=True), "the label True"),
        ("messages", Conversation((USER, TOLD), extra={"messages": 1}), "the further column `messages`"),
        ("prompt-completion-text", Conversation((USER, TOLD, USER, TOLD)), "the 4 turns"),
        ("prompt-completion", Conversation((USER, TOLD, USER)), "that the row does not end in an answer"),
        ("preference-implicit", Conversation((USER,), chosen=(TOLD, USER, TOLD), rejected=(TOLD,)), "where the prompt ends"),
        ("preference-text", Conversation((Message("system", "s"), USER), chosen=(TOLD,), rejected=(TOLD,)), "turns"),
        ("ultrafeedback", Conversation((USER, TOLD)), "a rejected answer"),
        ("kto", Conversation((USER, TOLD)), "a label"),
    ],
)  # fmt: skip
def test_what_a_shape_cannot_hold_is_named(shape, conversation, lost):
    with pytest.raises(RowError) as caught:
        SHAPES[shape].write(conversation)
    assert caught.value.reason == "cannot_hold"
    assert str(caught.value).startswith(shape) and lost in str(caught.value)
    assert str(caught.value).endswith("choose another shape") or "rename it" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "q", "chosen": [{"role": "user", "content": "q"}] * 2, "rejected": [{"role": "assistant", "content": "a"}]}, "no_answer"),
        ({"chosen": "a", "rejected": "b"}, "no_question"),
        ({"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]} | {"rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, "no_answer"),
        ({"prompt": "q", "completion": [{"role": "assistant", "content": "a"}]}, "bad_row"),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}]}, "bad_call"),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"x": 1e999}'}}]}]}, "bad_row"),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "[]"}]}, "bad_call"),
        ({"instruction": "q", "output": "a", "history": ["q"]}, "bad_row"),
        ({"instruction": "q", "output": "a", "kto_tag": "yes"}, "bad_row"),
        ({"messages": "q"}, "bad_row"),
        (7, "bad_row"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_has_a_reason_and_a_cure(row, reason):
    with pytest.raises(RowError) as caught:
        read_row(row)
    assert caught.value.reason == reason


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["user", "gpt", "{}", "function_call"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["from", "value", "role", "content", "tool_calls", "function", "name", "arguments", "type", "text", "id"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
speakers = st.sampled_from(["user", "assistant", "human", "gpt", "tool", "function_call"])
turns = st.lists(
    st.dictionaries(st.sampled_from(["value", "content", "tool_calls", "tool_call_id", "name"]), anything, max_size=2).flatmap(
        lambda turn: st.sampled_from(["from", "role"]).flatmap(lambda key: speakers.map(lambda who: {key: who, "content": "x"} | turn))
    ),
    max_size=3,
)  # fmt: skip
columns = st.sampled_from(
    [
        "instruction",
        "input",
        "output",
        "history",
        "system",
        "conversations",
        "messages",
        "prompt",
        "completion",
        "chosen",
        "rejected",
        "label",
        "kto_tag",
        "tools",
        "meta",
        "question",
        "answer",
    ]
)


@settings(max_examples=500, deadline=None)
@given(row=st.dictionaries(columns, anything | turns | st.text("q a", max_size=3), max_size=5))
def test_any_row_at_all_is_read_and_written_again_or_refused(row):
    try:
        conversation = read_row(row)
    except RowError as error:
        assert error.reason and "\n" not in str(error)
        return
    for shape in SHAPES.values():
        try:
            assert shape.read(shape.write(conversation), ROLES) == conversation
        except RowError:
            continue
