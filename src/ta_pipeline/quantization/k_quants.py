"""Write a Q4_K_M GGUF with auto-round; a program of its own: `python -m … <model> <target folder>`.

It runs as a child process because auto-round changes loggers, hooks and the model it is given. Plain
rounding (`iters=0`, `disable_opt_rtn=True`) is what llama.cpp does too and needs no calibration text.
"""

from __future__ import annotations

import sys


def main(model: str, target: str) -> None:
    """Quantize the model folder `model` into the folder `target`."""
    from auto_round import AutoRound

    rounding = AutoRound(model, scheme="gguf:q4_k_m", iters=0, disable_opt_rtn=True, device_map="cpu")
    rounding.quantize_and_save(target, format="gguf:q4_k_m")


if __name__ == "__main__":
    main(*sys.argv[1:])
