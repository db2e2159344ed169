"""What a plan puts on each node, as files: the answer file and the command line, without any secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.setup.command import MASK, server_install
from vmm_wizard.setup.ini import SERVER_INI, render_server_ini
from vmm_wizard.texts import text

COMMAND_FILE = "command.txt"

#: One folder name and nothing else, on every system; Windows keeps some names for devices.
_FOLDER = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def emit_files(plan: Plan) -> Mapping[str, bytes]:
    """The files of each node by their relative paths: `<node>/VMServer.ini` and `<node>/command.txt`, nodes in order.

    `<node>` is the name as the plan writes it. Raises ValueError with one sentence when the plan is not complete, when
    a value cannot be carried, or when a node's name cannot be the name of a folder of its own.
    """
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    if not plan.cluster.nodes:
        raise ValueError(text("setup_files.emit.no_nodes"))
    for place, node in enumerate(plan.cluster.nodes):
        folder = folder_name(node)
        if folder.casefold() in taken:
            raise ValueError(text("setup_files.emit.node_twice", node=node))
        taken.add(folder.casefold())
        files[f"{folder}/{SERVER_INI}"] = render_server_ini(plan, first=place == 0)
        files[f"{folder}/{COMMAND_FILE}"] = _command_text(plan, place).encode()
    return files


def folder_name(node: HostName) -> str:
    """A node's name as the name of a folder. Raises ValueError when it cannot be one on every system."""
    name = str(node)
    if not _FOLDER.fullmatch(name) or ".." in name or _DEVICES.fullmatch(name):
        raise ValueError(text("setup_files.emit.no_folder", name=name))
    return name


def staged_ini_path(plan: Plan) -> str:
    """Where an admin who follows command.txt puts the answer file on a node: beside setup.exe."""
    return plan.media.path.rstrip("\\/") + "\\" + SERVER_INI


def _command_text(plan: Plan, place: int) -> str:
    node = plan.cluster.nodes[place]
    path = staged_ini_path(plan)
    command = server_install(plan, path)
    lines = [
        text("setup_files.emit.node", place=place + 1, of=len(plan.cluster.nodes), node=node),
        text("setup_files.emit.copy", file=SERVER_INI, path=path),
        text("setup_files.emit.log_on", account=plan.installing_account),
        text("setup_files.emit.run", mask=MASK),
    ]
    if place:
        before = plan.cluster.nodes[place - 1]
        lines.append(text("setup_files.emit.not_before", before=before))
    lines += [text("setup_files.emit.password", mask=MASK, account=account) for account in command.secret_accounts]
    if plan.service_account.kind is AccountKind.GMSA:
        lines.append(text("setup_files.emit.gmsa"))
    return "\r\n".join([*lines, command.masked(), ""])
