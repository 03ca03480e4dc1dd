"""Nodes of `tokenize`; the work is in `ta_pipeline.chat`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.chat.packing import in_steps, pack, pack_efficiency
from ta_pipeline.chat.proof import prove_blocks, prove_preferences
from ta_pipeline.chat.rows import (
    check_dropped,
    label_report,
    preference_report,
    preference_tokens,
    token_rows,
)
from ta_pipeline.chat.selection import account_for, select_rows
from ta_pipeline.chat.template import load_tokenizer
from ta_pipeline.params import DpoParams, TokenizeParams
from ta_pipeline.records import InputError
from ta_pipeline.training.watch.sets import general_apart


def tokenize_examples(
    examples: pa.Table, base_model: Path, tokenize: TokenizeParams
) -> tuple[pa.Table, pa.Table]:
    """Turn examples into labelled token rows, with a ledger of what was cut or dropped.

    Validation rows of public sets get a split of their own: training looks at them by themselves.
    """
    tokenizer = load_tokenizer(base_model)
    rows, ledger = token_rows(
        tokenizer, examples, tokenize.max_seq_len, tokenize.workers, tokenize.every_turn
    )
    check_dropped(ledger, tokenize.max_dropped_share)
    if rows.num_rows == 0:
        raise InputError(
            "tokenize: no example is left to learn from. Look at truncation_ledger and dropped_examples, "
            "and raise tokenize.max_seq_len or add teaching material."
        )
    return general_apart(rows), ledger


def pack_token_rows(
    token_rows: pa.Table, truncation_ledger: pa.Table, tokenize: TokenizeParams, task: str, seed: int
) -> tuple[pa.Table, dict[str, Any]]:
    """Pack the token rows of a task into blocks and report what is learned."""
    every, token_rows = token_rows.num_rows, select_rows(token_rows, task)
    blocks = pack(token_rows, tokenize.max_seq_len, tokenize.packing, seed)
    efficiency = pack_efficiency(blocks, tokenize.max_seq_len)
    report = label_report(token_rows, truncation_ledger, blocks, tokenize.max_seq_len, efficiency)
    return blocks, account_for(report, every - token_rows.num_rows, task)


def prove_labels(
    packed_rows: pa.Table,
    token_rows: pa.Table,
    examples: pa.Table,
    preference_tokens: pa.Table,
    preferences: pa.Table,
    base_model: Path,
    tokenize: TokenizeParams,
    task: str,
) -> tuple[pa.Table, dict[str, Any]]:
    """Hand on the blocks whose labels are proved, with the proof; a fault stops the run before training."""
    tokenizer = load_tokenizer(base_model)
    rows = select_rows(token_rows, task)
    proof = prove_blocks(tokenizer, packed_rows, rows, examples, tokenize.workers, tokenize.every_turn)
    pairs = prove_preferences(tokenizer, preference_tokens, preferences)
    return packed_rows, proof | {"preferences": pairs}


def tokenize_preferences(
    preferences: pa.Table, base_model: Path, dpo: DpoParams, seed: int
) -> tuple[pa.Table, dict[str, Any]]:
    """Turn preference pairs into token ids over one prompt each, in the order in which DPO takes them."""
    rows, ledger = preference_tokens(
        load_tokenizer(base_model), preferences, dpo.max_prompt_tokens, dpo.max_answer_tokens
    )
    return in_steps(rows, dpo.global_batch_size, seed), preference_report(rows, ledger)
