"""Six runs broken on purpose, really trained; each is named by its cause and by nothing else.

`pytest -s` prints them as a table.
"""

from __future__ import annotations

import pytest

from ta_pipeline.training.watch.diagnosis import Finding, diagnose
from ta_pipeline.training.watch.events import history
from ta_pipeline.training.watch.steps import NotANumberError, NothingToLearnError

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]

LORA = {"rank": 8, "alpha": 16, "dropout": 0.0, "targets": "attention+mlp"}
SOUND = {"learning_rate": 1e-2, "max_steps": 40, "eval_every": 8, "warmup_share": 0.1, "lora": LORA}


def table(runs: dict[str, list[Finding]]) -> str:
    """Write what was found in each run, a row a finding."""
    rows = [("run", "found", "step", "evidence", "cure")]
    for name, findings in runs.items():
        for found in findings or [Finding("nothing", "note", None, "")]:
            step = "" if found.step is None else str(found.step)
            rows.append((name, found.name, step, found.evidence, (found.cures or [""])[0]))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), " | ".join(row[3:])]
        )
        for row in rows
    )


@pytest.fixture
def findings_of(make_job, run_job, events_of, schooled_model):
    """Train on blocks with SOUND and what is changed of it, to the end or until it is stopped."""

    def find(name, blocks, **changes):
        job = make_job(blocks, name, schooled_model, **SOUND | changes)
        printed = ""
        try:
            run_job(job)
        except (NotANumberError, NothingToLearnError) as error:
            printed = f"{type(error).__name__}: {error}"
            assert not job.result.exists()
        return diagnose(history(events_of(job)), job.parameters, printed)

    return find


def test_each_of_six_broken_runs_is_named_by_its_cause_alone_and_sound_ones_by_none(counted, findings_of):
    course = [counted(f"course{i}", 3 * i) for i in range(20)]
    seen = [counted(f"seen{i}", 3 * i + 1, split="validation") for i in range(6)]
    replay = [counted(f"replay{i}", 5 * i + 1, course=False) for i in range(20)]
    general = [counted(f"general{i}", 5 * i + 2, split="general", course=False) for i in range(6)]
    poisoned = counted("poisoned", 0, wrong=1.0)
    few = [counted(f"few{i}", 9 * i, wrong=0.25) for i in range(3)]
    large = {"rank": 32, "alpha": 64, "dropout": 0.0, "targets": "attention+mlp"}

    runs = {
        "sound": findings_of("sound", course + seen),
        "sound, with replay": findings_of(
            "replay", course + replay + seen + general, global_batch_size=4, max_steps=80
        ),
        "learning rate 1": findings_of("hot", course + seen, learning_rate=1.0),
        "learning rate 1e-9": findings_of("cold", course + seen, learning_rate=1e-9),
        "every label masked": findings_of("masked", [row | {"labels": [-100] * 26} for row in course] + seen),
        "one poisoned row": findings_of(
            "poison", [*course, poisoned, *seen], max_steps=60, global_batch_size=1
        ),
        "three rows, read forty times": findings_of("few", few + seen, max_steps=60, lora=large),
        "no replay": findings_of("forgets", course + seen + general),
    }
    print("\n" + table(runs))

    assert {name: [found.name for found in findings] for name, findings in runs.items()} == {
        "sound": [],
        "sound, with replay": [],
        "learning rate 1": ["diverged"],
        "learning rate 1e-9": ["loss_does_not_fall"],
        "every label masked": ["nothing_to_learn"],
        "one poisoned row": ["spike"],
        "three rows, read forty times": ["overfitting"],
        "no replay": ["forgetting"],
    }
    assert "course" in runs["every label masked"][0].evidence
    assert "rows in the batch: poisoned." in runs["one poisoned row"][0].evidence
