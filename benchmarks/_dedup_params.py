"""The parameters under which deduplication is measured: those of `conf/base`."""

from pathlib import Path

import yaml

from ta_pipeline.params import DedupParams

_CONF = Path(__file__).parents[1] / "conf" / "base" / "parameters_clean.yml"
DEDUP = DedupParams(**yaml.safe_load(_CONF.read_text("utf-8"))["clean"]["dedup"])
