"""Copies and near copies of texts: what they are, how they are found fast, and what is remembered.

`find` tells the story; `shingles`, `signatures` and `numerals` are its kernels, `candidates` proposes
pairs, `corpus` and `daft_engine` run the kernels here or on Ray, `store` remembers signatures from run to
run, `files` goes from Parquet to Parquet, `documents` from the documents of a run to those that stay.
"""

from ta_pipeline.text.duplicates.find import Copy, find_copies
from ta_pipeline.text.duplicates.numerals import same_numbers
from ta_pipeline.text.duplicates.shingles import jaccard
from ta_pipeline.text.duplicates.store import find_copies_again

__all__ = ["Copy", "find_copies", "find_copies_again", "jaccard", "same_numbers"]
