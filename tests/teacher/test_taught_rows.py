"""From chunks to rows by way of a server: what it writes becomes examples and verdicts, nothing is lost."""

import json
import re

import pytest

from ta_pipeline.composing.taught import drop_misjudged, score_pairs, taught_examples
from ta_pipeline.params import ComposeParams
from ta_pipeline.serving.llama_server import LlamaServer
from ta_pipeline.teacher.accounts import summarise

LECTURES = {
    "01-motion": [
        "**Speed** is the distance a body covers in a unit of time, whatever its direction may be.",
        "**Velocity** is the change of position in a unit of time, and it has a direction.",
    ],
    "02-forces": [
        "**Inertia** is the tendency of a body to keep its state of motion unless a force acts.",
        "**Friction** is a force between two surfaces that acts against their sliding motion.",
    ],
    "03-exam": ["**Pressure** is the force that acts on a unit of area of a surface."],
}


def documents():
    blank = {"page": None, "line": 1, "start": None, "end": None, "speaker": None}
    return [
        {
            "id": f"d-{lecture}", "course": "demo", "origin": "course", "source": f"{lecture}.md", "kind": "text",
            "lecture": lecture, "title": f"Lecture {int(lecture[:2])}: {lecture[3:].title()}", "language": "en",
            "segments": [{"text": text, "heading": "Notes", **blank} for text in texts], "meta": "{}",
        }
        for lecture, texts in LECTURES.items()
    ]  # fmt: skip


def chunks():
    return [
        {
            "id": f"c-{lecture}", "course": "demo", "document_id": f"d-{lecture}", "source": f"{lecture}.md",
            "lecture": lecture, "title": f"Lecture {int(lecture[:2])}", "language": "en", "heading": "Notes",
            "page": None, "start": None, "end": None, "text": "\n".join(texts), "tokens": 60,
        }
        for lecture, texts in LECTURES.items()
    ]  # fmt: skip


def compose(teacher):
    return ComposeParams(
        held_out=["03-*"],
        chunk={"min_tokens": 20, "max_tokens": 120, "overlap_tokens": 5},
        passages={"chars": 200, "distractors": 1},
        templates=[],
        rows_per_chunk=0,
        refusal_share=0,
        replay_share=0.0,
        max_question_similarity=0.6,
        max_reference_similarity=0.8,
        split={"validation_share": 0.1, "test_share": 0.1},
        preferences=4,
        questions_per_lecture=1,
        teacher=teacher,
    )


def wise(body, complete):
    """Write one good and one bad question on the passage; prefer the answer that says right."""
    said = body["messages"][0]["content"]
    if said.startswith("Judge"):
        a, b = (re.search(rf"<answer_{x}>\n(.*?)\n</answer_{x}>", said, re.DOTALL)[1] for x in "ab")
        return complete(
            json.dumps({"score_a": 9 if "right" in a else 4, "score_b": 9 if "right" in b else 4})
        )
    sentence = said.splitlines()[-1]
    term = re.search(r"\*\*(\w+)\*\*", sentence)[1]
    good = {"question": f"What is {term}?", "answer": f"{term} is what the notes say.", "quote": sentence}
    return complete(json.dumps({"questions": [good, good | {"quote": "words of nobody at all"}]}))


@pytest.fixture
def asked(fake, params, complete, tmp_path):
    fake.answer = lambda body, _: wise(body, complete)

    def run(**more):
        return taught_examples(documents(), chunks(), compose(params(**more)), 7, tmp_path)

    return run


def test_without_a_teacher_there_is_nothing(tmp_path):
    assert taught_examples(documents(), chunks(), compose(None), 7, tmp_path) == ([], [])
    assert score_pairs([{"id": "p"}], compose(None), 7, tmp_path) == []


def test_a_question_becomes_a_row_over_its_passage_among_others_with_a_citation(asked):
    rows, _ = asked()
    row = next(row for row in rows if row["document_id"] == "d-02-forces")
    _, user, answer = (turn["content"] for turn in row["messages"])
    assert (row["task"], row["rule"], row["chunk_ids"]) == ("rag", "teacher:question", ["c-02-forces"])
    assert "Friction** is a force between two surfaces" in user and user.endswith(
        "Question: What is Friction?"
    )
    assert answer == "[Lecture 2] Friction is what the notes say."


