"""Answers of a wizard that was cut off, kept in the state folder without any secret, and found again at the next."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vmm_wizard.install.orders import Order
from vmm_wizard.plan.answers import AnswersError, load_draft
from vmm_wizard.plan.saving import dumps
from vmm_wizard.wizard.answers import Answers

_FOLDER = "kept-answers"
_FIRST = "# vmm-wizard kept these answers when it was cut off: "


@dataclass(frozen=True, slots=True)
class Kept:
    """Answers that were kept: where, when, of which answer file (None: of none yet), and the choices of the job."""

    path: Path
    when: datetime
    of: Path | None
    order: Order


def keep(answers: Answers, folder: Path) -> Path | None:
    """Write what is not saved into the state folder `folder`; None where all is saved. Raises OSError.

    The answer file itself stays as it is: it may be in git, and nobody said to save.
    """
    if not answers.unsaved:
        return None
    now = datetime.now(UTC)
    place = folder / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    about = {
        "when": now.isoformat(timespec="seconds"),
        "of": str(answers.file.absolute()) if answers.file else "",
        "order": answers.order.as_json(),
    }
    texts = {key: text for key, text in answers.texts.items() if not key.startswith("order.")}
    path = place / f"{now:%Y%m%d-%H%M%S}-{os.getpid()}.toml"
    path.touch(mode=0o600)
    path.write_text(f"{_FIRST}{json.dumps(about)}\n{dumps(answers.plan, texts)}", encoding="utf-8")
    return path


def kept(folder: Path, file: Path | None) -> Kept | None:
    """The newest answers that were kept of the answer file `file` (None: of no file); None when there are none."""
    try:
        paths = sorted((folder / _FOLDER).glob("*.toml"), reverse=True)
    except OSError:
        return None
    wanted = file.absolute() if file else None
    return next((row for row in map(_read, paths) if row is not None and row.of == wanted), None)


def _read(path: Path) -> Kept | None:
    try:
        with path.open(encoding="utf-8") as lines:
            first = lines.readline()
        about = json.loads(first.removeprefix(_FIRST))
        of = Path(about["of"]) if about["of"] else None
        return Kept(path, datetime.fromisoformat(about["when"]), of, Order.from_json(about["order"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Not one of ours, or half written: it is left alone.
        return None


def take_up(row: Kept, answers: Answers) -> None:
    """Put the answers that were kept in place of those in `answers`, whose file stays. Raises AnswersError."""
    draft = load_draft(row.path)
    answers.plan, answers.order, answers.texts, answers.wrong = draft.plan, row.order, {}, {}
    for key, text in draft.texts.items():
        answers.answer(key, text)


def forget(row: Path) -> None:
    """Remove answers that were kept; one that cannot be removed stays."""
    try:
        row.unlink(missing_ok=True)
    except OSError:
        return


__all__ = ["AnswersError", "Kept", "forget", "keep", "kept", "take_up"]
