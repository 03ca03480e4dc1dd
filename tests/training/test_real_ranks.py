"""Real ranks on the two-layer model: data parallel, DeepSpeed's stages, two machines that are this one."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from benchmarks.zero_curves import STEPS, WAYS, draw, train

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
#: Beside the ways that are drawn: one process whose optimizer lies in main memory, other kinds of weights.
MORE = {
    "alone": {"zero_stage": 2, "offload": "optimizer"},
    "dora": {"adapter": "dora"},
    "dora, ZeRO-3": {"adapter": "dora"} | WAYS["ZeRO-3"],
    "full": {"adapter": "full", "learning_rate": 1e-3},
    "full, ZeRO-2": {"adapter": "full", "learning_rate": 1e-3} | WAYS["ZeRO-2"],
    "full, ZeRO-3": {"adapter": "full", "learning_rate": 1e-3} | WAYS["ZeRO-3"],
}


@pytest.fixture(scope="module")
def trained(tiny_model, tmp_path_factory):
    """Train each way once, when it is first asked for."""
    done = {}

    def by(way):
        if way not in done:
            out = tmp_path_factory.mktemp("ranks")
            done[way] = (out, *train(out, tiny_model, (WAYS | MORE)[way]))
        return done[way]

    return by


def adapter_weights(model, folder):
    """Load an adapter as anyone would, with PEFT alone."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    peft = PeftModel.from_pretrained(base, folder)
    return {name: p for name, p in peft.named_parameters() if "lora_" in name}


def assert_the_same_adapter(model, ours, theirs, atol):
    ours, theirs = adapter_weights(model, ours), adapter_weights(model, theirs)
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        assert weight.norm() > 0, name
        torch.testing.assert_close(ours[name], weight, atol=atol, rtol=0)


def checkpoint(out, step):
    return next(out.glob(f"tmp/sft-*/checkpoints/checkpoint-{step}"))


@pytest.mark.parametrize("way", [*list(WAYS)[1:], "alone"])
def test_ranks_learn_what_one_process_learns(way, trained, tiny_model):
    _, single, losses, _ = trained("one process")
    changes = (WAYS | MORE)[way]
    out, adapter, also, report = trained(way)
    assert len(losses) == STEPS
    assert losses[0] - losses[-1] > 0.3
    assert also == pytest.approx(losses, abs=1e-3)
    ranks = changes.get("num_processes", 1)
    assert report["num_processes"] == ranks
    # accelerate trains plain data parallel where it is told to use a CPU, whatever the stage; these files are
    # DeepSpeed's own, one a rank.
    shards = list(checkpoint(out, STEPS).glob("global_step*/*optim_states.pt"))
    assert len(shards) == (ranks if "zero_stage" in changes else 0)
    assert_the_same_adapter(tiny_model, adapter, single, atol=2e-3)


@pytest.mark.parametrize("way", ["data parallel", "ZeRO-2", "ZeRO-3"])
def test_every_checkpoint_holds_an_ordinary_adapter_too(way, trained, tiny_model):
    single, out = trained("one process")[0], trained(way)[0]
    for step in (STEPS // 2, STEPS):
        assert_the_same_adapter(tiny_model, checkpoint(out, step), checkpoint(single, step), atol=2e-3)


@pytest.mark.parametrize("way", ["full, ZeRO-2", "full, ZeRO-3"])
def test_a_whole_model_is_sharded_and_saved_whole(way, trained):
    from safetensors.torch import load_file

    _, single, losses, _ = trained("full")
    _, folder, also, report = trained(way)
    assert also == pytest.approx(losses, abs=1e-3)
    assert report["trainable_parameters"] == trained("full")[3]["trainable_parameters"]
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (folder, single))
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, atol=2e-3, rtol=0)


def test_dora_learns_the_same_under_stage_3(trained):
    assert trained("dora, ZeRO-3")[2] == pytest.approx(trained("dora")[2], abs=1e-3)


def test_validation_rows_are_looked_at_under_stage_3_too(trained):
    expected = trained("one process")[3]["validation_loss"]
    assert trained("ZeRO-3")[3]["validation_loss"] == pytest.approx(expected, abs=1e-3)


def test_a_rank_of_two_holds_half_of_the_optimizers_states(trained):
    kept = torch.load(
        next(checkpoint(trained("ZeRO-2")[0], STEPS).glob("global_step*/*rank_0_*optim_states.pt")),
        weights_only=False,
    )["optimizer_state_dict"]
    whole = trained("one process")[3]["trainable_parameters"]
    assert sum(len(group) for group in kept["single_partition_of_fp32_groups"]) == pytest.approx(
        whole / 2, rel=0.01
    )


