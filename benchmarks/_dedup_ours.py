"""Deduplicate one Parquet file as a process of its own, and say how much memory that took.

`python -m benchmarks._dedup_ours SOURCE SURVIVORS COPIES`
"""

import json
import resource
import sys
from pathlib import Path

from benchmarks._dedup_params import DEDUP
from ta_pipeline.text.duplicates.files import deduplicate_file

if __name__ == "__main__":
    stay, go = deduplicate_file(*map(Path, sys.argv[1:]), DEDUP)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"stay": stay, "go": go, "rss_gb": rss}))
