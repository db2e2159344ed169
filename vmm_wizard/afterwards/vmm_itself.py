"""What is set in VMM with its own cmdlets: library, administrators; and who reaches it with a console."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.model import State, Step, View, Who, found, judged, state_of, steps_of
from vmm_wizard.checks.remedies import down_level, in_domain, powershell
from vmm_wizard.facts.model import LibraryFacts, NoAnswer, NotKnown
from vmm_wizard.texts import text

#: Proposed names: whoever has others uses those.
_SHARE, _RUN_AS, _GROUP = "VMMLibrary", "VMM library", "VMM Administrators"


def _connect(view: View) -> str:
    """The beginning of a command in VMM's shell: the connection to the role, which the cmdlets after it use."""
    name = powershell(view.plan.role_fqdn)
    return f"Get-SCVMMServer -ComputerName {name} -TCPPort {view.plan.ports.console} | Out-Null"


def library(view: View) -> Iterator[Step]:
    """The file server (LIB-01), then server and share in VMM with the default resources (HALIB)."""
    host = view.plan.library_host
    row = found(view, "LIB-01")[""]
    if not host:
        yield Step(
            text("afterwards.vmm_itself.choose"),
            Who.YOU,
            State.TO_DO,
            'file_server = "<file server role>"',
            text("afterwards.vmm_itself.in_answers", file=view.file),
            row.evidence,
            text("afterwards.vmm_itself.judges"),
        )
    else:
        yield from steps_of(
            row, text("afterwards.vmm_itself.make_fit", host=host), text("afterwards.vmm_itself.passes")
        )
    shown = host or text("afterwards.first_hour.names.library")
    share = rf"\\{shown}\{_share_of(view)}"
    state, read = _in_vmm(view, share)
    yield Step(
        text("afterwards.vmm_itself.add_server"),
        Who.YOU,
        state,
        f"{_connect(view)}; Add-SCLibraryServer -ComputerName {powershell(shown)} "
        f"-Credential (Get-SCRunAsAccount -Name {powershell(_RUN_AS)})",
        text("afterwards.vmm_itself.shell"),
        read,
        text("afterwards.vmm_itself.lists_server", asked=text("afterwards.vmm_itself.asked")),
    )
    yield Step(
        text("afterwards.vmm_itself.add_share"),
        Who.YOU,
        state,
        f"{_connect(view)}; Add-SCLibraryShare -SharePath {powershell(share)} -AddDefaultResources "
        f"-Credential (Get-SCRunAsAccount -Name {powershell(_RUN_AS)})",
        text("afterwards.vmm_itself.shell"),
        read,
        text("afterwards.vmm_itself.lists_share", asked=text("afterwards.vmm_itself.asked")),
    )


def _share_of(view: View) -> str:
    """The share that is there, else a name to give it."""
    library = view.facts.library
    shares = library.shares if isinstance(library, LibraryFacts) else None
    return shares[0].name if shares else _SHARE


def _in_vmm(view: View, share: str) -> tuple[State, str]:
    if view.vmm is None or not view.vmm.knows("library shares"):
        return State.UNKNOWN, text("afterwards.vmm_itself.not_asked") if view.vmm is None else text(
            "afterwards.vmm_itself.no_shares_told"
        )
    paths = [row.path for row in view.vmm.library_shares]
    if any(_same_path(path, share) for path in paths):
        return State.DONE, text("afterwards.vmm_itself.has", share=share)
    return State.TO_DO, text("afterwards.vmm_itself.has", share=", ".join(paths)) if paths else text(
        "afterwards.vmm_itself.no_share"
    )


def _same_path(left: str, right: str) -> bool:
    """Whether two shares are the same; a server may be named with its domain or without."""
    return _parts(left) == _parts(right)


def _parts(path: str) -> tuple[str, str]:
    server, _, share = path.strip("\\").casefold().partition("\\")
    return server.partition(".")[0], share


def administrators(view: View) -> Iterator[Step]:
    """A group of the directory in VMM's Administrator role."""
    group = in_domain(_GROUP, view.facts)
    state, read = _administrators(view)
    yield Step(
        text("afterwards.vmm_itself.make_group"),
        Who.AD,
        state,
        f"New-ADGroup -Name {powershell(_GROUP)} -GroupScope Global -GroupCategory Security",
        text("afterwards.shared.powershell"),
        read,
        text("afterwards.vmm_itself.name_it"),
    )
    yield Step(
        text("afterwards.vmm_itself.put_group"),
        Who.YOU,
        state,
        f"{_connect(view)}; Set-SCUserRole -UserRole (Get-SCUserRole -Name 'Administrator') "
        f"-AddMember {powershell(group)}",
        text("afterwards.vmm_itself.shell"),
        read,
        text("afterwards.vmm_itself.shows_member", asked=text("afterwards.vmm_itself.asked")),
    )


