"""What is set in VMM with its own cmdlets: library, administrators; and who reaches it with a console."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.model import State, Step, View, Who, found, judged, state_of, steps_of
from vmm_wizard.checks.remedies import down_level, in_domain, powershell
from vmm_wizard.facts.model import LibraryFacts, NoAnswer, NotKnown

#: Says where the answer comes from that only VMM's own cmdlets give.
_ASKED_BY_VERIFY = "verified by `vmm-wizard verify`, which asks VMM itself"
_SHELL = "in the VMM command shell"
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
            "Choose a clustered file server and write it into the answer file",
            Who.YOU,
            State.TO_DO,
            'file_server = "<file server role>"',
            f"[library] of {view.file}",
            row.evidence,
            "LIB-01 judges it: a file server for general use, on another cluster",
        )
    else:
        yield from steps_of(row, f"Make {host} fit for the library", "LIB-01 passes")
    shown = host or "<file server role>"
    share = rf"\\{shown}\{_share_of(view)}"
    state, read = _in_vmm(view, share)
    yield Step(
        "Add the library server to VMM, with a Run As account that is an administrator of the file server's nodes",
        Who.YOU,
        state,
        f"{_connect(view)}; Add-SCLibraryServer -ComputerName {powershell(shown)} "
        f"-Credential (Get-SCRunAsAccount -Name {powershell(_RUN_AS)})",
        _SHELL,
        read,
        f"Get-SCLibraryServer lists it; {_ASKED_BY_VERIFY}",
    )
    yield Step(
        "Add the share with 'Add Default Resources'",
        Who.YOU,
        state,
        f"{_connect(view)}; Add-SCLibraryShare -SharePath {powershell(share)} -AddDefaultResources "
        f"-Credential (Get-SCRunAsAccount -Name {powershell(_RUN_AS)})",
        _SHELL,
        read,
        f"Get-SCLibraryShare lists it, with a folder ApplicationFrameworks; {_ASKED_BY_VERIFY}",
    )


def _share_of(view: View) -> str:
    """The share that is there, else a name to give it."""
    library = view.facts.library
    shares = library.shares if isinstance(library, LibraryFacts) else None
    return shares[0].name if shares else _SHARE


def _in_vmm(view: View, share: str) -> tuple[State, str]:
    if view.vmm is None or not view.vmm.knows("library shares"):
        return State.UNKNOWN, "VMM itself was not asked" if view.vmm is None else "VMM did not tell its library shares"
    paths = [row.path for row in view.vmm.library_shares]
    if any(_same_path(path, share) for path in paths):
        return State.DONE, f"VMM has {share}"
    return State.TO_DO, f"VMM has {', '.join(paths)}" if paths else "VMM has no library share"


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
        "Make a group for VMM's administrators, or name one that you have",
        Who.AD,
        state,
        f"New-ADGroup -Name {powershell(_GROUP)} -GroupScope Global -GroupCategory Security",
        "in PowerShell",
        read,
        "the next step can name it",
    )
    yield Step(
        "Put the group into VMM's Administrator role",
        Who.YOU,
        state,
        f"{_connect(view)}; Set-SCUserRole -UserRole (Get-SCUserRole -Name 'Administrator') "
        f"-AddMember {powershell(group)}",
        _SHELL,
        read,
        f"Get-SCUserRole shows it as a member; {_ASKED_BY_VERIFY}",
    )


def _administrators(view: View) -> tuple[State, str]:
    """Done when the role has a member beside whoever installed and what setup puts there by itself."""
    if view.vmm is None or not view.vmm.knows("administrators"):
        return State.UNKNOWN, "VMM itself was not asked" if view.vmm is None else "VMM did not tell its administrators"
    own = {down_level(account, view.facts).casefold() for account in view.plan.accounts}
    others = [name for name in view.vmm.administrators if name.casefold() not in own and not _built_in(name)]
    shown = ", ".join(view.vmm.administrators) or "nobody"
    return (State.DONE if others else State.TO_DO), f"the role holds {shown}"


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
        f"Let the administrators' computers reach {where}",
        Who.NETWORK,
        state,
        f"Test-NetConnection -ComputerName {powershell(view.plan.role_fqdn)} -Port {view.plan.ports.console}",
        "in PowerShell on such a computer",
        read,
        "TcpTestSucceeded is True; this computer is looked at here (POST-02)",
    )
    yield Step(
        "Install the console on each administrator's computer, of VMM's own release and update rollup",
        Who.YOU,
        State.UNKNOWN,
        r"setup.exe /client /i /f C:\Temp\VMClient.ini /IACCEPTSCEULA",
        "as an administrator there, from the extracted media",
        "other computers are not asked",
        f"it connects to {where}: the role's name, never a node's",
        trial=True,
    )


def owners(view: View) -> Iterator[Step]:
    """Every node with VMM is a possible owner; preferred ones only where the cluster has other nodes, too."""
    labels = [node.label.upper() for node in view.plan.nodes]
    names = ",".join(powershell(label) for label in labels)
    role = powershell(view.plan.cluster.role_name.text)
    where = f"in PowerShell on {view.plan.nodes[0]}" if view.plan.nodes else "on a node"
    state, read = judged(lambda: _possible(view, labels))
    service = _service_name(view)
    yield Step(
        "Let the service's resource run on every node that has VMM, and on no other",
        Who.NODES,
        state,
        f"Set-ClusterOwnerNode -Resource {powershell(service)} -Owners {names}",
        where,
        read,
        f"Get-ClusterResource {powershell(service)} | Get-ClusterOwnerNode",
    )
    state, read = judged(lambda: _preferred(view, labels))
    yield Step(
        "Say which nodes the role prefers, in their order",
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
        raise NotKnown(NoAnswer("no node shows the resource that runs VMM's service, with its owners"))
    return name, tuple(o.upper() for o in row.possible_owners), tuple(o.upper() for o in row.preferred_owners)


def _possible(view: View, labels: list[str]) -> tuple[State, str]:
    name, possible, _ = _service(view)
    shown = f"{name} may run on {', '.join(possible) or 'no node'}"
    return (State.DONE if set(possible) == set(labels) else State.TO_DO), shown


def _preferred(view: View, labels: list[str]) -> tuple[State, str]:
    _, _, preferred = _service(view)
    shown = f"preferred: {', '.join(preferred) or 'none'}"
    members = {row.name.partition(".")[0].upper() for row in view.facts.any_cluster().nodes}
    strangers = sorted(members - set(labels))
    if not preferred:
        if not strangers:
            return State.NOT_NEEDED, f"{shown}; the cluster has no node without VMM"
        return State.TO_DO, f"{shown}; {', '.join(strangers)} of the cluster have no VMM"
    return (State.DONE if set(preferred) <= set(labels) else State.TO_DO), shown