def test_held_out_lectures_are_never_shown_to_the_teacher(asked, fake):
    rows, answers = asked()
    assert {row["subject_id"] for row in answers} == {"c-01-motion", "c-02-forces"}
    assert "Pressure" not in str(fake.bodies)
    assert len(rows) == 2


def test_prompt_model_answer_and_what_became_of_it_are_kept(asked, fake):
    _, answers = asked(prices={"prompt": 1.0, "answer": 5.0})
    first = answers[0]
    assert (first["url"], first["model"], first["job"]) == (fake.url, "wise", "questions")
    assert first["prompt"] == fake.bodies[0]["messages"] or first["prompt"] == fake.bodies[1]["messages"]
    assert json.loads(first["answer"])["questions"][0]["question"] == "What is Velocity?"
    assert (first["used"], [fault["reason"] for fault in first["dropped"]]) == (1, ["quote_not_in_chunk"])
    assert first["cost"] == pytest.approx(0.0002)
    assert summarise(answers)["questions"]["in"] == 4


def test_a_second_run_asks_nothing_and_makes_the_same_rows(asked, fake):
    first = asked()
    count = len(fake.bodies)
    assert asked() == first and len(fake.bodies) == count == 2


def test_a_limit_takes_chunks_from_all_over_the_course(asked):
    assert [row["subject_id"] for row in asked(chunk_limit=1)[1]] == ["c-01-motion"]
    assert asked(questions_per_chunk=0) == ([], [])


def pair(name, chosen, rejected):
    return {
        "id": name, "split": "", "language": "en", "origin": "course", "rule": "answer_over_refusal",
        "prompt": [{"role": "user", "content": f"Why, {name}?"}], "chosen": chosen, "rejected": rejected,
        "chunk_ids": [],
    }  # fmt: skip


def test_pairs_are_scored_and_those_that_it_sees_otherwise_are_dropped_with_both_scores(
    fake, params, complete, tmp_path
):
    fake.answer = lambda body, _: wise(body, complete)
    pairs = [pair("a", "the right one", "a bad one"), pair("b", "bad", "right"), pair("c", "both", "alike")]
    scores = score_pairs(pairs, compose(params()), 7, tmp_path)
    kept, dropped = drop_misjudged(pairs, scores)
    assert [row["id"] for row in kept] == ["a"]
    assert [(row["id"], row["reason"], row["detail"]) for row in dropped] == [
        ("b", "teacher_prefers_rejected", "chosen 4, rejected 9"),
        ("c", "teacher_sees_no_difference", "chosen 4, rejected 4"),
    ]
    assert score_pairs(pairs, compose(params(score_preferences=False)), 7, tmp_path) == []


@pytest.mark.prove
def test_a_real_llama_cpp_server_writes_questions_and_scores_and_is_asked_once(tmp_path):
    from ta_pipeline.params import TeacherParams
    from ta_pipeline.training.base_model import _bundled_gguf

    pairs = [pair("a", "Inertia keeps a body moving.", "I do not know."), pair("b", "Yes.", "No.")]
    with LlamaServer(_bundled_gguf(), 2048, 2, tmp_path / "llama.log") as server:
        teacher = TeacherParams(
            url=f"{server.url}/v1", model="smollm2", concurrency=2, max_tokens=160, questions_per_chunk=2, timeout_s=600,
            prices={"prompt": 1.0, "answer": 1.0},
        )  # fmt: skip
        rows, answers = taught_examples(documents(), chunks(), compose(teacher), 7, tmp_path / "cache")
        scores = score_pairs(pairs, compose(teacher), 7, tmp_path / "cache")
    again = taught_examples(
        documents(), chunks(), compose(teacher), 7, tmp_path / "cache"
    )  # the server is gone
    assert again == (rows, answers)
    assert score_pairs(pairs, compose(teacher), 7, tmp_path / "cache") == scores
    account = summarise([*answers, *scores])
    assert account["questions"]["requests"] == 2 and account["scores"]["requests"] == 2
    assert account["questions"]["prompt_tokens"] > 200 and account["questions"]["cost"] > 0
    assert all(row["answer"] for row in answers)
    assert not {"no_json", "http_400", "bad_response"} & set(account["questions"]["by_reason"])
    assert all(1 <= row["chosen_score"] <= 10 for row in scores)
    assert len(rows) == account["questions"]["used"]