RUN = """
import json, logging, sys
from pathlib import Path
from benchmarks.zero_curves import train
logging.basicConfig()
adapter, losses, report = train(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
print(json.dumps({"losses": losses, "resumed_from": report["resumed_from"], "adapter": str(adapter)}))
"""


def start(out, model, changes, log):
    """Train in a process of its own; what it says goes to `log`."""
    paths = [str(ROOT), *(str(Path(path).absolute()) for path in sys.path if path)]
    with log.open("w") as stream:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(out), str(model), json.dumps(changes)],
            env=dict(os.environ) | {"PYTHONPATH": os.pathsep.join(paths)},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        )


def finish(process, log):
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, log.read_text()[-3000:]
    return json.loads(out.strip().splitlines()[-1])


def wait_for(condition, process, log, seconds=400):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline and process.poll() is None, log.read_text()[-3000:]
        time.sleep(0.02)


@pytest.mark.parametrize("way", ["ZeRO-2", "ZeRO-3"])
def test_a_killed_zero_run_goes_on_from_its_shards(way, trained, tiny_model, tmp_path):
    import psutil

    log = tmp_path / "log"
    process = start(tmp_path, tiny_model, WAYS[way], log)
    sealed = "tmp/sft-*/checkpoints/checkpoint-10/ta_checkpoint.json"
    wait_for(lambda: list(tmp_path.glob(sealed)), process, log)
    for member in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
        member.send_signal(signal.SIGKILL)
    process.wait()
    again = finish(start(tmp_path, tiny_model, WAYS[way], log), log)
    assert again["resumed_from"].startswith("checkpoint-")
    assert again["losses"] == pytest.approx(trained(way)[2], abs=1e-6)
    assert_the_same_adapter(tiny_model, again["adapter"], trained(way)[1], atol=1e-6)


@pytest.fixture
def two_machines(tmp_path, monkeypatch):
    """A project folder whose host file has two names of this machine; returns how to say what ssh does."""
    (tmp_path / "hosts").write_text("# both are this machine\n127.0.0.1 slots=1\nlocalhost slots=1\n")
    monkeypatch.chdir(tmp_path)
    paths = [str(ROOT), *(str(Path(path).absolute()) for path in sys.path if path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    def ssh_does(body):
        ssh = tmp_path / "bin" / "ssh"
        ssh.parent.mkdir()
        ssh.write_text(f"#!/bin/sh\n{body}\n")
        ssh.chmod(0o755)
        monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")

    return ssh_does


#: What sshd does with the last argument.
GIVE_IT_TO_A_SHELL = 'for line; do :; done; exec sh -c "$line"'


def test_two_machines_reached_by_ssh_learn_what_one_process_learns(
    two_machines, trained, tiny_model, tmp_path
):
    two_machines(GIVE_IT_TO_A_SHELL)
    _, losses, report = train(tmp_path / "out", tiny_model, WAYS["ZeRO-2"] | {"hostfile": "hosts"})
    assert losses == pytest.approx(trained("one process")[2], abs=1e-3)
    assert report["num_processes"] == 2
    assert "'loss'" in (tmp_path / "out" / "logs" / "sft.node1.log").read_text()


def test_a_machine_whose_part_fails_ends_the_training(two_machines, tiny_model, tmp_path, monkeypatch):
    from ta_pipeline.records import InputError

    monkeypatch.setattr("ta_pipeline.training.nodes.GRACE", 1)
    two_machines('for line; do :; done; [ "$line" = true ] || { echo "no such folder"; exit 3; }')
    told = r"^The part of localhost ended with exit code 3; its log is .*sft\.node1\.log\.$"
    with pytest.raises(InputError, match=told):
        train(tmp_path / "out", tiny_model, WAYS["data parallel"] | {"hostfile": "hosts"})


def test_where_ssh_does_not_lead_the_line_to_type_there_is_logged_and_works(
    two_machines, trained, tiny_model, tmp_path
):
    two_machines("exit 255")
    log = tmp_path / "log"
    process = start(tmp_path / "out", tiny_model, WAYS["data parallel"] | {"hostfile": "hosts"}, log)
    wait_for(lambda: "type there: " in log.read_text(), process, log)
    line = log.read_text().split("type there: ")[1].splitlines()[0]
    assert shlex.split(line)[-2:] == ["--node", "1"]
    other = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=400, check=False)
    assert other.returncode == 0, other.stderr[-3000:]
    assert finish(process, log)["losses"] == pytest.approx(trained("one process")[2], abs=1e-3)


def test_the_curves_are_drawn_over_each_other(tmp_path):
    draw(
        {"one process": [3.0, 2.0, 1.5], "ZeRO-2": [3.0, 2.0001, 1.5]}, tmp_path / "deep" / "zero_curves.png"
    )
    assert (tmp_path / "deep" / "zero_curves.png").read_bytes().startswith(b"\x89PNG")
