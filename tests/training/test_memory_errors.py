"""Running out of memory is recognised by its words, or by who was killed and what was left."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.records import InputError
from ta_pipeline.training import launch
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.memory_errors import MemoryWatch, advice, ran_out_of_memory
from ta_pipeline.training.nodes import Host, Meeting

#: The allocator's of a CPU was printed here; those of GPUs are worded as in PyTorch's and bitsandbytes' sources.
RECORDED = [
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 0 has a total capacity of "
    "23.69 GiB of which 871.94 MiB is free.",
    "[rank1]: torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB",
    "RuntimeError: CUDA error: out of memory",
    "torch.AcceleratorError: CUDA error: out of memory",
    "Error: cudaErrorMemoryAllocation at line 84 in file /src/csrc/ops.cu",
    "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 3072000 bytes. Error code 12 (Cannot allocate memory)",
    "MemoryError",
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array",
    "  what():  std::bad_alloc",
    "OSError: [Errno 12] Cannot allocate memory",
]
OTHER = [
    "ValueError: batch is wrong",
    "RuntimeError: CUDA error: device-side assert triggered",
    "{'loss': '1.2', 'learning_rate': '1e-9'}",
    "No MemoryErrors so far",
    "FileNotFoundError: [Errno 2] No such file or directory: 'memory'",
]
SIGKILLED = [
    "subprocess.CalledProcessError: Command '['python']' died with <Signals.SIGKILL: 9>.",
    "  traceback : Signal 9 (SIGKILL) received by PID 42",
    "exitcode  : -9 (pid: 42)",
]


@pytest.fixture
def watch(tmp_path):
    """A control group of 1,000 bytes of which 900 are used, 200 of them by files that can be dropped."""
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\noom_group_kill 0\n")
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 700\ninactive_file 200\n")
    return MemoryWatch(tmp_path)


@pytest.mark.parametrize("text", RECORDED)
def test_every_framework_s_words_are_known(text, watch):
    log = f"step 3\n  {text}\nTraceback (most recent call last):\n"
    assert ran_out_of_memory(log, 1, watch) == text.strip()


@pytest.mark.parametrize("text", OTHER)
def test_other_errors_are_not_taken_for_it(text, watch):
    watch.low_water = 0.01
    assert ran_out_of_memory(text, 1, watch) is None


@pytest.mark.parametrize("text", SIGKILLED)
def test_a_kill_counts_only_when_memory_was_short(text, watch):
    assert ran_out_of_memory(text, 1, watch) is None
    watch.low_water = 0.01
    assert ran_out_of_memory(text, 1, watch) == "killed by the kernel with 1% of the memory left"


@pytest.mark.parametrize("code", [-9, 137])
def test_a_kill_that_the_control_group_counted_is_the_kernel_s(code, watch, tmp_path):
    assert ran_out_of_memory("", code, watch) is None
    (tmp_path / "memory.events").write_text("oom_kill 2\n")
    assert ran_out_of_memory("", code, watch) is not None


def test_what_is_left_is_the_least_of_group_and_machine_and_file_caches_do_not_count(watch, tmp_path):
    watch.look()
    assert watch.low_water == pytest.approx(0.3)  # 700 of 1,000 are used
    (tmp_path / "memory.current").write_text("100\n")
    watch.look()
    assert watch.low_water == pytest.approx(0.3)  # the lowest seen


def test_a_machine_without_control_groups_is_looked_at_alone(tmp_path):
    watch = MemoryWatch(tmp_path / "none")
    watch.look()
    assert 0 < watch.low_water < 1
    (tmp_path / "memory.max").write_text("max\n")
    assert MemoryWatch(tmp_path)._left_in_group() == 1.0


PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 8, "global_batch_size": 1, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 1, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0, "adapter": "lora",
    "qlora": "never", "quantized_base": "nf4", "micro_batch_size": 1, "auto_fit": False,
    "lora": {"rank": 8, "alpha": 8, "dropout": 0.0, "targets": "attention"},
}  # fmt: skip


def row(number, length):
    ids = [1, *(100 + number + place % 900 for place in range(length - 2)), 2]
    labels = [-100] * (length - 8) + ids[-8:]
    found = {"split": "train", "input_ids": ids, "labels": labels, "seq_lengths": [length]}
    return found | {"example_ids": [str(number)], "read_tokens": length}


def make_job(folder, model, lengths, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    rows = pa.Table.from_pylist([row(number, length) for number, length in enumerate(lengths)], BLOCK)
    data = folder / "rows.arrow"
    with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
        writer.write_table(rows)
    job = TrainingJob("sft", str(model), None, str(data), PARAMETERS | changes, 7, "fp32", str(folder))
    job.write()
    return job


def test_the_advice_is_the_next_rung_as_it_is_typed(tmp_path):
    text = advice(make_job(tmp_path, "m", [8]), longest_block=2048)
    assert text.startswith("Next rung, gradient checkpointing: `--params sft.gradient_checkpointing=true` (")
    assert "`--params sft.auto_fit=true` takes rung after rung by itself." in text
    assert "Or shorter blocks: `--params tokenize.max_seq_len=1024`" in text


def test_at_the_end_of_the_ladder_the_advice_says_so(tmp_path):
    job = make_job(tmp_path, "m", [8], gradient_checkpointing=True, qlora="required")
    assert advice(job, None) == (
        "This was the last rung of the ladder: take a smaller model or a machine with more memory."
    )


#: A child that fails for want of memory until its parameters are low enough.
STAND_IN = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1]).parent
parameters = json.loads((folder / "job.json").read_text())["parameters"]
if not ({needs}):
    print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB."); sys.exit(1)
(folder / "adapter").mkdir()
(folder / "report.json").write_text(json.dumps({{"num_processes": 1}}))
"""