def _administrators(view: View) -> tuple[State, str]:
    """Done when the role has a member beside whoever installed and what setup puts there by itself."""
    if view.vmm is None or not view.vmm.knows("administrators"):
        return State.UNKNOWN, text("afterwards.vmm_itself.not_asked") if view.vmm is None else text(
            "afterwards.vmm_itself.no_administrators_told"
        )
    own = {down_level(account, view.facts).casefold() for account in view.plan.accounts}
    others = [name for name in view.vmm.administrators if name.casefold() not in own and not _built_in(name)]
    shown = ", ".join(view.vmm.administrators) or text("afterwards.vmm_itself.nobody")
    return (State.DONE if others else State.TO_DO), text("afterwards.vmm_itself.holds", shown=shown)


def _built_in(name: str) -> bool:
    authority, separator, _ = name.rpartition("\\")
    return bool(separator) and authority.casefold() in ("builtin", "nt authority")


def consoles(view: View) -> Iterator[Step]:
    """The role's console port from here; and a console on the administrators' own computers (HAC)."""
    where = f"{view.plan.role_fqdn}:{view.plan.ports.console}"
    rows = found(view, "POST-02")
    row = rows.get(where) or rows.get("") or next(iter(rows.values()))
    state, read = state_of(row)
    if row.subject != where and state is State.DONE:
        state = State.UNKNOWN
    yield Step(
        text("afterwards.vmm_itself.reach", where=where),
        Who.NETWORK,
        state,
        f"Test-NetConnection -ComputerName {powershell(view.plan.role_fqdn)} -Port {view.plan.ports.console}",
        text("afterwards.vmm_itself.such_a_computer"),
        read,
        text("afterwards.vmm_itself.succeeds"),
    )
    yield Step(
        text("afterwards.vmm_itself.install_consoles"),
        Who.YOU,
        State.UNKNOWN,
        r"setup.exe /client /i /f C:\Temp\VMClient.ini /IACCEPTSCEULA",
        text("afterwards.vmm_itself.as_administrator"),
        text("afterwards.vmm_itself.others_not_asked"),
        text("afterwards.vmm_itself.by_role", where=where),
        trial=True,
    )


def owners(view: View) -> Iterator[Step]:
    """Every node with VMM is a possible owner; preferred ones only where the cluster has other nodes, too."""
    labels = [node.label.upper() for node in view.plan.nodes]
    names = ",".join(powershell(label) for label in labels)
    role = powershell(view.plan.cluster.role_name.text)
    where = (
        text("afterwards.shared.in_powershell", node=view.plan.nodes[0])
        if view.plan.nodes
        else text("afterwards.shared.on_a_node")
    )
    state, read = judged(lambda: _possible(view, labels))
    service = _service_name(view)
    yield Step(
        text("afterwards.vmm_itself.every_node"),
        Who.NODES,
        state,
        f"Set-ClusterOwnerNode -Resource {powershell(service)} -Owners {names}",
        where,
        read,
        f"Get-ClusterResource {powershell(service)} | Get-ClusterOwnerNode",
    )
    state, read = judged(lambda: _preferred(view, labels))
    yield Step(
        text("afterwards.vmm_itself.prefers"),
        Who.NODES,
        state,
        f"Set-ClusterOwnerNode -Group {role} -Owners {names}",
        where,
        read,
        f"Get-ClusterGroup {role} | Get-ClusterOwnerNode",
    )


def _service_name(view: View) -> str:
    for node in view.facts.answering_nodes():
        for row in node.cluster.services if node.cluster else ():
            if row.service_name.casefold() == "scvmmservice":
                return row.name
    return view.plan.cluster.role_name.text


def _service(view: View) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The resource's name, its possible and its group's preferred owners, upper case. Raises NotKnown."""
    name = _service_name(view)
    asked = [node for node in view.facts.answering_nodes() if not node.was_unreadable("owners")]
    services = (row for node in asked for row in (node.cluster.services if node.cluster else ()))
    row = next((row for row in services if row.name == name), None)
    if row is None:
        raise NotKnown(NoAnswer(text("afterwards.vmm_itself.no_resource")))
    return name, tuple(o.upper() for o in row.possible_owners), tuple(o.upper() for o in row.preferred_owners)


def _possible(view: View, labels: list[str]) -> tuple[State, str]:
    name, possible, _ = _service(view)
    shown = text(
        "afterwards.vmm_itself.may_run", name=name, nodes=", ".join(possible) or text("afterwards.vmm_itself.no_node")
    )
    return (State.DONE if set(possible) == set(labels) else State.TO_DO), shown


def _preferred(view: View, labels: list[str]) -> tuple[State, str]:
    _, _, preferred = _service(view)
    shown = text("afterwards.vmm_itself.preferred", nodes=", ".join(preferred) or text("afterwards.vmm_itself.none"))
    members = {row.name.partition(".")[0].upper() for row in view.facts.any_cluster().nodes}
    strangers = sorted(members - set(labels))
    if not preferred:
        if not strangers:
            return State.NOT_NEEDED, text("afterwards.vmm_itself.all_have", shown=shown)
        return State.TO_DO, text("afterwards.vmm_itself.have_none", shown=shown, nodes=", ".join(strangers))
    return (State.DONE if set(preferred) <= set(labels) else State.TO_DO), shown
