"""`ta plan`: what it prints, what it reads, and what it says of what it cannot plan."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ta_pipeline import plan_command as planning
from ta_pipeline.cli import cli
from ta_pipeline.training.plan import forecast as forecasting
from ta_pipeline.training.plan.forecast import GIB, Fitted

ROOT = Path(__file__).resolve().parents[1]
QWEN = (
    "base_model=Qwen/Qwen3-8B,tokenize.max_seq_len=2048,sft.lora.rank=64,sft.lora.alpha=128,sft.lora.dropout=0.05,"
    "sft.global_batch_size=128,sft.micro_batch_size=4,sft.label_smoothing=0.05"
)


@pytest.fixture
def plan(monkeypatch):
    """Run the command in the project, with constants that no refitting changes and no report of a run."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    monkeypatch.setattr(forecasting, "FITTED", Fitted(process=2.0**30, slack=1.1))
    monkeypatch.setattr(planning, "last_labels", lambda: planning.Seen(None, 0.5))
    return lambda *options: CliRunner().invoke(cli, ["plan", *options])


def test_the_document_shows_what_the_command_prints(monkeypatch):
    """After a change: put what each `$ ta plan` line prints below it in docs/plan.md."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(planning, "last_labels", lambda: planning.Seen(None, 0.5))
    shown = re.findall(
        r"```\n\$ ta (plan[^\n]*)\n(.*?)\n```", (ROOT / "docs" / "plan.md").read_text("utf-8"), re.S
    )
    assert len(shown) == 4
    for command, page in shown:
        printed = CliRunner().invoke(cli, command.split()).output.rstrip()
        assert page in (printed, printed.partition("\n\nThe seed's figures")[0])


def test_qwen3_8b_on_24_gib_does_not_fit_and_the_ladder_says_what_would_help(plan):
    done = plan("--gpu", "24", "--params", QWEN)
    assert done.exit_code == 0
    assert done.output == PAGE


PAGE = """\
Does not fit: needs 90.0 GiB of 24.0.

Qwen/Qwen3-8B, 8.19 B parameters
SFT of LoRA r=64 on attention and MLP, bf16
RTX 4090, 24 GiB (taken for one of that size); a step learns from 128 blocks

   GiB  part             how it comes about
 15.26  frozen weights   8.19 B in 16 bits
  0.98  trained weights  175 M in float32, a 16-bit copy
  1.30  optimizer        AdamW, two float32 each
  0.65  gradients        float32
 70.49  activations      8,192 tokens at once, all layers
  0.56  logits           4,096 positions x 151,936
  0.75  buffers          CUDA context
 89.98  at the peak

 saves   peak  what would help, each on top of those before (GiB)
 35.24  54.73  micro batch 2
 17.62  37.11  micro batch 1
 16.46  20.65  gradient checkpointing   <- fits
  1.46  19.19  LoRA rank 32
  0.73  18.45  LoRA rank 16
  0.37  18.09  LoRA rank 8
  6.37  11.72  8-bit weights
  3.14   8.58  4-bit weights
What fits, for kedro run and ta plan alike:
  --params sft.micro_batch_size=1,sft.gradient_checkpointing=true

Time: 85 steps, 2 h 59 min; 2 min a step, 2,070 tokens/s a GPU
  taken: 165 TFLOP/s (peak), 40% of it used; MFU 40%
  learned: 50% of the tokens (assumed)

The seed's figures for 7B in bf16, 2,048 tokens, one row (section 7), and ours:
  LoRA                   ~16 GB   25.7 GiB  too low
  LoRA, checkpointing    ~10 GB   15.5 GiB  cannot be: weights alone take 12.6
  QLoRA                  6-8 GB   16.8 GiB  too low
  QLoRA, checkpointing   6-8 GB    6.6 GiB
  full, checkpointing  48-80 GB  114.4 GiB  cannot be: states alone take 100.4
  ZeRO-1, full              ~4x       4.7x  for LoRA 1.1x: most is frozen
  ZeRO-2, full              ~8x       8.8x  for LoRA 1.1x: most is frozen
  (full: every weight is trained; ZeRO: what one rank holds over each of 64)
