"""Every recipe of `conf/` is read, planned, and builds its trainers on a tiny model of its family."""

import json
import math
import re
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
import torch
import yaml
from kedro.config import OmegaConfigLoader

from ta_pipeline import params
from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.params import DpoParams, SftParams, TokenizeParams
from ta_pipeline.paths import choose_out_base
from ta_pipeline.settings import CONFIG_LOADER_ARGS
from ta_pipeline.training.job import TrainingJob, rows_per_step

CONF = Path(__file__).parents[2] / "conf"
QWEN = ("qwen3_8b", "qwen3_8b_24gb", "qwen3_8b_zero3")
RECIPES = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name != "local")


def loader(recipe):
    return OmegaConfigLoader(
        str(CONF),
        base_env="base",
        env=recipe,
        merge_strategy=CONFIG_LOADER_ARGS["merge_strategy"],
        custom_resolvers={"out_base": choose_out_base},
    )


@cache
def parameters(recipe):
    """Read a recipe once: a second each."""
    return loader(recipe)["parameters"]


def overlay(recipe):
    """Read what a recipe's own files say."""
    return {
        file.name: yaml.safe_load(file.read_text("utf-8")) for file in sorted((CONF / recipe).glob("*.yml"))
    }


def test_the_recipes_are_the_documented_ones():
    assert set(RECIPES) == {"base", "test", *QWEN}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_valid_parameters(recipe):
    assert params.problems_of(parameters(recipe)) == []


@pytest.mark.parametrize("recipe", QWEN)
def test_a_recipe_says_what_hardware_it_needs_before_what_to_type(recipe):
    text = (CONF / recipe / "parameters.yml").read_text("utf-8")
    head = text[: text.index("\ntokenize:")]
    assert all(line.startswith("#") for line in head.splitlines())
    assert head.index("GPU") < head.index("Needs:") < head.index("Type:") < head.index(f"--env={recipe}")
    assert "main memory" in head
    assert "disk" in head


@pytest.mark.parametrize("recipe", QWEN)
def test_a_recipe_holds_only_what_differs_from_base(recipe):
    base = parameters("base")
    for name, block in overlay(recipe)["parameters.yml"].items():
        for key, value in block.items():
            default = params.BLOCKS[name].model_fields[key].default
            assert base[name].get(key, default) != value, f"{recipe}: {name}.{key}"


@pytest.mark.parametrize("recipe", QWEN)
def test_a_recipe_has_the_seeds_numbers(recipe):
    found = parameters(recipe)
    sft, dpo = found["sft"], found["dpo"]
    assert loader(recipe)["globals"]["base_model"] == found["base_model"] == "Qwen/Qwen3-8B"
    assert {key: sft["lora"][key] for key in ("rank", "alpha", "dropout")} == {
        "rank": 64, "alpha": 128, "dropout": 0.05,
    }  # fmt: skip
    expected = {
        "learning_rate": 1e-4, "global_batch_size": 128, "epochs": 3, "max_steps": None, "warmup_share": 0.03,
        "label_smoothing": 0.05, "max_grad_norm": 1.0,
    }  # fmt: skip
    assert {key: sft[key] for key in expected} == expected
    assert found["tokenize"]["max_seq_len"] == 2048
    assert (dpo["learning_rate"], dpo["global_batch_size"], dpo["max_grad_norm"]) == (5e-6, 64, 1.0)
    assert dpo["max_prompt_tokens"] + dpo["max_answer_tokens"] <= found["tokenize"]["max_seq_len"]


