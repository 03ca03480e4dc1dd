"""The light figures: what each of them measures, on rows small enough to count by hand."""

import json
import math

import pytest
from click.testing import CliRunner

from ta_pipeline import smoke as smoking
from ta_pipeline.cli import cli
from ta_pipeline.records import InputError
from ta_pipeline.smoke import CharacterModel, describe, distinct, overlap, read_pairs, smoke, spread_order


def row(prompt, response, line=1):
    return {"prompt": prompt, "response": response, "line": line}


@pytest.fixture
def files(tmp_path):
    def write(**rows):
        paths = []
        for name, pairs in rows.items():
            path = tmp_path / f"{name}.jsonl"
            lines = [json.dumps({"prompt": p, "response": r}, ensure_ascii=False) for p, r in pairs]
            path.write_text("\n".join(lines), "utf-8")
            paths.append(path)
        return paths

    return write


def test_distinct_n_is_distinct_over_all_n_grams():
    assert distinct([["a", "b", "a", "b"]], 1) == 0.5
    assert distinct([["a", "b", "a", "b"]], 2) == 0.6667
    assert distinct([["a"]], 2) is None


def test_lengths_variety_and_rows_told_twice_are_counted():
    facts = describe([row("ab", "一二 cd"), row("ab", "一二 cd"), row("abcdef", "xyz")])
    assert (facts["rows"], facts["duplicates"]) == (3, 1)
    assert facts["prompt_characters"] == {"mean": 3.3, "median": 2, "p95": 6, "max": 6}
    assert facts["distinct_1"] == 0.5714  # 一 二 cd xyz of 一 二 cd 一 二 cd xyz


def test_what_stands_in_both_files_is_found_though_its_marks_differ():
    long = "one two three four five six seven eight nine ten eleven twelve thirteen"
    train = [row("What is inertia?", "Resistance.", 1), row("什么是速度？", long, 2)]
    facts = overlap(
        train, [row("what is inertia", "Resistance.", 1), row("别的问题", long, 2), row("a", "b", 3)]
    )
    assert facts["same_prompts"] == 0 and facts["same_responses"] == 2
    assert facts["nearest"] == [{"eval_line": 1, "train_line": 1, "similarity": 1.0}]
    assert 0 < facts["copied_runs"] < 1


def test_rows_that_share_nothing_overlap_in_nothing():
    facts = overlap([row("abc def", "ghi")], [row("xyz uvw", "rst")])
    assert (facts["same_prompts"], facts["near_prompts"], facts["copied_runs"]) == (0, 0, 0.0)


def test_the_chances_of_the_character_model_add_up_to_one():
    model = CharacterModel(["abcabd", "bbc"])
    for before in ("", "a", "ab", "zz", "abca"):
        known = sum(model._chance(before, sign) for sign in "abcd")
        unseen = model._chance(before, "?")
        assert known + unseen == pytest.approx(1.0)


def test_text_like_what_was_learned_surprises_less():
    model = CharacterModel(["惯性是物体保持运动状态的性质。"] * 5)
    like, unlike = (model.surprise([text]) for text in ("惯性是物体的性质。", "完全无关的一句话啊"))
    assert like[1] == unlike[1] == 9 and like[0] < unlike[0] / 2


def test_the_first_rows_of_the_order_lie_all_over_the_file():
    order = spread_order([row("p", "r", n) for n in range(100)])
    assert [r["line"] for r in order[:4]] == [0, 64, 32, 96]
    assert sorted(r["line"] for r in order) == list(range(100))


def test_the_command_writes_all_figures_and_ngram_needs_no_model(files, tmp_path, monkeypatch):
    monkeypatch.setattr(smoking, "_by_model", None)
    train, evaluation = files(
        train=[(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(40)],
        eval=[("What is 7 and 7?", "It is 14."), ("Wozu?", "Darum!")],
    )
    arguments = ["--train", str(train), "--eval", str(evaluation), "--metrics", f"{tmp_path}/m/out.json"]
    done = CliRunner().invoke(cli, ["smoke", *arguments, "--ngram"])
    assert done.exit_code == 0, done.output
    facts = json.loads((tmp_path / "m/out.json").read_text("utf-8"))
    assert facts["perplexity"]["unit"] == "character" and 1 < facts["perplexity"]["train"]["value"] < 5
    assert facts["overlap"]["same_prompts"] == 1 and "1 of 2 prompts are in train" in done.output
    assert facts["files"]["eval"] == {
        "file": "eval.jsonl",
        "sha256": facts["files"]["eval"]["sha256"],
        "rows": 2,
    }
    again = smoke(train, evaluation, tmp_path / "again.json", ngram=True)
    assert again == facts


def test_perplexity_by_a_model_is_that_of_the_answers(files, tmp_path, monkeypatch, tiny_model):
    """An untrained model finds every token of its vocabulary about equally likely."""
    monkeypatch.setattr(smoking, "MODEL", "bundled:tiny-random")
    train, evaluation = files(train=[("Why?", "Because of inertia.")], eval=[("什么？", "惯性。")])
    facts = smoke(train, evaluation, tmp_path / "out.json", ngram=False)["perplexity"]
    assert facts["unit"] == "token" and facts["train"]["rows"] == 1
    assert 10 < math.log(facts["train"]["value"]) < 11.5  # ln(49152) = 10.8
    assert facts["train"]["tokens"] == 6 or facts["train"]["tokens"] == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty_file"),
        ('{"prompt": "a"}', "no text under prompt and response"),
        ('{"prompt": "a", "response": " "}', "no text under prompt and response"),
        ("nonsense", "bad_json"),
    ],
)
def test_a_file_that_was_not_distilled_is_named_with_the_cure(tmp_path, text, said):
    (tmp_path / "rows.jsonl").write_text(text, "utf-8")
    with pytest.raises(InputError, match=rf"rows.jsonl.*{said}"):
        read_pairs(tmp_path / "rows.jsonl")


@pytest.mark.prove
def test_the_bundled_model_finds_english_likelier_than_shuffled_letters(files, tmp_path):
    good = [("What does a force do?", "A force changes the motion of a body.")] * 3
    bad = [("What does a force do?", "ydob a fo noitom eht segnahc ecrof A")] * 3
    train, evaluation = files(train=good, eval=bad)
    facts = smoke(train, evaluation, tmp_path / "out.json", ngram=False)["perplexity"]
    assert facts["eval"]["value"] > 10 * facts["train"]["value"]
