"""All that follows an install, in the order in which it is best done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from vmm_wizard.afterwards import always_on, registration, upkeep, vmm_itself
from vmm_wizard.afterwards.model import OPEN, FollowUp, State, Step, View, Who, printable_step
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.vmm_report import VmmReport
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable
from vmm_wizard.texts import text

#: Every follow-up by its id. Registration comes first: without it no console connects.
_MAKERS: Mapping[str, Callable[[View], Iterable[Step]]] = {
    "spn": registration.principal_names,
    "scp": registration.connection_point,
    "always-on": always_on.group_steps,
    "backup": upkeep.backup,
    "library": vmm_itself.library,
    "administrators": vmm_itself.administrators,
    "consoles": vmm_itself.consoles,
    "owners": vmm_itself.owners,
    "antivirus": upkeep.antivirus,
    "updates": upkeep.updates,
    "evaluation": upkeep.evaluation,
    "rotate": upkeep.rotate,
}

IDS: tuple[str, ...] = tuple(_MAKERS)

#: What is worked on while VMM is away for a while: the way of a database that setup is told a listener for.
_ALSO_WITHOUT_VMM = frozenset({"always-on"})


#: What checks say nothing of before the role is there.
_JUDGED_LATER = frozenset({"spn", "scp", "consoles", "updates", "library"})


def follow_ups(plan: Plan, facts: Facts, vmm: VmmReport | None = None, file: str = "FILE") -> tuple[FollowUp, ...]:
    """Everything that follows the install of `plan`, with states by `facts` and, where it was asked, by VMM itself.

    `file` is the answer file's name for commands. Pure and total: what is not known is an *unknown* step. Before the
    planned role is there, all of it is still to come.
    """
    view = View(plan, facts, vmm, file)
    here = situation(plan, facts)
    return tuple(_made(view, name, here.role, here.why) for name in _MAKERS)


def is_installed(plan: Plan, facts: Facts) -> bool:
    """Whether the planned role is there: before that, nobody is asked for what follows it."""
    return situation(plan, facts).role is Role.OURS


def _made(view: View, name: str, role: Role, why: str) -> FollowUp:
    steps = tuple(printable_step(step) for step in _MAKERS[name](view))
    if role is not Role.OURS and not (name in _ALSO_WITHOUT_VMM and _has_begun(steps)):
        state = State.UNKNOWN if role is Role.UNKNOWN else State.TO_DO
        kept = (State.NOT_NEEDED,) if name not in _JUDGED_LATER else ()
        steps = tuple(step if step.state in kept else replace(step, state=state) for step in steps)
        told = why if role is Role.UNKNOWN else text("afterwards.follow_ups.later", why=why)
    elif name == "always-on":
        told = always_on.summary(view, steps)
    else:
        told = _evidence(steps)
    return _answered(
        view.plan,
        FollowUp(name, text(f"follow_ups.{name}.title"), text(f"follow_ups.{name}.why"), printable(told), steps),
    )


def _answered(plan: Plan, row: FollowUp) -> FollowUp:
    """What the answers say of a follow-up: accepted as it is, so that nothing of it is open; or asked for."""
    accepted = next((one for one in plan.accepted if one.check == row.code), None)
    if accepted is not None:
        steps = tuple(replace(s, state=State.NOT_NEEDED) if s.state in OPEN else s for s in row.steps)
        return replace(row, evidence=printable(f"{accepted}. {row.evidence}"), steps=steps)
    asked = {one.team: printable(str(one)) for one in plan.asked if one.check == row.code}
    return replace(row, steps=tuple(replace(step, asked=asked.get(step.who.value, "")) for step in row.steps))


def _has_begun(steps: tuple[Step, ...]) -> bool:
    """Whether the database is on its way already: VMM is away because a step of it says so."""
    return any(step.who is Who.YOU and step.state is State.DONE for step in steps)


def _evidence(steps: tuple[Step, ...]) -> str:
    """What was read, in one sentence: of what is open, else of all."""
    counted = [step for step in steps if not step.trial]
    open_ones = [step.read for step in counted if step.state in OPEN]
    reads = open_ones or [step.read for step in counted]
    return "; ".join(dict.fromkeys(read for read in reads if read))
