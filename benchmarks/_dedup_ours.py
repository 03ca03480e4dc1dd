"""Deduplicate one Parquet file as a process of its own.

`python -m benchmarks._dedup_ours SOURCE SURVIVORS COPIES`
"""

import json
import sys
from pathlib import Path

from benchmarks._dedup_params import DEDUP
from ta_pipeline.text.duplicates.files import deduplicate_file

if __name__ == "__main__":
    stay, go = deduplicate_file(*map(Path, sys.argv[1:]), DEDUP)
    print(json.dumps({"stay": stay, "go": go}))
