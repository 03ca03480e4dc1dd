"""Write `summary.json` and `report.html`."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.report.nodes import report_full_run, report_training

_TRAINING = {
    "clock": "run_clock",
    "ingest": "ingest_report",
    "cleaning": "cleaning_report",
    "compose": "compose_report",
    "labels": "label_report",
    "preference": "preference_report",
    "sft_history": "sft_history",
    "sft": "sft_report",
    "dpo_history": "dpo_history",
    "dpo": "dpo_report",
    "scores": "scores",
    "questions": "questions",
    "question_scores": "question_scores",
    "dropped": "dropped",
    "base_model_name": "params:base_model",
    "course": "params:course",
}
_ARTEFACTS = {
    "merge": "merge_report",
    "gguf": "gguf_report",
    "artefact_scores": "artefact_scores",
    "artefact_question_scores": "artefact_question_scores",
    "gguf_files": "gguf_files",
    "vllm_bundle": "vllm_bundle",
    "ollama_bundle": "ollama_bundle",
}


def create_pipeline(with_artefacts: bool = True) -> Pipeline:
    """Wire the report of a training run, or of a full run with its artefacts and bundles."""
    outputs = ["summary", "report", "loss_plot"]
    if with_artefacts:
        node = Node(
            func=report_full_run, inputs=_TRAINING | _ARTEFACTS, outputs=outputs, name="report_full_run"
        )
    else:
        node = Node(func=report_training, inputs=_TRAINING, outputs=outputs, name="report_training")
    return Pipeline([node], tags="report")
