"""Other libraries taking near copies out of a Parquet file; runs in an environment of their own.

`python _dedup_peers.py NAME SOURCE TARGET`: character 5-grams, 128 hashes in 16 bands of 8, Parquet in and
survivors out. Each as it comes, with the parallelism it brings; none of them compares the pairs exactly
afterwards or looks at numbers, so they do less than we do. text-dedup knows words only and gets texts with
a blank between the characters, made beforehand.
"""

import sys
from pathlib import Path

NGRAM, HASHES, BANDS, ROWS = 5, 128, 16, 8


def datasketch(source, target, hashfunc=None):
    """MinHash.bulk and MinHashLSH with the bands given; SHA-1 unless another hash is given."""
    from datasketch import MinHash, MinHashLSH

    table, texts = read(source)
    options = {"hashfunc": hashfunc} if hashfunc else {}
    index = MinHashLSH(num_perm=HASHES, params=(BANDS, ROWS))
    stays = []
    shingles = ([gram.encode() for gram in grams(text)] for text in texts)
    for place, signature in enumerate(MinHash.generator(shingles, num_perm=HASHES, **options)):
        stays.append(not index.query(signature))
        if stays[-1]:
            index.insert(place, signature)
    write(table, stays, target)


def datasketch_xxh32(source, target):
    """The same with xxh32, the fast hash its documentation names."""
    import xxhash

    datasketch(source, target, xxhash.xxh32_intdigest)


def rensa(source, target):
    """Full-set R-MinHash signed in bulk, and its one-shot duplicate flags."""
    _rensa(source, target, "digest_matrix_from_token_sets")


def rensa_rho(source, target):
    """The faster sketch of rensa, which samples, and its one-shot duplicate flags."""
    _rensa(source, target, "digest_matrix_from_token_sets_rho")


def _rensa(source, target, how):
    from rensa import RMinHash, RMinHashLSH

    table, texts = read(source)
    matrix = getattr(RMinHash, how)([grams(text) for text in texts], num_perm=HASHES, seed=42)
    flags = RMinHashLSH(0.9, HASHES, BANDS).query_duplicate_flags_matrix_one_shot(matrix)
    write(table, [not flag for flag in flags], target)


def text_dedup(source, target):
    """The command text-dedup, with two processes."""
    import os

    from text_dedup.minhash import main

    options = {
        "--path": "parquet", "--data_files": source, "--split": "train", "--column": "text",
        "--cache_dir": target.parent / "cache", "--output": target, "--num_proc": os.cpu_count(),
        "--ngram": NGRAM, "--min_length": 1, "--num_perm": HASHES, "--b": BANDS, "--r": ROWS,
        "--hash_func": "xxh3", "--hash_bits": 32,
    }  # fmt: skip
    main([str(part) for option in options.items() for part in option], standalone_mode=False)


def datatrove(source, target):
    """The four steps of datatrove's MinHash deduplication, as many tasks at once as there are cores."""
    import os

    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Characters(WordTokenizer):
        def word_tokenize(self, text):
            return list(text)

        def sent_tokenize(self, text):
            return [text]

        def span_tokenize(self, text):
            return [(0, len(text))]

    config = MinhashConfig(n_grams=NGRAM, num_buckets=BANDS, hashes_per_bucket=ROWS)
    cores, work = os.cpu_count(), target.parent
    reader = ParquetReader(str(source.parent), glob_pattern=source.name)
    steps = [
        ([reader, MinhashDedupSignature(f"{work}/signatures", config, language=Characters())], 1),
        ([MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config)], BANDS),
        ([MinhashDedupCluster(f"{work}/buckets", f"{work}/removed", config=config)], 1),
        ([reader, MinhashDedupFilter(f"{work}/removed"), ParquetWriter(str(target))], 1),
    ]
    for number, (steps_of_task, tasks) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline=steps_of_task,
            tasks=tasks,
            workers=min(tasks, cores),
            logging_dir=f"{work}/logs/{number}",
        ).run()


def read(source):
    """Read the file and its texts."""
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    return table, table["text"].to_pylist()


def grams(text):
    """Cut a text, in lower case and without white space, into character n-grams."""
    plain = "".join(text.split()).lower()
    return [plain[start : start + NGRAM] for start in range(max(1, len(plain) - NGRAM + 1))]


def write(table, stays, target):
    """Write the rows that stay."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(table.filter(pa.array(stays)), target)


if __name__ == "__main__":
    name, source, target = sys.argv[1:]
    globals()[name](Path(source), Path(target))