def test_the_learning_rate_comes_with_its_reason():
    lines = (CONF / "qwen3_8b" / "parameters.yml").read_text("utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if "learning_rate: 1.0e-4" in line)
    assert "1e-5 to 2e-5" in lines[place - 2]


@pytest.mark.parametrize("recipe", QWEN)
def test_the_recipes_learn_the_same_steps_on_different_machines(recipe):
    """What belongs to the machine may differ, what is learned may not."""
    machine = {
        "micro_batch_size", "gradient_checkpointing", "qlora", "zero_stage", "num_processes", "hostfile",
    }  # fmt: skip
    for name in ("tokenize", "compose", "sft", "dpo"):
        ours, first = parameters(recipe)[name], parameters("qwen3_8b")[name]
        assert {k: v for k, v in ours.items() if k not in machine} == {
            k: v for k, v in first.items() if k not in machine
        }


def test_each_recipe_has_what_its_machine_needs():
    sft = {recipe: SftParams.model_validate(parameters(recipe)["sft"]) for recipe in QWEN}
    assert [(p.qlora, p.zero_stage, p.num_processes) for p in sft.values()] == [
        ("never", 0, 1),
        ("required", 0, 1),
        ("never", 3, 2),
    ]
    assert [parameters(recipe)["deploy"]["tensor_parallel_size"] for recipe in QWEN] == [1, 1, 2]
    for recipe in QWEN:
        found = parameters(recipe)
        assert found["deploy"]["ollama_format"] in found["quantize"]["formats"]


@pytest.mark.parametrize("stage", ["sft", "dpo"])
@pytest.mark.parametrize(
    ("recipe", "gib", "told"),
    [
        ("base", 8, None),
        ("test", 8, None),
        ("qwen3_8b", 80, {"sft": 52, "dpo": 40}),
        ("qwen3_8b_24gb", 24, {"sft": 11, "dpo": 12}),
        ("qwen3_8b_zero3", 48, {"sft": 21, "dpo": 15}),
    ],
)
def test_a_recipe_is_planned_and_fits_the_gpu_it_names(recipe, gib, told, stage, family):
    from ta_pipeline.plan_command import Seen, Setting, find_shape, make_plan, named_machine

    found = parameters(recipe)
    setting = Setting(
        SftParams.model_validate(found["sft"]),
        DpoParams.model_validate(found["dpo"]),
        TokenizeParams.model_validate(found["tokenize"]),
        found["base_model"],
    )
    name = found["base_model"] if recipe in QWEN else str(family(recipe))
    plan = make_plan(stage, setting, find_shape(name, None), named_machine(gib, "auto"), Seen(None, 0.5))
    assert plan.fits
    assert plan.ladder == []
    if told:  # what the recipe's head says
        head = " ".join((CONF / recipe / "parameters.yml").read_text("utf-8").split("Type:")[0].split("#"))
        assert re.search(rf"{told['sft']} GiB at the peak of SFT, {told['dpo']} at", " ".join(head.split()))
        assert plan.forecast.peak / 2**30 == pytest.approx(told[stage], abs=0.5)


@pytest.mark.parametrize(("processes", "sft_rows", "dpo_rows"), [(2, 128, 64), (16, 128, 64)])
def test_the_zero_recipe_shares_its_batches_on_two_gpus_and_on_two_machines_of_eight(
    processes, sft_rows, dpo_rows
):
    found = parameters("qwen3_8b_zero3")
    assert rows_per_step("sft", found["sft"] | {"num_processes": processes}) == sft_rows
    assert rows_per_step("dpo", found["dpo"] | {"num_processes": processes}) == dpo_rows


@pytest.fixture(scope="session")
def tiny_qwen3(tokenizer, tmp_path_factory):
    """A two-layer Qwen3 with the bundled tokenizer and Qwen3's own chat template."""
    import trl
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    folder = tmp_path_factory.mktemp("tiny") / "qwen3"
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Qwen3ForCausalLM(config).save_pretrained(folder)
    own = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    own.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text("utf-8")
    own.save_pretrained(folder)
    return folder


@pytest.fixture
def family(tiny_model, tiny_qwen3):
    """Pick the tiny model of a recipe's family."""
    return lambda recipe: tiny_qwen3 if recipe in QWEN else tiny_model


def block(i):
    ids = [1, *range(100 + i, 130 + i), 2]
    return {
        "split": "train", "input_ids": ids, "labels": [-100] * 16 + ids[16:], "seq_lengths": [len(ids)],
        "example_ids": [str(i)], "read_tokens": len(ids),
    }  # fmt: skip


PAIRS = [
    {
        "id": str(i),
        "split": "train",
        "prompt_ids": [1, 50 + i],
        "chosen_ids": [60 + i, 2],
        "rejected_ids": [9, 2],
    }
    for i in range(64)
]


def job(method, folder, model, rows, settings, adapter=None):
    folder.mkdir()
    schema = BLOCK if method == "sft" else PREFERENCE_TOKENS
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema))
    data = str(folder / "rows.arrow")
    return TrainingJob(method, str(model), adapter, data, settings.model_dump(), 7, "fp32", str(folder))


