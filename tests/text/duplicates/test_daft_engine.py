"""The same rows survive on Ray as on this machine."""

import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ta_pipeline.params import DedupParams
from ta_pipeline.records import InputError
from ta_pipeline.text.duplicates import find_copies, find_copies_again
from ta_pipeline.text.duplicates.files import deduplicate_file

DEDUP = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8)
RAY = DEDUP.model_copy(update={"engine": "ray"})
#: Two nodes of one core each: Daft runs one worker a node.
ON_RAY = """
import json
import sys
from pathlib import Path
import pyarrow.parquet as pq
import ray
from ray.cluster_utils import Cluster
from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates import find_copies_again
from ta_pipeline.text.duplicates.files import deduplicate_file

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
ray.init(address=cluster.address, logging_level="ERROR")
assert sum(node["Alive"] and node["Resources"].get("CPU") == 1 for node in ray.nodes()) == 2
folder = Path(sys.argv[1])
for method in ("simhash", "minhash"):
    dedup = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8, method=method, engine="ray")
    target = (folder / f"ray-{method}.kept", folder / f"ray-{method}.copies")
    print(deduplicate_file((folder / "docs.parquet").as_uri(), *target, dedup))

texts = pq.read_table(folder / "docs.parquet")["text"].to_pylist()
copies, memory = [], None
for count in (0, 2900, 3000):
    found, memory = find_copies_again(texts[:count], range(count), dedup, memory, "documents")
    copies.append([(copy.index, copy.kept, copy.similarity) for copy in found])
(folder / "again.json").write_text(json.dumps(copies))
pq.write_table(memory, folder / "memory.parquet")

import daft
@daft.func.batch(return_dtype=daft.DataType.string(), batch_size=1000)
def node(texts: daft.Series):
    import ray, time
    time.sleep(0.2)
    return [ray.get_runtime_context().get_node_id()] * len(texts)
seen = daft.read_parquet(str(folder / "docs.parquet")).into_partitions(8).select(node(daft.col("text")).alias("node"))
print("nodes that worked:", len(set(seen.to_arrow()["node"].to_pylist())))
ray.shutdown()
cluster.shutdown()
"""


def test_a_missing_extra_is_one_line_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "daft", None)
    with pytest.raises(InputError, match=r"engine: ray needs daft, .* pip install .*\[ray\]"):
        find_copies(["a", "b"], range(2), RAY)


@pytest.mark.prove
@pytest.mark.skipif(not (find_spec("daft") and find_spec("ray")), reason="the extra `ray` is not installed")
def test_survivors_are_byte_identical_on_a_local_ray_of_two_workers(tmp_path):
    write_corpus(tmp_path / "docs.parquet")
    quiet = {"DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}
    run = subprocess.run(
        [sys.executable, "-c", ON_RAY, str(tmp_path)],
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "nodes that worked: 2" in run.stdout
    for method in ("simhash", "minhash"):
        dedup = DEDUP.model_copy(update={"method": method})
        kept, copies = tmp_path / f"here-{method}.kept", tmp_path / f"here-{method}.copies"
        stay, go = deduplicate_file(tmp_path / "docs.parquet", kept, copies, dedup)
        assert stay > go > 500
        assert kept.read_bytes() == (tmp_path / f"ray-{method}.kept").read_bytes()
        assert copies.read_bytes() == (tmp_path / f"ray-{method}.copies").read_bytes()
    texts = pq.read_table(tmp_path / "docs.parquet")["text"].to_pylist()
    for count, there in zip((0, 2900, 3000), json.loads((tmp_path / "again.json").read_text()), strict=True):
        here, memory = find_copies_again(texts[:count], range(count), dedup, None, "documents")
        assert [[copy.index, copy.kept, copy.similarity] for copy in here] == there
    assert memory.equals(pq.read_table(tmp_path / "memory.parquet"))


def write_corpus(path, count=6000):
    """Write texts in two languages with near copies, equal rows, a crowd of like rows and empty rows."""
    rng = random.Random(3)
    words = ["".join(rng.choice("etaoinshrdlu") for _ in range(rng.randint(2, 8))) for _ in range(2000)]
    texts = []
    for place in range(count):
        if place > 50 and place % 4 == 0:
            text = list(rng.choice(texts) or "x")
            for _ in range(rng.choice([0, 1, 2, 6])):
                text[rng.randrange(len(text))] = rng.choice("of的了")
            texts.append("".join(text))
        elif place % 100 == 1:
            texts.append("")
        elif place % 50 == 2:
            texts.append(" ".join([*words[:60], *rng.choices(words, k=rng.randint(1, 12))]))
        elif place % 2:
            texts.append(" ".join(rng.choices(words, k=60)))
        else:
            texts.append("".join(chr(0x4E00 + rng.randrange(3000)) for _ in range(200)))
    ids = rng.sample(range(10 * count), count)
    pq.write_table(pa.table({"id": ids, "source": [f"{n % 9}.md" for n in ids], "text": texts}), path)
