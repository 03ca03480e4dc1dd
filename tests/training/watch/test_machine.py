"""What a process takes of its machine, and of a recorded GPU."""

import time
from types import SimpleNamespace

import pytest

from ta_pipeline.training.watch.machine import Machine, gpu_reading, machine_figures

#: Read on one GPU after a step: torch.cuda's own numbers, in bytes, and NVML's percentage.
CUDA = SimpleNamespace(
    max_memory_allocated=lambda: 13_743_895_347,
    max_memory_reserved=lambda: 20_401_094_656,
    utilization=lambda: 87,
)


def test_cpu_use_is_the_time_that_the_process_computed_over_the_time_that_passed():
    machine = Machine()
    before, begun = time.process_time(), time.monotonic()
    while time.process_time() - before < 0.2:
        sum(range(1000))
    cores, resident, *_ = machine.read()
    used, passed = time.process_time() - before, time.monotonic() - begun
    assert cores == pytest.approx(used / passed, rel=0.2)  # the kernel counts in hundredths of a second
    assert 0.01 < resident < 64


def test_a_gpu_is_read_from_torch_and_nvml(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert gpu_reading(CUDA) == pytest.approx([12.8, 19.0, 0.87], rel=1e-3)


def test_without_nvml_the_memory_of_a_gpu_is_still_read(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert gpu_reading(CUDA)[2] == 0.0
    assert gpu_reading(CUDA)[0] == pytest.approx(12.8, rel=1e-3)


def test_ranks_add_up_to_a_share_of_the_machine_and_the_largest_memory_counts(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    ranks = [[1.0, 3.0, 12.8, 19.0, 0.9], [0.5, 2.0, 13.0, 18.0, 0.7]]
    assert machine_figures(ranks, has_gpu=False) == {"cpu_share": 0.375, "memory_gb": 3.0}
    assert machine_figures(ranks, has_gpu=True) == {
        "cpu_share": 0.375,
        "memory_gb": 13.0,
        "reserved_gb": 19.0,
        "gpu_share": 0.8,
    }