def on_one_process(block):
    """Leave the ranks of a recipe away: they are held to one process by the tests of ranks."""
    return block | {"zero_stage": 0, "num_processes": 1}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_builds_both_trainers_on_a_tiny_model_of_its_family(recipe, family, tmp_path):
    from ta_pipeline.training import preference, sft
    from ta_pipeline.training.adapters import save_trained

    found, model = parameters(recipe), family(recipe)
    settings = SftParams.model_validate(on_one_process(found["sft"]))
    looked_at = {"split": "validation"}
    rows = [*(block(i) for i in range(128)), block(128) | looked_at]
    supervised = job("sft", tmp_path / "sft", model, rows, settings)
    trainer = sft.build_trainer(supervised, callbacks=[])
    assert_built(trainer, settings, rows=128)
    lora = trainer.model.peft_config["default"]
    assert (lora.r, lora.lora_alpha, lora.lora_dropout) == (
        settings.lora.rank,
        settings.lora.alpha,
        settings.lora.dropout,
    )
    assert trainer.label_smoothing == settings.label_smoothing
    kinds = {type(m.base_layer).__name__ for m in trainer.model.modules() if hasattr(m, "base_layer")}
    assert kinds == {"Linear4bit" if settings.qlora == "required" else "Linear"}
    save_trained(trainer, supervised, supervised.result)

    preferences = DpoParams.model_validate(on_one_process(found["dpo"]))
    pairs = [*PAIRS, PAIRS[0] | looked_at | {"id": "looked at"}]
    pairs = job("dpo", tmp_path / "dpo", model, pairs, preferences, str(supervised.result))
    trainer = preference.build_trainer(pairs, callbacks=[])
    assert_built(trainer, preferences, rows=64)
    assert trainer.beta == preferences.beta


def assert_built(trainer, settings, rows):
    """Hold what reaches the trainer to the recipe."""
    a = trainer.args
    assert a.per_device_train_batch_size * a.gradient_accumulation_steps == settings.global_batch_size
    assert a.per_device_train_batch_size >= settings.micro_batch_size
    steps = settings.max_steps or math.ceil(settings.epochs * rows / settings.global_batch_size)
    assert a.max_steps == steps
    assert a.warmup_steps == math.ceil(settings.warmup_share * steps)
    assert (a.learning_rate, a.max_grad_norm) == (settings.learning_rate, settings.max_grad_norm)
    assert a.lr_scheduler_type == "cosine"
    assert a.gradient_checkpointing is settings.gradient_checkpointing


#: Two steps: the first of a warm-up has a rate of zero.
SHORTER = {"max_steps": 2, "epochs": None, "global_batch_size": 8, "eval_every": None}


@pytest.mark.parametrize("recipe", QWEN[:2])
def test_a_recipe_of_one_gpu_learns(recipe, family, tmp_path):
    from ta_pipeline.training import sft

    settings = SftParams.model_validate(on_one_process(parameters(recipe)["sft"]) | SHORTER)
    rows = [block(i) for i in range(16)]
    trainer = sft.build_trainer(job("sft", tmp_path / "sft", family(recipe), rows, settings), callbacks=[])
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters() if "lora_B" in name}
    assert math.isfinite(trainer.train().training_loss)
    after = dict(trainer.model.named_parameters())
    assert all(not torch.equal(after[name], weight) for name, weight in before.items())


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_the_zero_recipe_trains_on_two_ranks_sft_and_dpo(tiny_qwen3, tmp_path, monkeypatch):
    from ta_pipeline.training.start import start_training

    found = parameters("qwen3_8b_zero3")
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    blocks = pa.Table.from_pylist([block(i) for i in range(16)], BLOCK)
    settings = SftParams.model_validate(found["sft"] | SHORTER)
    adapter, history, report = start_training("sft", blocks, tiny_qwen3, None, settings, 7, lambda row: None)
    assert (report["zero_stage"], report["num_processes"]) == (3, 2)
    assert history.num_rows == 2
    # What DPO starts from is kept: the work folder of SFT goes when DPO's is made.
    adapter = adapter.rename(tmp_path / "sft_adapter")

    pairs = pa.Table.from_pylist(PAIRS[:16], PREFERENCE_TOKENS)
    preferences = DpoParams.model_validate(found["dpo"] | SHORTER | {"sft_weight": 0.0})
    result, history, report = start_training(
        "dpo", pairs, tiny_qwen3, adapter, preferences, 7, lambda row: None
    )
    assert (report["zero_stage"], report["num_processes"]) == (3, 2)
    # Before anything is learned chosen and rejected answers are as likely as the reference has them.
    assert history.column("loss").to_pylist()[0] == pytest.approx(math.log(2), abs=1e-4)
    assert json.loads((result / "adapter_config.json").read_text("utf-8"))["r"] == 64
