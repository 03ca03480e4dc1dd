"""Make packed blocks of one Parquet file of examples as a process of its own, and prove them.

`python -m benchmarks._tokenize_ours SOURCE TARGET`
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import feather

from ta_pipeline.chat.packing import pack, pack_efficiency
from ta_pipeline.chat.proof import prove_blocks
from ta_pipeline.chat.rows import token_rows
from ta_pipeline.chat.template import load_tokenizer
from ta_pipeline.training.base_model import resolve_base_model

CAPACITY = 2048


def main(source: Path, target: Path) -> dict[str, Any]:
    """Prepare the rows of `source`; return seconds, tokens, and what the proof found."""
    tokenizer = load_tokenizer(resolve_base_model("bundled:tiny-random"))
    start = time.perf_counter()
    examples = pq.read_table(source)
    rows, _ = token_rows(tokenizer, examples, CAPACITY, workers=None)
    blocks = pack(rows, CAPACITY, packing=True, seed=0)
    feather.write_feather(blocks, target, compression="uncompressed")
    packed = time.perf_counter()
    proof = prove_blocks(tokenizer, blocks, rows, examples, workers=None)
    return {
        "seconds": packed - start,
        "proof": time.perf_counter() - packed,
        "tokens": proof["tokens"],
        "supervised": proof["supervised_tokens"],
        "blocks": blocks.num_rows,
        "efficiency": pack_efficiency(blocks, CAPACITY),
    }


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
