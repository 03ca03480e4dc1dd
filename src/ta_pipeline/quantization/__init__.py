"""Make a trained adapter small enough to hand out: merge it, then write it in fewer bits.

`merge.py` folds the adapter into its base model, `gguf.py` writes GGUF files. Asking the results
questions belongs to `serving`, scoring the answers to `evaluation`.
"""
