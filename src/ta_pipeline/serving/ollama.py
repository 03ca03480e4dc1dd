"""A folder that puts a GGUF into Ollama, with a TEMPLATE that prints what the model was trained on.

The TEMPLATE is derived and proven, never guessed: Ollama would otherwise attach a built-in template that
is merely similar. No SYSTEM is set, since the model's own default system turn stands in the TEMPLATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ta_pipeline.chat.template import load_tokenizer, render
from ta_pipeline.params import DeployParams
from ta_pipeline.records import InputError
from ta_pipeline.serving.bundle import card_values, client_host, context_length, place, write_from
from ta_pipeline.serving.chat_format import derive_chat_format, go_literal, go_template, stop_strings
from ta_pipeline.serving.parity import check_parity

#: Ollama's own port.
_PORT = 11434


def modelfile(
    gguf: str, template: str, stops: list[str], context: int, licence: str, deploy: DeployParams
) -> str:
    """Write a Modelfile: the file, its TEMPLATE, sampling parameters, stop strings and licence.

    The TEMPLATE begins right after its quotes: a line break there would be part of every prompt.
    """
    if '"""' in template or any('"' in stop or go_literal(stop) != stop for stop in stops):
        raise InputError(
            "the chat template prints quotes where a Modelfile cannot hold them, so Ollama cannot serve this "
            "model. Serve it with vLLM, which uses the model's own template."
        )
    lines = [
        f"FROM ./{gguf}",
        f'TEMPLATE """{template}"""',
        f"PARAMETER temperature {deploy.temperature}",
        f"PARAMETER repeat_penalty {deploy.repeat_penalty}",
        f"PARAMETER num_ctx {context}",
        *(f'PARAMETER stop "{stop}"' for stop in stops),
        *([f'LICENSE """{licence}"""'] if licence else []),
    ]
    return "\n".join(lines) + "\n"


def derive_template(model: Path) -> tuple[str, list[str], int]:
    """Return TEMPLATE and stop strings for a model folder, and on how many conversations it was proven.

    Raises `InputError` where the model's chat template has no exact counterpart.
    """
    tokenizer = load_tokenizer(model)
    chat = derive_chat_format(lambda messages, generation: render(tokenizer, messages, generation))
    proven = check_parity(tokenizer, chat)
    special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return go_template(chat), stop_strings(chat, special), proven


def write_ollama_bundle(
    merged_model: Path,
    gguf: Path,
    scores: Mapping[str, Any],
    base_model: str,
    deploy: DeployParams,
    target: Path,
) -> None:
    """Fill the folder `target` with the GGUF, Modelfile, start script, client and papers."""
    if not gguf.is_file():
        raise InputError(
            f"{gguf} is not there: deploy.ollama_format is {deploy.ollama_format!r}. "
            "Add it to quantize.formats or name one that is."
        )
    template, stops, proven = derive_template(merged_model)
    place(gguf, target / f"{deploy.name}.gguf")
    licence = "Apache-2.0" if base_model.startswith("bundled:") else ""
    context = context_length(merged_model, deploy)
    (target / "Modelfile").write_text(
        modelfile(f"{deploy.name}.gguf", template, stops, context, licence, deploy), encoding="utf-8"
    )
    values = {
        **card_values(base_model, scores, deploy),
        "weights": f"GGUF {deploy.ollama_format}, base model and adapter merged",
        "gguf": f"{deploy.name}.gguf",
        "address": f"{deploy.host}:{_PORT}",
        "url": f"http://{client_host(deploy.host)}:{_PORT}",
        "temperature": deploy.temperature,
        "proven": proven,
    }
    write_from("ollama_start.sh.j2", target / "start.sh", values, executable=True)
    write_from("ollama_client.py.j2", target / "client.py", values)
    write_from("ollama_README.md.j2", target / "README.md", values)
    write_from("MODEL_CARD.md.j2", target / "MODEL_CARD.md", values)