def start_instead(monkeypatch, *command):
    """Have launch start another Python than the worker's; the job file is its last argument."""
    meeting = Meeting([Host("localhost", 1)], 0, True, {})
    monkeypatch.setattr(
        launch,
        "_plan",
        lambda job, cpu: (meeting, [sys.executable, *command, str(Path(job.folder) / "job.json")]),
    )


def run_stand_in(monkeypatch, tmp_path, needs, **changes):
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    script = STAND_IN.format(needs=needs)
    start_instead(monkeypatch, "-c", script)
    job = make_job(tmp_path / "out" / "tmp" / "sft-1", "m", [8, 1024], **changes)
    return launch.run(job, lambda event: None)[2]


def test_out_of_memory_is_an_error_with_the_next_rung_and_the_log(monkeypatch, tmp_path):
    with pytest.raises(InputError) as failure:
        run_stand_in(monkeypatch, tmp_path, needs="False")
    message = str(failure.value)
    assert message.startswith("sft: out of memory: torch.OutOfMemoryError: CUDA out of memory.")
    assert "`--params sft.gradient_checkpointing=true`" in message
    assert "`--params tokenize.max_seq_len=512`" in message
    assert "sft.log" in message


def test_auto_fit_goes_down_rung_after_rung_and_reports_them(monkeypatch, tmp_path):
    needs = "parameters['quantized_base'] == 'int8'"
    report = run_stand_in(monkeypatch, tmp_path, needs, auto_fit=True, lora={"rank": 16, "alpha": 32})
    assert report["auto_fit"] == [
        {"rung": "gradient checkpointing", "change": {"gradient_checkpointing": True}, "at_step": 0},
        {"rung": "LoRA rank 8", "change": {"lora.rank": 8, "lora.alpha": 16}, "at_step": 0},
        {
            "rung": "8-bit weights",
            "change": {"qlora": "required", "quantized_base": "int8"},
            "at_step": 0,
        },
    ]


def test_auto_fit_ends_with_the_ladder(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"out of memory: .* This was the last rung of the ladder"):
        run_stand_in(monkeypatch, tmp_path, needs="False", auto_fit=True)


@pytest.fixture
def deep_model(tiny_model, tmp_path):
    """Twelve layers, so that activations and not the head take the memory."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(tiny_model)
    config.num_hidden_layers = 12
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "deep")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "deep")
    return tmp_path / "deep"


def run_limited(monkeypatch, tmp_path, model, **changes):
    """Train with 600 MiB to allocate; one block of 6,000 tokens takes 750, with checkpointing 300."""
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    script = str(Path(__file__).with_name("limited_worker.py"))
    start_instead(monkeypatch, script, "600")
    lora = {"rank": 8, "alpha": 8, "dropout": 0.1, "targets": "attention+mlp"}
    lengths = [64] * 7 + [6000]
    job = make_job(tmp_path / "out" / "tmp" / "sft-1", model, lengths, lora=lora, **changes)
    return launch.run(job, lambda event: None)


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_a_real_allocation_that_fails_names_the_rung(monkeypatch, tmp_path, deep_model):
    with pytest.raises(InputError) as failure:
        run_limited(monkeypatch, tmp_path, deep_model)
    assert "DefaultCPUAllocator: can't allocate memory" in str(failure.value)
    assert "`--params sft.gradient_checkpointing=true`" in str(failure.value)


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_auto_fit_goes_on_from_the_last_checkpoint_until_it_fits(monkeypatch, tmp_path, deep_model):
    _, history, report = run_limited(monkeypatch, tmp_path, deep_model, auto_fit=True)
    assert report["steps"] == 8
    assert history.column("step").to_pylist() == list(range(1, 9))
    assert [(taken["rung"], taken["change"]) for taken in report["auto_fit"]] == [
        ("gradient checkpointing", {"gradient_checkpointing": True})
    ]
    reached = report["auto_fit"][0]["at_step"]
    assert report["resumed_from"] == (f"checkpoint-{reached}" if reached else None)
