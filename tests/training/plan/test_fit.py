"""The fit finds the constants again that peaks were made with."""

import pytest
from benchmarks import plan

from ta_pipeline.training.plan.forecast import Fitted, forecast
from ta_pipeline.training.plan.shapes import shape_of

SMOLLM2 = {
    "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152, "tie_word_embeddings": True,
}  # fmt: skip


def test_the_fit_finds_the_constants_that_peaks_were_made_with(monkeypatch):
    shape = shape_of(SMOLLM2, "smollm2")
    monkeypatch.setattr(plan, "_shape", lambda: shape)
    made = Fitted(process=7e8, slack=1.3)
    peaks = [(one, forecast(shape, plan.run_of(one), made).peak) for one in plan.FIT]
    found = plan.fit(peaks)
    assert found.process == pytest.approx(7e8) and found.slack == pytest.approx(1.3)


def test_it_is_fitted_on_three_and_held_to_at_least_six_others():
    assert len(plan.FIT) == 3 and len(plan.FORECAST) >= 6
    assert not {one.name for one in plan.FIT} & {one.name for one in plan.FORECAST}


def test_no_two_rows_begin_alike_so_that_every_token_is_read():
    table = plan.blocks_of(plan.Configuration("two", row=20, rows=2), vocabulary=1000)
    assert table.num_rows == plan.STEPS and table["seq_lengths"].to_pylist()[0] == [20, 20]
    labels = table["labels"].to_pylist()[0]
    assert sum(label != -100 for label in labels) == 2 * 8
    starts = {tuple(ids[place : place + 16]) for ids in table["input_ids"].to_pylist() for place in (0, 20)}
    assert len(starts) == 2 * plan.STEPS
