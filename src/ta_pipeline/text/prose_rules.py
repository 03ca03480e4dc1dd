"""Ask whether pages read like prose: the rules of Gopher and FineWeb with thresholds for each language.

For pages and transcripts without their code, formulas, tables and equations, never for the turns of a
dialogue. Lines are looked at in pages only: a caption ends where the speaker breathes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ta_pipeline.params import ProseLimits
from ta_pipeline.text.repetition import TokenBatch, duplicate_lines

#: Reason and detail of a fault.
Why = tuple[str, str]

#: Characters of documents that are counted at once; each takes a few dozen bytes of memory meanwhile.
_BATCH = 2_000_000
#: Lines of prose from which it can be asked how they end.
_ENOUGH_LINES = 10
#: A line with one of these is an equation or a row of a table, or has one in it.
_NO_PROSE = re.compile("[=≈≠≤≥|×÷]")
#: A line without a letter or a digit.
_RULE = re.compile(r"^[\W_]+$", re.MULTILINE)
#: What heads an item of a list: a bullet, a number of any kind, the letter of a choice.
_MARKER = r"[-*+•]\s|[(（]?(?:\d{1,3}|[A-Za-z]|[IVXivx]{1,5}|[一二三四五六七八九十]{1,3})[.)、）．]"
_MARKERS = re.compile(rf"^[ \t]*(?:{_MARKER})", re.MULTILINE)
#: A heading, a quotation, an item of a list, a label: no sentence is expected to end there.
_NO_SENTENCE = re.compile(rf"\s*(?:#|>|{_MARKER})|.*[:：]")
#: What ends a sentence or a verse, whatever signs (an emoji) follow it.
_SENTENCE_END = re.compile("[.!?…。！？；;,，\"'”’」』)）\\]】*_][^\\w]*$")


def find_prose_faults(
    pages: Mapping[int, str],
    kinds: Mapping[int, str],
    languages: Mapping[int, str],
    limits: Mapping[str, ProseLimits],
) -> dict[int, Why]:
    """Return the first fault of each page that does not read like prose, by its key."""
    faults: dict[int, Why] = {}
    for language, limit in sorted(limits.items()):
        keys = [key for key in pages if languages[key] == language]
        for batch in _batches(keys, pages):
            texts = [_prose_lines(pages[key]) for key in batch]
            bare = [_MARKERS.sub("", text) for text in texts]
            tokens = TokenBatch(bare, by_character=language == "zh")
            for number, why in [*_repetition(tokens, limit), *_words(tokens, limit)]:
                faults.setdefault(batch[number], why)
            for number, key in enumerate(batch):
                if key in faults or kinds[key] != "text" or tokens.counts[number] < limit.min_tokens:
                    continue
                if line_fault := next(_lines(texts[number], int(tokens.counts[number]), limit), None):
                    faults[key] = line_fault
    return faults


def _prose_lines(page: str) -> str:
    if _NO_PROSE.search(page):
        page = "\n".join(line for line in page.split("\n") if not _NO_PROSE.search(line))
    return _RULE.sub("", page)


def _batches(keys: Sequence[int], pages: Mapping[int, str]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for key in keys:
        batch.append(key)
        size += len(pages[key])
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _repetition(tokens: TokenBatch, limit: ProseLimits) -> Iterator[tuple[int, Why]]:
    """Yield pages whose n-grams repeat; shares of a shorter one hang on a single sentence."""
    long = tokens.counts >= limit.min_tokens_for_ngrams
    for n, allowed in sorted(limit.top_ngrams.items()):
        shares = tokens.top_shares(n)
        for number in (long & (shares > allowed)).nonzero()[0].tolist():
            yield (
                number,
                ("repetition", f"one {n}-gram is {shares[number]:.2f} of the text, {allowed:g} allowed"),
            )
    for n, allowed in sorted(limit.duplicate_ngrams.items()):
        shares = tokens.duplicate_shares(n)
        for number in (long & (shares > allowed)).nonzero()[0].tolist():
            why = f"{shares[number]:.2f} of the text is in repeated {n}-grams, {allowed:g} allowed"
            yield number, ("repetition", why)
        # What repeats in longer n-grams repeats in shorter ones.
        if not (long & (shares > min(limit.duplicate_ngrams.values()))).any():
            break


def _words(tokens: TokenBatch, limit: ProseLimits) -> Iterator[tuple[int, Why]]:
    long = tokens.counts >= limit.min_tokens
    lengths, letters = tokens.mean_lengths(), tokens.letter_shares()
    stop_words = tokens.count_of(limit.stop_words)
    least, most = limit.word_length
    for number in (long & ((lengths < least) | (lengths > most))).nonzero()[0].tolist():
        yield number, ("odd_words", f"{lengths[number]:.1f} characters a word, {least:g} to {most:g} allowed")
    for number in (long & (letters < limit.min_letter_share)).nonzero()[0].tolist():
        why = f"{letters[number]:.2f} of the words have a letter, {limit.min_letter_share:g} needed"
        yield number, ("odd_words", why)
    for number in (long & (stop_words < limit.min_stop_words)).nonzero()[0].tolist():
        why = f"{stop_words[number]:.0f} of the commonest words, {limit.min_stop_words} needed"
        yield number, ("odd_words", why)


def _lines(text: str, words: int, limit: ProseLimits) -> Iterator[Why]:
    lines, characters = duplicate_lines(text)
    if lines > limit.duplicate_lines:
        yield "repetition", f"{lines:.2f} of the lines repeat, {limit.duplicate_lines:g} allowed"
    if characters > limit.duplicate_line_characters:
        allowed = limit.duplicate_line_characters
        yield "repetition", f"{characters:.2f} of the text is in repeated lines, {allowed:g} allowed"
    prose = [line for line in text.split("\n") if line.strip() and not _NO_SENTENCE.match(line)]
    if len(prose) < _ENOUGH_LINES:
        return
    ends = sum(_SENTENCE_END.search(line) is not None for line in prose)
    if (share := ends / len(prose)) <= limit.min_sentence_ends:
        yield "no_sentences", f"{share:.2f} of the lines end a sentence, {limit.min_sentence_ends:g} needed"
    if (share := (len(prose) - ends) / words) > limit.lines_per_token:  # verses are short and end in a comma
        yield "no_sentences", f"{share:.2f} lines without an end a word, {limit.lines_per_token:g} allowed"
