"""Whether a SQL Server that was found can carry VMM's database, as far as can be told without logging on to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from vmm_wizard.facts.discovery_model import FoundInstance
from vmm_wizard.plan.model import Release
from vmm_wizard.plan.releases import Support, requirements, sql_support
from vmm_wizard.texts import text

#: The name that SQL Server Express gives its instance by itself.
_EXPRESS = "SQLEXPRESS"


class Fit(StrEnum):
    """What is known of it. MAYBE: what was told says nothing against it, or nothing was told. The values are those of
    the JSON report."""

    YES = "fits"
    MAYBE = "not known"
    NO = "does not fit"

    @property
    def words(self) -> str:
        """What is said of it."""
        return text(f"evidence.fitness.fit.{self.name.lower()}")


@dataclass(frozen=True, slots=True)
class Fitness:
    """The verdict and its reason, a few words."""

    fit: Fit
    reason: str


def fitness(found: FoundInstance, release: Release, nodes: Collection[str] = ()) -> Fitness:
    """By the version that SQL Browser told (REQ*), by its place (SEED) and by its name (expert).

    `nodes` are the qualified names of the nodes that VMM shall run on, case-folded. SQL-02 to SQL-04 judge the rest,
    once it is chosen.
    """
    if found.host.casefold() in nodes:
        return Fitness(Fit.NO, text("evidence.fitness.on_a_node"))
    if found.instance.upper() == _EXPRESS:
        return Fitness(Fit.NO, text("evidence.fitness.express"))
    major = found.version.partition(".")[0]
    if not major.isdigit():
        return Fitness(Fit.MAYBE, text("evidence.fitness.not_told"))
    support, note = sql_support(release, int(major))
    if support is Support.NO:
        names = text("evidence.shared.or").join(requirements(release).sql_names)
        return Fitness(Fit.NO, text("evidence.fitness.takes", release=release, names=names))
    if support is Support.UNKNOWN:
        return Fitness(Fit.MAYBE, text("evidence.fitness.newer", release=release))
    return Fitness(Fit.YES, note)
