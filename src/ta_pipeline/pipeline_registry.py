"""The pipelines a user can name. Explicit, so that composites work under `--pipelines`."""

from kedro.pipeline import Pipeline

from ta_pipeline.pipelines import (
    clean,
    compose,
    deploy,
    dpo,
    evaluate,
    ingest,
    quantize,
    report,
    sft,
    tokenize,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Map every registered name to its pipeline."""
    stages = {
        "ingest": ingest.create_pipeline(),
        "clean": clean.create_pipeline(),
        "compose": compose.create_pipeline(),
        "tokenize": tokenize.create_pipeline(),
        "sft": sft.create_pipeline(),
        "dpo": dpo.create_pipeline(),
        "evaluate": evaluate.create_pipeline(),
        "quantize": quantize.create_pipeline(),
        "deploy": deploy.create_pipeline(),
        "report": report.create_pipeline(),
    }
    data = stages["ingest"] + stages["clean"] + stages["compose"] + stages["tokenize"]
    trained = data + stages["sft"] + stages["dpo"] + stages["evaluate"]
    return stages | {
        "data": data,
        "train": trained + report.create_pipeline(with_artefacts=False),
        "__default__": trained + stages["quantize"] + stages["deploy"] + stages["report"],
    }
