"""Derive what an Ollama TEMPLATE must print from a model's own Jinja chat template, by probing it.

The Jinja template is asked to render conversations of marker words, and what it prints around them is
read off: nothing is known of any model by name. What this form cannot say (templates that trim, count
or rewrite turns) is found by `serving.parity`, which holds both renderings against each other. Turns of
tools are outside this form for now.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ta_pipeline.records import InputError

Messages = Sequence[dict[str, str]]
#: Render messages with the model's own template; the flag asks for the generation prompt.
Render = Callable[[Messages, bool], str]

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class ChatFormat:
    """What a chat template prints around the words of a conversation.

    `opening` comes before a conversation that does not begin with a system turn (a default system turn,
    in SmolLM2's case); `before` and `after` are by role; `generation` invites the answer.
    """

    opening: str
    before: dict[str, str]
    after: dict[str, str]
    generation: str

    def render(self, messages: Messages) -> str:
        """Render messages as Ollama will with `go_template`: neighbours of one role become one turn."""
        turns: list[dict[str, str]] = []
        for message in messages:
            if turns and turns[-1]["role"] == message["role"]:
                turns[-1]["content"] += "\n\n" + message["content"]
            else:
                turns.append(dict(message))
        opening = self.opening if turns and turns[0]["role"] != "system" else ""
        body = "".join(self.before[t["role"]] + t["content"] + self.after[t["role"]] for t in turns)
        return opening + body + self.generation


def derive_chat_format(render: Render) -> ChatFormat:
    """Read the parts of a chat template off what it prints around marker words.

    Raises `InputError` where the pieces do not fit together, or the template refuses a plain conversation.
    """
    system, user, assistant, again = (
        {"role": role, "content": f"MARKER{n}"}
        for n, role in enumerate(("system", "user", "assistant", "user"))
    )
    one, one_open = _pieces(render, [user], False), _pieces(render, [user], True)
    reply = _pieces(render, [user, assistant], False)
    three = _pieces(render, [user, assistant, again], True)
    led = _pieces(render, [system, user], True)
    after_user, after_assistant = one[1], reply[2]
    before_user = _without_start(three[2], after_assistant)
    return ChatFormat(
        opening=_without_end(one[0], before_user),
        before={
            "system": led[0],
            "user": before_user,
            "assistant": _without_start(three[1], after_user),
        },
        after={"system": _without_end(led[1], before_user), "user": after_user, "assistant": after_assistant},
        generation=_without_start(one_open[1], after_user),
    )


def _pieces(render: Render, messages: Messages, generation: bool) -> list[str]:
    """Render marker messages and cut the text at the markers: what stands before, between and after them."""
    from jinja2 import TemplateError

    try:
        rest = render(messages, generation)
    except TemplateError as error:
        raise InputError(
            f"the chat template refuses a conversation of {[m['role'] for m in messages]}: {error}. "
            "No Ollama TEMPLATE can be derived from it."
        ) from error
    pieces = []
    for message in messages:
        before, found, rest = rest.partition(message["content"])
        if not found:
            raise InputError(
                f"the chat template leaves out the words of a {message['role']} turn, so no Ollama TEMPLATE "
                "can be derived from it."
            )
        pieces.append(before)
    return [*pieces, rest]


def _without_start(text: str, start: str) -> str:
    if not text.startswith(start):
        raise InputError(
            f"the chat template prints {text!r} where {start!r} should begin it, so a turn looks different "
            "depending on what follows and no Ollama TEMPLATE can be derived from it."
        )
    return text[len(start) :]


def _without_end(text: str, end: str) -> str:
    if not text.endswith(end):
        raise InputError(
            f"the chat template prints {text!r} where {end!r} should end it, so a turn looks different "
            "depending on what came before and no Ollama TEMPLATE can be derived from it."
        )
    return text[: len(text) - len(end)]


def go_template(chat: ChatFormat) -> str:
    """Write the format as a Go `text/template` over Ollama's `.Messages`.

    No `{{-` anywhere: it would eat the newlines that belong to the turns.
    """
    turns = "".join(
        f'{{{{ {"else " if n else ""}if eq $m.Role "{role}" }}}}'
        f"{go_literal(chat.before[role])}{{{{ $m.Content }}}}{go_literal(chat.after[role])}"
        for n, role in enumerate(_ROLES)
    )
    opening = ""
    if chat.opening:
        opening = f'{{{{ if and (eq $i 0) (ne $m.Role "system") }}}}{go_literal(chat.opening)}{{{{ end }}}}'
    return (
        f"{{{{ range $i, $m := .Messages }}}}{opening}{turns}{{{{ end }}}}{{{{ end }}}}"
        f"{go_literal(chat.generation)}"
    )


def go_literal(text: str) -> str:
    """Write text so that it survives Ollama's Modelfile parser and Go's template parser.

    The Modelfile parser drops what Go does not call printable (U+3000 and joiners among it) and ends a
    value at quotes; such text goes into a quoted Go string, everything else stands as it is.
    """
    if all(c == "\n" or (c not in '"{}' and _is_printable(c)) for c in text):
        return text
    return "{{ " + _go_string(text) + " }}"


def _is_printable(char: str) -> bool:
    """Tell what Go's strconv.IsPrint keeps: letters, marks, numbers, punctuation, symbols, the space."""
    return char == " " or unicodedata.category(char)[0] in "LMNPS"


def _go_string(text: str) -> str:
    return '"' + "".join(map(_go_escape, text)) + '"'


def _go_escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if " " <= char <= "~":
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def stop_strings(chat: ChatFormat, special_tokens: Sequence[str]) -> list[str]:
    """Return the special tokens that the template prints at the end of an answer and the start of a turn."""
    printed = chat.after["assistant"] + chat.before["user"]
    found = sorted({t for t in special_tokens if t in printed}, key=printed.index)
    if not any(t in chat.after["assistant"] for t in found):
        raise InputError(
            f"the chat template ends an answer with {chat.after['assistant']!r}, which holds none of the "
            "tokenizer's special tokens, so Ollama would not know where to stop."
        )
    return found
