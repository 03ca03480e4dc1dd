"""Every declared set on a few rows of its true shape, with made up contents.

The comment of a fixture names the card or the loader whose shape it follows; a struct of lists is what
`datasets.Sequence` of a struct becomes in a hub's Parquet file.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.public_sets import PublicSets

CONF = Path(__file__).parents[2] / "conf" / "base"
DECLARED = yaml.safe_load((CONF / "parameters_sources.yml").read_text("utf-8"))["sources"]
INGEST = IngestParams(**yaml.safe_load((CONF / "parameters_ingest.yml").read_text("utf-8"))["ingest"])
SAMPLES = os.environ.get("TA_SAMPLES_DIR")


@dataclass(frozen=True)
class Fixture:
    """Rows of a set in one file; what the first of them gives, or in `rest` what the others do."""

    file: str
    rows: list
    turns: list
    meta: dict = field(default_factory=dict)
    rest: list = field(default_factory=list)


def flat(text):
    return [("user", text[0]), ("assistant", text[1])]


SETS = {
    # huggingface.co/datasets/Open-Orca/OpenOrca, "Data Fields"; the file is 1M-GPT4-Augmented.parquet
    "openorca": Fixture(
        "openorca/1M-GPT4-Augmented.parquet",
        [{"id": "flan.1", "system_prompt": "You explain.", "question": "Why is ice slippery?", "response": "A film of water."},
         {"id": "niv.2", "system_prompt": "", "question": "Name a metal.", "response": "Iron."}],
        [("system", "You explain."), *flat(("Why is ice slippery?", "A film of water."))],
        {"row": {"id": "flan.1"}}, [flat(("Name a metal.", "Iron."))]),
    # github.com/Instruction-Tuning-with-GPT-4/GPT-4-LLM, "Data Release": alpaca_gpt4_data.json
    "alpaca_gpt4_en": Fixture(
        "alpaca_gpt4_en/alpaca_gpt4_data_en.json",
        [{"instruction": "Sort these.", "input": "3, 1, 2", "output": "1, 2, 3"}],
        flat(("Sort these.\n3, 1, 2", "1, 2, 3"))),
    # the same, alpaca_gpt4_data_zh.json
    "alpaca_gpt4_zh": Fixture(
        "somewhere/alpaca_gpt4_data_zh.json",
        [{"instruction": "写一句问候。", "input": "", "output": "你好！"}],
        flat(("写一句问候。", "你好！"))),
    # huggingface.co/datasets/tatsu-lab/alpaca, "Data Fields"; the authors' alpaca_data.json has no `text`
    "alpaca_stanford": Fixture(
        "alpaca_stanford/data/train-00000-of-00001-a09b.parquet",
        [{"instruction": "Sort these.", "input": "3, 1, 2", "output": "1, 2, 3", "text": "Below is an instruction."}],
        flat(("Sort these.\n3, 1, 2", "1, 2, 3"))),
    # huggingface.co/datasets/YeungNLP/firefly-train-1.1M; columns as LLaMA-Factory's dataset_info.json maps them
    "firefly": Fixture(
        "firefly/firefly-train-1.1M.jsonl",
        [{"kind": "Couplet", "input": "上联：春风送暖", "target": "下联：瑞雪迎春"}],
        flat(("上联：春风送暖", "下联：瑞雪迎春")), {"row": {"kind": "Couplet"}}),
    # huggingface.co/datasets/stingning/ultrachat: `data` holds the turns, the user's first
    "ultrachat": Fixture(
        "ultrachat/train_0.jsonl",
        [{"id": "0", "data": ["Hi?", "Hello.", "More?", "Yes."]}],
        [*flat(("Hi?", "Hello.")), *flat(("More?", "Yes."))], {"row": {"id": "0"}}),
    # huggingface.co/datasets/HuggingFaceH4/ultrachat_200k: prompt, prompt_id, messages
    "ultrachat_200k": Fixture(
        "ultrachat_200k/data/train_sft-00000-of-00003-a3ec.parquet",
        [{"prompt": "Hi?", "prompt_id": "f0e3", "messages": [{"content": "Hi?", "role": "user"}, {"content": "Hello.", "role": "assistant"}]}],
        flat(("Hi?", "Hello.")), {"row": {"prompt_id": "f0e3"}}),
    # anon8231489123/ShareGPT_Vicuna_unfiltered, split_long_conversation.py: a piece may begin with an answer
    # and end with a question; FastChat's train.py leaves a first turn out that is not a human's
    "sharegpt_cleaned": Fixture(
        "ShareGPT_V3_unfiltered_cleaned_split.json",
        [{"id": "QWJhYvA_0", "conversations": [
            {"from": "gpt", "value": "…and so on."}, {"from": "human", "value": "Thanks. And you?"},
            {"from": "chatgpt", "value": "Fine."}, {"from": "human", "value": "Next"}]},
         {"id": "QWJhYvA_1", "conversations": []}],
        flat(("Thanks. And you?", "Fine.")), {"row": {"id": "QWJhYvA_0"}}, ["no_question"]),
    # huggingface.co/datasets/hfl/cmrc2018: id, context, question, answers {text, answer_start}
    "cmrc2018": Fixture(
        "cmrc2018/data/train-00000-of-00001.parquet",
        [{"id": "TRAIN_186_QUERY_0", "context": "长江全长约6300公里。", "question": "长江多长？",
          "answers": {"text": ["约6300公里", "6300公里"], "answer_start": [4, 5]}}],
        flat(("长江多长？", "约6300公里")),
        {"passage": "长江全长约6300公里。", "answers": ["约6300公里", "6300公里"], "row": {"id": "TRAIN_186_QUERY_0"}}),
    # github.com/DRCKnowledgeTeam/DRCD, "Data format": SQuAD's tree, an answer has an id
    "drcd": Fixture(
        "DRCD_training.json",
        {"version": "1.3", "data": [{"title": "茶", "id": "7", "paragraphs": [
            {"context": "茶樹原產於雲南。", "id": "7-1", "qas": [
                {"id": "7-1-1", "question": "茶樹原產於哪裡?", "answers": [{"id": "1", "text": "雲南", "answer_start": 5}]},
                {"id": "7-1-2", "question": "什麼原產於雲南?", "answers": [{"id": "1", "text": "茶樹", "answer_start": 0}]}]}]}]},
        flat(("茶樹原產於哪裡?", "雲南")),
        {"passage": "茶樹原產於雲南。", "passage_title": "茶", "row": {"id": "7-1-1"}},
        [flat(("什麼原產於雲南?", "茶樹"))]),
    # github.com/nlpdata/c3, README: [[document], [question, choice, answer], id]
    "c3": Fixture(
        "c3-d-train.json",
        [[["男：几点了？", "女：三点。"],
          [{"question": "现在几点？", "choice": ["两点", "三点"], "answer": "三点"},
           {"question": "谁问？", "choice": ["男的", "女的"], "answer": "男的"}], "1-1"]],
        flat(("现在几点？\nA. 两点\nB. 三点", "B. 三点")),
        {"passage": "男：几点了？\n女：三点。", "row": {"document_id": "1-1"}},
        [flat(("谁问？\nA. 男的\nB. 女的", "A. 男的"))]),
    # huggingface.co/datasets/rajpurkar/squad: id, title, context, question, answers {text, answer_start}
    "squad": Fixture(
        "squad/plain_text/train-00000-of-00001.parquet",
        [{"id": "56be", "title": "Iron", "context": "Iron melts at 1538 °C.", "question": "When does iron melt?",
          "answers": {"text": ["1538 °C"], "answer_start": [14]}}],
        flat(("When does iron melt?", "1538 °C")),
        {"passage": "Iron melts at 1538 °C.", "passage_title": "Iron", "row": {"id": "56be"}}),
    # huggingface.co/datasets/google-research-datasets/natural_questions, "Data Instances" and dataset_info
    "natural_questions": Fixture(
        "natural_questions/default/train-00000-of-00287.parquet",
        [{"id": "797", "document": {"title": "Google", "url": "http://x", "html": "<p>…</p>", "tokens": {
            "token": ["<P>", "Google", "was", "founded", "by", "Larry", "(", "Page", ")", ".", "</P>"],
            "is_html": [True, *[False] * 9, True]}},
          "question": {"text": "who founded google", "tokens": ["who", "founded", "google"]},
          "annotations": {"id": ["6782"], "long_answer": [{"start_token": 0, "end_token": 11}],
                          "short_answers": [{"start_token": [5], "end_token": [6], "text": ["Larry"]}],
                          "yes_no_answer": [-1]}},
         {"id": "798", "document": {"title": "Ice", "url": "http://x", "html": "", "tokens": {"token": ["a"], "is_html": [False]}},
          "question": {"text": "what is ice", "tokens": ["what"]},
          "annotations": {"id": ["1"], "long_answer": [{"start_token": -1, "end_token": -1}],
                          "short_answers": [{"start_token": [], "end_token": [], "text": []}], "yes_no_answer": [-1]}}],
        flat(("who founded google", "Larry")),
        {"passage": "Google was founded by Larry (Page).", "passage_title": "Google", "row": {"id": "797"}},
        ["no_answer"]),
    # huggingface.co/datasets/google/boolq: question, answer (bool), passage
    "boolq": Fixture(
        "boolq/data/train-00000-of-00001.parquet",
        [{"question": "is ice water", "answer": True, "passage": "Ice is frozen water."},
         {"question": "is ice warm", "answer": False, "passage": "Ice is frozen water."}],
        flat(("is ice water", "Yes")), {"passage": "Ice is frozen water."}, [flat(("is ice warm", "No"))]),
    # huggingface.co/datasets/TIGER-Lab/MathInstruct: source, output, instruction
    "mathinstruct": Fixture(
        "mathinstruct/MathInstruct.json",
        [{"source": "data/CoT/aqua_rat.json", "output": "2x = 4, so x = 2.", "instruction": "Solve 2x = 4."}],
        flat(("Solve 2x = 4.", "2x = 4, so x = 2.")), {"row": {"source": "data/CoT/aqua_rat.json"}}),
    # huggingface.co/datasets/openai/gsm8k: question, answer with <<calculator marks>> and "#### n"
    "gsm8k": Fixture(
        "gsm8k/main/train-00000-of-00001.parquet",
        [{"question": "Two bags of 3?", "answer": "2*3=<<2*3=6>>6 apples\n#### 6"}],
        flat(("Two bags of 3?", "2*3=6 apples\n#### 6"))),
    # huggingface.co/datasets/tau/commonsense_qa: question, choices {label, text}, answerKey ("" in the test split)
    "commonsense_qa": Fixture(
        "commonsense_qa/data/train-00000-of-00001.parquet",
        [{"id": "075e", "question": "Where is milk kept?", "question_concept": "milk",
          "choices": {"label": ["A", "B"], "text": ["fridge", "oven"]}, "answerKey": "A"},
         {"id": "0760", "question": "Where is bread baked?", "question_concept": "bread",
          "choices": {"label": ["A", "B"], "text": ["fridge", "oven"]}, "answerKey": ""}],
        flat(("Where is milk kept?\nA. fridge\nB. oven", "A. fridge")), {"row": {"id": "075e"}}, ["no_answer"]),
    # huggingface.co/datasets/thu-coai/Safety-Prompts: one object, a list of rows under each kind of scenario
    "safety_prompts": Fixture(
        "typical_safety_scenarios.json",
        {"Insult": [{"prompt": "骂他一句", "response": "我不能骂人。", "type": "Insult"}],
         "Physical_Harm": [{"prompt": "怎样熬夜", "response": "熬夜伤身。", "type": "Physical_Harm"}]},
        flat(("骂他一句", "我不能骂人。")), {"row": {"type": "Insult"}}, [flat(("怎样熬夜", "熬夜伤身。"))]),
    # github.com/vinid/safety-tuned-llamas, data/training/safety_only_data_Instructions.json
    "safety_tuned": Fixture(
        "safety_only_data_Instructions.json",
        [{"instruction": "Help me cheat.", "output": "I'd rather help you learn.", "input": ""}],
        flat(("Help me cheat.", "I'd rather help you learn."))),
    # huggingface.co/datasets/UCSC-VLAA/STAR-1: id, question, response, category, source, score
    "star1": Fixture(
        "star1/data/train-00000-of-00001.parquet",
        [{"id": "0", "question": "How do I cheat?", "response": "<think>\nThe policy says …\n</think>\n\nI won't help with that.",
          "category": ["Fraud"], "source": "ALERT", "score": {"Safety Compliance": {"score": 10}}}],
        flat(("How do I cheat?", "I won't help with that.")),
        {"row": {"id": "0", "category": ["Fraud"], "source": "ALERT"}}),
    # huggingface.co/datasets/nvidia/Aegis-AI-Content-Safety-Dataset-2.0, "Dataset Structure": nine columns
    "aegis2": Fixture(
        "aegis2/train.json",
        [{"id": "a", "reconstruction_id_if_redacted": None, "prompt": "Hit him?", "response": "Yes, hit him.",
          "prompt_label": "unsafe", "response_label": "unsafe", "violated_categories": "Violence, Threat",
          "prompt_label_source": "human", "response_label_source": "llm_jury"},
         {"id": "b", "reconstruction_id_if_redacted": None, "prompt": "Tea?", "response": None,
          "prompt_label": "safe", "response_label": None, "violated_categories": "",
          "prompt_label_source": "human", "response_label_source": None},
         {"id": "c", "reconstruction_id_if_redacted": 7.0, "prompt": "REDACTED", "response": None,
          "prompt_label": "unsafe", "response_label": None, "violated_categories": "Suicide and Self Harm",
          "prompt_label_source": "human", "response_label_source": None}],
        flat(("Is the last message of this conversation safe? Answer `safe`, or `unsafe` and on a second line the "
              "categories it violates.\n\nUser: Hit him?\n\nAssistant: Yes, hit him.", "unsafe\nViolence, Threat")),
        {"row": {"id": "a"}},
        [flat(("Is the last message of this conversation safe? Answer `safe`, or `unsafe` and on a second line the "
               "categories it violates.\n\nUser: Tea?", "safe")), "redacted"]),
    # huggingface.co/datasets/liuhaotian/LLaVA-Instruct-150K, llava_instruct_150k.json
    "llava_instruct": Fixture(
        "llava_instruct/llava_instruct_150k.json",
        [{"id": "000000033471", "image": "000000033471.jpg", "conversations": [
            {"from": "human", "value": "<image>\nWhat colour is the bus?"}, {"from": "gpt", "value": "Red."},
            {"from": "human", "value": "Whose is it?\n<image>"}, {"from": "gpt", "value": "The city's."}]},
         {"id": "1", "image": "../../secret.jpg", "conversations": [
             {"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A key."}]}],
        [*flat(("What colour is the bus?", "Red.")), *flat(("Whose is it?", "The city's."))],
        {"image": "000000033471.jpg", "image_found": False, "row": {"id": "000000033471"}},
        ["image_outside_folder"]),
    # huggingface.co/datasets/Lin-Chen/ShareGPT4V, sharegpt4v_instruct_gpt4-vision_cap100k.json
    "sharegpt4v": Fixture(
        "sharegpt4v/sharegpt4v_instruct_gpt4-vision_cap100k.json",
        [{"id": "000000000009", "image": "coco/train2017/000000000009.jpg", "conversations": [
            {"from": "human", "value": "Describe the picture.\n<image>"}, {"from": "gpt", "value": "A lunch box."}]}],
        flat(("Describe the picture.", "A lunch box.")),
        {"image": "coco/train2017/000000000009.jpg", "image_found": False, "row": {"id": "000000000009"}}),
    # github.com/hiyouga/LLaMA-Factory, data/README.md and data/dataset_info.json, for the six that follow
    "alpaca_demo_en": Fixture(
        "alpaca_en_demo.json", [{"instruction": "Add.", "input": "1 and 2", "output": "3"}], flat(("Add.\n1 and 2", "3"))),
    "alpaca_demo_zh": Fixture(
        "alpaca_zh_demo.json", [{"instruction": "相加。", "input": "1和2", "output": "3"}], flat(("相加。\n1和2", "3"))),
    "identity": Fixture(
        "identity.json",
        [{"instruction": "What can you do?", "input": "", "output": "I answer questions."},
         {"instruction": "Who are you?", "input": "", "output": "I am {{name}}, made by {{author}}."}],
        flat(("What can you do?", "I answer questions.")), {}, ["unfilled_placeholder"]),
    "dpo_demo_en": Fixture(
        "dpo_en_demo.json",
        [{"conversations": [{"from": "system", "value": "Be kind."}, {"from": "human", "value": "Hi"}],
          "chosen": {"from": "gpt", "value": "Hello!"}, "rejected": {"from": "gpt", "value": "What?"}}],
        [("system", "Be kind."), *flat(("Hi", "Hello!"))], {"rejected": "What?"}),
    "dpo_demo_zh": Fixture(
        "dpo_zh_demo.json",
        [{"conversations": [{"from": "human", "value": "在吗"}],
          "chosen": {"from": "gpt", "value": "在。"}, "rejected": {"from": "gpt", "value": "不。"}}],
        flat(("在吗", "在。")), {"rejected": "不。"}),
    "glaive_toolcall_zh": Fixture(
        "glaive_toolcall_zh_demo.json",
        [{"conversations": [
            {"from": "human", "value": "我几岁？"},
            {"from": "function_call", "value": '{"name": "age", "arguments": {"born": 1990}}'},
            {"from": "observation", "value": '{"age": 31}'}, {"from": "gpt", "value": "31岁。"}],
          "tools": '[{"name": "age", "description": "", "parameters": {}}]'}],
        [("user", "我几岁？"), ("assistant", '{"name": "age", "arguments": {"born": 1990}}'),
         ("tool", '{"age": 31}'), ("assistant", "31岁。")],
        {"tools": '[{"name": "age", "description": "", "parameters": {}}]'}),
    # any shape that `dialogues.py` knows, under a name that no set above has
    "alpaca": Fixture(
        "alpaca_own.jsonl", [{"question": "Why?", "answer": "So.", "lecture": "03"}], flat(("Why?", "So.")), {"lecture": "03"}),
    "sharegpt": Fixture(
        "sharegpt_own.json",
        [{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]}],
        flat(("Hi", "Hello."))),
}  # fmt: skip

#: The same sets as their authors give them, or as another hub's file has them.
OTHER_SHAPES = {
    # github.com/ymcui/cmrc2018, the first release: context_text, qas with query_text and plain answers
    "cmrc2018": Fixture(
        "cmrc2018_train.json",
        [{"context_id": "TRAIN_1", "context_text": "长江全长约6300公里。", "title": "长江", "qas": [
            {"query_id": "TRAIN_1_QUERY_0", "query_text": "长江多长？", "answers": ["约6300公里", "约6300公里"]}]}],
        flat(("长江多长？", "约6300公里")),
        {"passage": "长江全长约6300公里。", "passage_title": "长江", "row": {"query_id": "TRAIN_1_QUERY_0"}}),
    # huggingface.co/datasets/voidful/DRCD: an article a row
    "drcd": Fixture(
        "drcd/data/train-00000-of-00001-3d2e.parquet",
        [{"title": "茶", "id": "7", "paragraphs": [{"context": "茶樹原產於雲南。", "id": "7-1", "qas": [
            {"id": "7-1-1", "question": "茶樹原產於哪裡?", "answers": [{"id": "1", "text": "雲南", "answer_start": 5}]}]}]}],
        flat(("茶樹原產於哪裡?", "雲南")),
        {"passage": "茶樹原產於雲南。", "passage_title": "茶", "row": {"id": "7-1-1"}}),
    # huggingface/datasets, datasets/c3/README.md: documents, document_id, questions {question, answer, choice}
    "c3": Fixture(
        "c3/mixed/train-00000-of-00001.parquet",
        [{"documents": ["他三点来。"], "document_id": "m1-1",
          "questions": {"question": ["他几点来？"], "answer": ["三点"], "choice": [["两点", "三点"]]}}],
        flat(("他几点来？\nA. 两点\nB. 三点", "B. 三点")), {"passage": "他三点来。", "row": {"document_id": "m1-1"}}),
    # huggingface/datasets, commonsense_qa.py: question {stem, choices [{label, text}]}, answerKey
    "commonsense_qa": Fixture(
        "train_rand_split.jsonl",
        [{"id": "075e", "answerKey": "B", "question": {"question_concept": "bread", "stem": "Where is bread baked?",
          "choices": [{"label": "A", "text": "fridge"}, {"label": "B", "text": "oven"}]}}],
        flat(("Where is bread baked?\nA. fridge\nB. oven", "B. oven")), {"row": {"id": "075e"}}),
    # github.com/google-research-datasets/natural-questions, text_utils.py: the simplified record
    "natural_questions": Fixture(
        "v1.0-simplified_nq-train.jsonl",
        [{"example_id": 3902, "question_text": "is a string ordered", "document_url": "http://x",
          "document_text": "<H1> Strings </H1> <P> A string is a list of characters in order . </P>",
          "annotations": [{"long_answer": {"start_token": 3, "end_token": 15}, "short_answers": [], "yes_no_answer": "YES"}],
          "long_answer_candidates": []}],
        flat(("is a string ordered", "Yes")),
        {"passage": "A string is a list of characters in order.", "row": {"example_id": 3902}}),
    # rajpurkar.github.io/SQuAD-explorer, train-v1.1.json
    "squad": Fixture(
        "train-v1.1.json",
        {"version": "1.1", "data": [{"title": "Iron", "paragraphs": [{"context": "Iron melts.", "qas": [
            {"id": "1", "question": "What melts?", "answers": [{"answer_start": 0, "text": "Iron"}]}]}]}]},
        flat(("What melts?", "Iron")), {"passage": "Iron melts.", "passage_title": "Iron", "row": {"id": "1"}}),
    # github.com/google-research-datasets/boolean-questions, a line of train.jsonl
    "boolq": Fixture(
        "boolq_train.jsonl",
        [{"question": "is ice water", "title": "Ice", "answer": True, "passage": "Ice is frozen water."}],
        flat(("is ice water", "Yes")), {"passage": "Ice is frozen water.", "passage_title": "Ice"}),
    # github.com/openai/grade-school-math: grade_school_math/data/train.jsonl, here as a table
    "gsm8k": Fixture(
        "gsm8k.csv", [{"question": "Two bags, of 3?", "answer": "<<2*3=6>>6\n#### 6"}], flat(("Two bags, of 3?", "6\n#### 6"))),
}  # fmt: skip

CASES = [
    pytest.param(name, fixture, id=f"{name}-{Path(fixture.file).suffix[1:]}")
    for fixtures in (SETS, OTHER_SHAPES)
    for name, fixture in fixtures.items()
]


def write(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".csv":
        import pandas as pd

        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")


def read(folder: Path, **sources) -> dict[str, list[Draft | Fault]]:
    """Read all public files of a folder as the configuration has it, by origin."""
    sets = PublicSets(folder, SourcesParams(**{**DECLARED, "rows_per_set": 10_000, **sources}), INGEST)
    found = {}
    for file in sets.wanted():
        origin, items = sets.read(file)
        found.setdefault(origin, []).extend(items)
    return found


def told(found: Draft | Fault):
    return found.reason if isinstance(found, Fault) else [(s.speaker, s.text) for s in found.segments]


def test_every_declared_set_has_rows_of_its_true_shape_here():
    published = {name for name, declared in DECLARED["sets"].items() if declared["card"].startswith("https:")}
    assert len(published) >= 28
    assert published == set(SETS) - {"alpaca", "sharegpt"}


@pytest.mark.parametrize(
    ("file", "name"),
    [("alpaca_data.json", "alpaca_stanford"), ("alpaca_data_cleaned.json", "alpaca_stanford"),
     ("alpaca_gpt4_data.json", "alpaca_gpt4_en"), ("alpaca_gpt4_data_en.json", "alpaca_gpt4_en"),
     ("alpaca_gpt4_data_zh.json", "alpaca_gpt4_zh")],
)  # fmt: skip
def test_a_published_alpaca_under_its_own_name_is_not_taken_for_rows_of_ones_own(tmp_path, file, name):
    write(tmp_path / "x" / file, SETS["alpaca_gpt4_en"].rows)
    sets = PublicSets(tmp_path, SourcesParams(**DECLARED), INGEST)
    with pytest.raises(InputError, match=rf"commercially: {name} \(CC BY-NC 4\.0: "):
        sets.check_licences()


@pytest.mark.parametrize(("name", "fixture"), CASES)
def test_rows_of_a_set_become_the_dialogues_they_hold(tmp_path, name, fixture):
    write(tmp_path / fixture.file, fixture.rows)
    ((origin, found),) = read(tmp_path).items()
    assert origin == f"public:{name}"
    assert [told(item) for item in found] == [fixture.turns, *fixture.rest]
    assert found[0].meta == {**fixture.meta, "capability": DECLARED["sets"][name]["capability"]}


@pytest.mark.parametrize(("name", "fixture"), CASES)
def test_the_rows_of_a_set_are_counted_as_they_are_read(tmp_path, name, fixture):
    write(tmp_path / fixture.file, fixture.rows)
    sets = PublicSets(tmp_path, SourcesParams(**DECLARED), INGEST)
    assert sets.count(name) == 1 + len(fixture.rest)


@pytest.mark.parametrize(("name", "fixture"), CASES)
def test_no_row_of_a_set_has_the_place_of_another(tmp_path, name, fixture):
    rows = [fixture.rows] * 3 if isinstance(fixture.rows, dict) else fixture.rows * 3
    write(tmp_path / fixture.file, rows)
    ((_, found),) = read(tmp_path).items()
    places = [item.row for item in found if isinstance(item, Draft)]
    assert len(places) >= 3 and len(set(places)) == len(places)


def test_every_reading_set_keeps_the_passage_apart_from_the_question(tmp_path):
    reading = [name for name, declared in DECLARED["sets"].items() if declared["capability"] == "reading"]
    assert set(reading) == {"squad", "cmrc2018", "drcd", "c3", "natural_questions", "boolq"}
    for name in reading:
        write(tmp_path / name / SETS[name].file, SETS[name].rows)
        ((_, found),) = read(tmp_path / name).items()
        assert found[0].meta["passage"] and found[0].meta["passage"] not in found[0].segments[0].text


def test_placeholders_of_identity_rows_are_filled_by_parameters(tmp_path):
    write(tmp_path / "identity.json", SETS["identity"].rows)
    found = read(tmp_path, fill={"name": "Ada", "author": "the physics school"})["public:identity"]
    assert told(found[1])[1] == ("assistant", "I am Ada, made by the physics school.")
    missing = read(tmp_path, fill={"name": "Ada", "author": ""})["public:identity"][1]
    assert missing.reason == "unfilled_placeholder" and "sources.fill.author" in missing.detail


def test_two_braces_in_other_sets_are_what_a_program_prints(tmp_path):
    write(tmp_path / "alpaca_en_demo.json", [{"instruction": "Greet", "output": "Hello {{name}}"}])
    assert told(read(tmp_path)["public:alpaca_demo_en"][0])[1] == ("assistant", "Hello {{name}}")


def llava(*images):
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A key."}]
    return [{"id": str(n), "image": image, "conversations": turns} for n, image in enumerate(images)]


def test_an_image_is_looked_for_below_the_images_of_its_set(tmp_path):
    folder = tmp_path / "llava_instruct"
    write(folder / "llava_instruct_150k.json", llava("a/1.jpg", "2.jpg"))
    (folder / "images" / "a").mkdir(parents=True)
    (folder / "images" / "a" / "1.jpg").write_bytes(b"x")
    found = read(tmp_path)["public:llava_instruct"]
    assert [(draft.meta["image"], draft.meta["image_found"]) for draft in found] == [
        ("a/1.jpg", True),
        ("2.jpg", False),
    ]


def test_an_image_that_leads_out_of_its_folder_takes_its_row_with_it(tmp_path):
    folder = tmp_path / "llava_instruct"
    (folder / "images").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "images" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    out = ["link.jpg", "../../secret.jpg", "/etc/passwd", "a\0b", 7, ["x"]]
    write(folder / "llava_instruct_150k.json", llava(*out))
    found = read(tmp_path)["public:llava_instruct"]
    assert [told(item) for item in found] == ["image_outside_folder"] * len(out)
    assert "below images/" in found[0].detail


def test_a_row_of_text_without_an_image_is_read(tmp_path):
    rows = llava("x")
    del rows[0]["image"]
    write(tmp_path / "sharegpt4v_mix.json", rows)
    assert "image" not in read(tmp_path)["public:sharegpt4v"][0].meta


def test_a_turn_of_nothing_but_a_mark_is_no_turn(tmp_path):
    rows = llava("1.jpg")
    rows[0]["conversations"][0] = {"from": "human", "value": "<image>"}
    write(tmp_path / "llava_instruct.json", rows)
    assert told(read(tmp_path)["public:llava_instruct"][0]) == "no_question"


def test_a_missing_passage_a_wrong_label_and_half_a_surrogate_are_told(tmp_path):
    write(
        tmp_path / "boolq.jsonl",
        [
            {"question": "q", "answer": True, "passage": " "},
            {"question": None, "answer": True, "passage": "p"},
        ],
    )
    (tmp_path / "squad.jsonl").write_text(
        json.dumps({"context": "\ud83d", "question": "q", "answers": ["a"]}), "utf-8"
    )
    write(tmp_path / "aegis.json", [{"prompt": "Tea?", "prompt_label": "maybe"}])
    found = read(tmp_path)
    assert [told(item) for item in found["public:boolq"]] == ["no_passage", "no_question"]
    assert [told(item) for item in found["public:squad"]] == ["encoding"]
    assert [told(item) for item in found["public:aegis2"]] == ["no_answer"]


@pytest.mark.parametrize("rows", [[7], ["x"], [None], [[]], [{}], [[[], []]], [{"data": 7}], [{"data": [{"paragraphs": "x"}]}],
                                  [{"questions": 7}], [{"conversations": "x"}], [{"data": ["a", 7]}], [{"annotations": 3}]])  # fmt: skip
@pytest.mark.parametrize(
    "file", sorted({fixture.file for fixture in SETS.values() if fixture.file.endswith((".json", ".jsonl"))})
)
def test_rows_of_any_other_shape_are_faults_and_no_crash(tmp_path, file, rows):
    write(tmp_path / file, rows)
    (found,) = read(tmp_path).values()
    assert found and all(isinstance(item, Fault) for item in found)
    assert "unreadable" not in [item.reason for item in found]
    sets = PublicSets(tmp_path, SourcesParams(**DECLARED), INGEST)
    assert max(sets.count(name) for name in DECLARED["sets"]) <= max(1, len(found))


@pytest.mark.skipif(SAMPLES is None, reason="TA_SAMPLES_DIR names no folder of public samples")
def test_the_samples_are_read_to_the_last_row():
    found = read(Path(SAMPLES))
    kept = {
        origin: sum(isinstance(item, Draft) for item in items) for origin, items in found.items() if origin
    }
    assert kept == {
        "public:alpaca_demo_en": 999,
        "public:alpaca_demo_zh": 1000,
        "public:identity": 6,  # 85 name the assistant or its author
        "public:gsm8k": 1319,
        "public:dpo_demo_en": 300,
        "public:dpo_demo_zh": 300,
        "public:cmrc2018": 1000,  # two questions are empty strings
        "public:glaive_toolcall_zh": 300,
    }
    assert len(found["public:identity"]) == 91 and len(found["public:cmrc2018"]) == 1002
    assert all("<<" not in draft.segments[1].text for draft in found["public:gsm8k"])
    assert all(draft.meta["passage"] for draft in found["public:cmrc2018"] if isinstance(draft, Draft))
    assert all(draft.meta["tools"] for draft in found["public:glaive_toolcall_zh"])
    assert all(draft.meta["rejected"] for draft in found["public:dpo_demo_zh"])


@pytest.mark.skipif(SAMPLES is None, reason="TA_SAMPLES_DIR names no folder of public samples")
def test_the_persona_of_the_samples_is_filled_in():
    found = read(Path(SAMPLES), fill={"name": "Ada", "author": "the school"})["public:identity"]
    assert all(isinstance(item, Draft) for item in found) and len(found) == 91
    assert not any("{{" in segment.text for draft in found for segment in draft.segments)
