import io

import pyarrow as pa
import pytest

from ta_pipeline.evaluation import plots

FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
SCORES = {
    "artefacts": {
        "dpo": {"reference_loss": FIGURE, "rouge_l": FIGURE, "f1": FIGURE},
        "gguf-q8_0": {"reference_loss": FIGURE | {"value": 0.55}, "rouge_l": FIGURE},
    }
}
HISTORY = pa.table(
    {
        "step": pa.array([1, 2, 3], pa.int32()),
        "loss": [3.0, 2.0, None],
        "validation_loss": pa.array([None, None, 2.5], pa.float64()),
        "token_accuracy": pa.array([None, None, None], pa.float64()),
    }
)


def texts(figure):
    axes = [text.get_text() for axis in figure.axes for text in [*axis.texts, axis.title, axis._left_title]]
    return " | ".join(text for text in axes if text)


def test_loss_curves_draw_what_was_recorded_and_say_what_was_not():
    figure = plots.loss_curves(HISTORY, HISTORY)
    assert [len(axis.lines) for axis in figure.axes] == [3, 3, 0, 0]  # raw, smoothed, validation
    assert texts(figure).count("not recorded") == 2
    assert figure.axes[0].lines[2].get_xydata().tolist() == [[3.0, 2.5]]


def test_step_curves_draw_both_trainings_in_each_panel_and_say_what_was_not_recorded():
    taken = {"grad_norm": [1.0, 2.0, 1.5], "memory_gb": [2.0, 2.0, 2.1], "mfu": [0.1, 0.2, 0.2]}
    sft = HISTORY.append_column("tokens_per_second", pa.array([10.0, 12.0, 11.0]))
    for name, values in taken.items():
        sft = sft.append_column(name, pa.array(values))
    figure = plots.step_curves(sft, sft.drop_columns(["mfu"]))
    assert [len(axis.lines) for axis in figure.axes] == [4, 4, 2, 4]  # raw and smoothed of each training
    assert all(axis.get_ylim()[0] == 0 for axis in figure.axes)
    assert texts(plots.step_curves(HISTORY, HISTORY)).count("not recorded") == 4


def test_a_loss_on_general_rows_has_a_mark_of_its_own():
    general = HISTORY.append_column("general_loss", pa.array([2.0, None, 2.2]))
    axis = plots.loss_curves(general, HISTORY).axes[0]
    assert axis.get_legend_handles_labels()[1] == ["training", "validation", "general rows"]
    assert axis.lines[3].get_xydata().tolist() == [[1.0, 2.0], [3.0, 2.2]]


def test_a_single_logged_step_is_still_visible():
    figure = plots.loss_curves(HISTORY.slice(0, 1), HISTORY.slice(0, 1))
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_smoothing_starts_at_the_first_value():
    assert plots._smooth([4.0, 4.0, 4.0]) == pytest.approx([4.0, 4.0, 4.0])
    assert plots._smooth([1.0, 0.0]) == pytest.approx([1.0, 0.8 * 0.2 / (1 - 0.8**2)])


def test_score_bars_show_only_measured_metrics_with_their_numbers_of_questions():
    shown = texts(plots.score_bars(SCORES))
    assert "Token F1" in shown
    assert "BLEU" not in shown
    assert "0.55  (n=10)" in shown
    assert "not measured" in shown  # gguf-q8_0 has no F1


def test_rows_are_drawn_as_shares_with_their_counts():
    figure = plots.rows_through_stages({"ingest": {"in": 200, "kept": 150, "dropped": 50}})
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.75, 0.25, 0.0]
    assert "200 in, 150 kept, 50 dropped" in texts(figure)


def test_size_is_drawn_against_score_for_every_scored_file():
    files = [{"format": "q8_0", "bytes": 144_800_000}, {"format": "never_scored", "bytes": 1}]
    figure = plots.size_against_score(SCORES, {"files": files})
    assert "q8_0\n145 MB\n0.55" in texts(figure)
    assert "never_scored" not in texts(figure)


def test_an_artefact_has_one_colour_and_an_unknown_one_a_stable_spare():
    assert plots.colour("sft") != plots.colour("dpo")
    assert plots.colour("awq") == plots.colour("awq")


def test_figures_are_saved_without_pyplot():
    stream = io.BytesIO()
    plots.score_bars(SCORES).savefig(stream, format="png")
    assert stream.getvalue().startswith(b"\x89PNG")