"""


@pytest.mark.parametrize(
    "options",
    [
        ("--params", QWEN + ",sft.zero_stage=3,sft.gradient_checkpointing=true", "--gpus", "2"),
        ("--params", QWEN + ",sft.adapter=full,sft.zero_stage=3,sft.offload=optimizer", "--gpus", "8"),
        ("--params", QWEN + ",sft.qlora=required,sft.max_steps=null,sft.epochs=3"),
        ("--params", QWEN + ",sft.adapter=dora,sft.gradient_checkpointing=true"),
        ("--params", QWEN, "--stage", "dpo"),
    ],
)
def test_every_page_fits_80_columns(plan, options):
    done = plan("--gpu", "16", *options)
    assert done.exit_code == 0, done.output
    # What is to be typed cannot be broken.
    assert max(len(line) for line in done.output.splitlines() if "--params" not in line) <= 80


def test_an_object_has_the_parts_the_ladder_and_the_time(plan):
    found = json.loads(plan("--gpu", "24", "--json", "--params", QWEN).output)
    assert found["fits"] is False and found["available_gib"] == 24
    assert found["parameters"] == 8_190_735_360
    assert sum(part["gib"] for part in found["parts"]) == pytest.approx(found["peak_gib"], abs=0.01)
    peaks = [found["peak_gib"], *(rung["peak_gib"] for rung in found["ladder"])]
    for rung, before, after in zip(found["ladder"], peaks, peaks[1:]):
        assert rung["saves_gib"] == pytest.approx(before - after, abs=0.01)
    assert found["change"] == {"micro_batch_size": 1, "gradient_checkpointing": True}
    assert found["time"]["steps"] == 85 and found["time"]["step_seconds"] > 60


def test_what_the_ladder_says_makes_it_fit(plan):
    changes = json.loads(plan("--gpu", "24", "--json", "--params", QWEN).output)["change"]
    typed = ",".join(f"sft.{name}={value}".lower() for name, value in changes.items())
    done = plan("--gpu", "24", "--params", f"{QWEN},{typed}")
    assert done.output.startswith("Fits") and "what would help" not in done.output


def test_where_the_whole_ladder_is_not_enough_shorter_blocks_are_named(plan):
    done = plan("--gpu", "8", "--params", QWEN)
    assert "shorter blocks (tokenize.max_seq_len; longer rows are cut)" in done.output
    assert "What fits" not in done.output


def test_gpus_share_what_is_sharded(plan):
    sharded = QWEN + ",sft.zero_stage=3,sft.gradient_checkpointing=true"
    two, four = (
        json.loads(plan("--gpu", "80", "--gpus", count, "--json", "--params", sharded).output)
        for count in ("2", "4")
    )
    frozen = [
        next(part["gib"] for part in each["parts"] if part["name"] == "frozen weights")
        for each in (two, four)
    ]
    assert frozen == [7.628, 3.814]


def test_dpo_is_planned_from_its_own_block(plan):
    found = json.loads(plan("--gpu", "24", "--stage", "dpo", "--json", "--params", QWEN).output)
    assert found["run"]["method"] == "dpo" and found["time"]["steps"] == 20
    assert found["run"]["rank"] == 64


def test_a_config_file_stands_for_a_model_that_is_not_known(plan, tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
                "num_attention_heads": 4, "vocab_size": 100,
            }
        )
    )  # fmt: skip
    done = plan("--gpu", "24", "--config", str(tmp_path / "config.json"), "--json")
    assert json.loads(done.output)["parameters"] == 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64) + 64 + 2 * 6400


def test_a_plan_for_a_named_gpu_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys; from click.testing import CliRunner; from ta_pipeline.cli import cli\n"
        f"done = CliRunner().invoke(cli, ['plan', '--gpu', '24', '--params', {QWEN!r}])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'torch', 'transformers', 'trl', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_this_machine_is_planned_for_without_a_gpu_named(plan, monkeypatch):
    here = planning.Machine("cpu", 4.0, "this CPU", 3e11, "fp32", "sdpa", named=False)
    monkeypatch.setattr(planning, "this_machine", lambda asked, hidden: here)
    done = plan("--params", "base_model=bundled:tiny-random")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Fits: needs 1.") and "this CPU, 4 GiB; a step" in done.output


def test_this_machine_is_looked_at(monkeypatch):
    from ta_pipeline.doctor.machine import main_memory

    found = planning.this_machine("fp32", 64)
    if found.device == "cpu":
        assert found.gib == main_memory() / GIB
    assert found.precision == "fp32" and found.peak_flops > 1e8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--env", "moon"), "--env moon: no folder conf/moon. There are base, "),
        (
            ("--params", "sft.lora.rank=0"),
            "sft.lora.rank: 0 Input should be greater than or equal to 1. Correct it",
        ),
        (("--params", "sft.zero_stage=2"), "sft: Value error, zero_stage shards over processes"),
        (
            ("--gpus", "3", "--params", "sft.global_batch_size=4"),
            "sft.global_batch_size=4 cannot be shared by 3",
        ),
        (
            ("--params", "base_model=nobody/nothing-at-all"),
            "nobody/nothing-at-all: not among the shapes known here",
        ),
        (("--config", "nowhere.json"), "nowhere.json is not there. Give a model's config.json"),
    ],
)
def test_what_cannot_be_planned_is_one_line_with_a_cure(plan, options, said, monkeypatch):
    done = plan("--gpu", "24", *options)
    assert done.exit_code == 1
    assert said in done.output and done.output.count("\n") == 1


def test_the_last_run_says_how_much_is_learned_and_how_many_blocks_there_are(tmp_path, monkeypatch):
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    assert planning.last_labels() == planning.Seen(None, 0.5)
    (tmp_path / "08_reporting").mkdir()
    report = {"blocks": 120, "tokens": 1000, "supervised_tokens": 250}
    (tmp_path / "08_reporting" / "label_report.json").write_text(json.dumps(report))
    assert planning.last_labels() == planning.Seen(120, 0.25)


def test_epochs_become_steps_once_the_blocks_are_counted(plan, monkeypatch):
    monkeypatch.setattr(planning, "last_labels", lambda: planning.Seen(1000, 0.3))
    params = QWEN + ",sft.max_steps=null,sft.epochs=3"
    found = json.loads(plan("--gpu", "80", "--json", "--params", params).output)
    assert found["time"]["steps"] == 24  # 3 passes of 8 steps, the last of each not full
    page = plan("--gpu", "80", "--params", params).output
    assert "learned: 30% of the tokens (label_report.json of the last run)" in page
