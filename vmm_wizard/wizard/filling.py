"""What an answer implies for others: filled in where nothing is answered, and said: pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from vmm_wizard.facts.all_facts import NoAnswer
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.pages import LABELS
from vmm_wizard.wizard.suggesting import is_free

if TYPE_CHECKING:
    from vmm_wizard.facts.discovery_model import Discovery


def fill_ins(keys: Collection[str], answers: Answers, found: Discovery | None) -> Mapping[str, str]:
    """The texts that the answers `keys`, which were just typed, imply for answers that are not given; by key."""
    texts: dict[str, str] = {}
    for key in keys:
        make = _MAKERS.get(key)
        if make is not None and found is not None and key not in answers.wrong:
            texts |= {other: said for other, said in make(answers.plan, found).items() if other not in keys}
    return {key: said for key, said in texts.items() if is_free(answers, key)}


def filled(keys: Collection[str]) -> str:
    """The sentence that tells what was filled in; empty when nothing was."""
    names = [LABELS[key] for key in keys]
    return text("found.filled", names=", ".join(names)) if names else ""


def _domain(plan: Plan, found: Discovery) -> Mapping[str, str]:
    """An account named by the short name of a domain that this computer knows."""
    short = plan.installing_account.domain.casefold()
    named = [name for name in found.domains if name.partition(".")[0] == short]
    return {"domain": named[0]} if len(named) == 1 and not plan.dns_domain else {}


def _nodes(plan: Plan, found: Discovery) -> Mapping[str, str]:
    """The nodes of the cluster that was named."""
    from vmm_wizard.facts.discovery_model import Clusters

    wanted = plan.cluster.name.label.casefold()
    rows = found.clusters.clusters if isinstance(found.clusters, Clusters) else ()
    nodes = next((row.nodes for row in rows if row.name == wanted), ())
    return {"cluster.nodes": ", ".join(nodes)} if nodes else {}


def _instance(plan: Plan, found: Discovery) -> Mapping[str, str]:
    """The instance of a server that has but one, and a name."""
    rows = () if isinstance(found.instances, NoAnswer) else found.instances
    here = [row for row in rows if plan.sql_host and row.host == plan.sql_host.casefold()]
    return {"database.instance": here[0].instance} if len(here) == 1 and here[0].instance else {}


_MAKERS: Mapping[str, Callable[[Plan, Discovery], Mapping[str, str]]] = {
    "installing_account": _domain,
    "cluster.name": _nodes,
    "database.host": _instance,
}
