"""The wizard's pages: what each is called, which answers it asks for and which checks it shows. Data, no Textual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmm_wizard.install.orders import Job

#: The answer that is required though it is no name: setup refuses to run without it (INST).
EULA = "registration.eula_accepted"


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `step` is its name in the list of steps, `about` says in a line or two what it is for and why.

    `keys` are the answers on it, in order; `passwords` the keys of the accounts whose passwords it asks for; `topics`
    the topics of the checks that it shows, `ids` single checks of other topics.
    """

    id: str
    step: str
    title: str
    about: str
    keys: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


JOB = Page(
    "job",
    "Job and release",
    "Job and release",
    "A highly available VMM management server is the same VMM on each node of a failover cluster. What shall be done, "
    "of which release, and do you accept its licence terms (they are on the media)?",
    ("order.job", "release", EULA),
)
CONNECTION = Page(
    "connection",
    "Connection",
    "Connection",
    "How the wizard reaches your servers, and the account that runs setup on them. Passwords stay in this program's "
    "memory: they are in no file.",
    (
        "installing_account",
        "domain",
        "connection.winrm",
        "connection.directory_server",
        "connection.authentication",
        "connection.winrm_port",
        "connection.ca_file",
        "connection.directory_account",
        "connection.node_account",
        "connection.sql_account",
        "connection.certificate_exceptions",
    ),
    (
        "installing_account",
        "connection.directory_account",
        "connection.node_account",
        "connection.sql_account",
    ),
    ids=("INS-01", "INS-02", "INS-03"),
)
ACCOUNT = Page(
    "account",
    "Service account",
    "Service account",
    "The account that the VMM service runs as on every node. All nodes share it, so it must be a domain account, and "
    "it can never be changed later.",
    ("service_account.name", "service_account.kind"),
    ("service_account.name",),
    ("account",),
)
DKM = Page(
    "dkm",
    "DKM container",
    "Container for encryption keys (DKM)",
    "VMM encrypts passwords in its database. With several nodes the keys must live in Active Directory, in a container "
    "that exists before setup runs: distributed key management.",
    ("dkm.container",),
    (),
    ("dkm",),
)
SQL = Page(
    "sql",
    "SQL Server",
    "SQL Server and database",
    "VMM keeps all it knows in one SQL Server database. It must not be on the nodes themselves, and setup's account "
    "must be sysadmin there.",
    (
        "database.host",
        "database.instance",
        "database.port",
        "database.listener",
        "database.name",
        "database.create_new",
        "database.admin_account",
    ),
    ("database.admin_account",),
    ("database",),
)
CLUSTER = Page(
    "cluster",
    "Cluster and nodes",
    "Cluster and nodes",
    "The failover cluster that VMM's role will run on, and the nodes to install, in order. The first one makes the "
    "role and the database.",
    ("cluster.name", "cluster.nodes"),
    (),
    ("cluster", "node"),
    ("NAM-04",),
)
NAMES = Page(
    "names",
    "Names, addresses",
    "Name and addresses of the role",
    "Consoles connect to the role's name, whichever node it is on. Each client network without DHCP needs one free "
    "address for it.",
    ("cluster.role_name", "cluster.static_addresses"),
    (),
    ("naming",),
    ("CLU-05", "CLU-09", "CLU-10"),
)
PORTS = Page(
    "ports",
    "Ports and media",
    "Media, ports and registration",
    "Where the extracted setup media lie on each node, the ports that can be chosen now and never again, and what "
    "setup asks about you.",
    (
        "media.path",
        "program_files",
        "ports.console",
        "ports.winpe_https",
        "ports.wds",
        "ports.winpe_http",
        "ports.winrm",
        "ports.bits",
        "registration.product_key",
        "registration.user_name",
        "registration.company_name",
        "registration.telemetry",
        "registration.microsoft_update",
        "library.file_server",
        "order.by_hand",
    ),
    (),
    ("media",),
    ("NOD-12", "NOD-13", "LIB-01"),
)
REVIEW = Page(
    "review",
    "Review",
    "Review",
    "Everything that was checked, worst first, and what setup will be given on each node. Save the answers here "
    "(Ctrl+S or F2): the file can be checked and installed without the wizard too.",
)
RUN = Page(
    "run",
    "Run",
    "Run",
    "The job itself: one machine after another, each verified before the next one begins.",
    topics=("run",),
)
DONE = Page(
    "done",
    "Done",
    "Done",
    "How it ended, what was verified, and how to connect.",
    ids=("POST-01", "POST-02", "POST-03", "POST-04"),
)

ADD_NODE = Page(
    "add-node",
    "New nodes",
    "The nodes to add",
    "They join the VMM that runs on the cluster: database, keys, ports and accounts are what it has. Each must be a "
    "node of the cluster already.",
    ("order.nodes", "order.restart"),
)
PREPARE = Page(
    "prepare",
    "What to prepare",
    "What is put onto the nodes",
    "Media, kits and packages are copied from a share by a task on each node, where your account may read the share. "
    "What is there already is left alone.",
    (
        "media.path",
        "prepare.media_source",
        "prepare.media_sha256",
        "prepare.adk_source",
        "prepare.winpe_source",
        "prepare.packages",
        "order.nodes",
        "order.restart",
    ),
)
CONSOLE = Page(
    "console",
    "Machines",
    "The machines that get the console",
    "The console belongs on administrators' machines, not on the nodes. It connects to the role's name.",
    ("order.nodes", "cluster.role_name", "media.path", "program_files", "ports.console"),
)
VERIFY = Page(
    "verify",
    "What to verify",
    "What to verify",
    "What setup left is looked at once more, and asked of VMM itself. Moving the role proves that every node can carry "
    "it; do that in a quiet hour.",
    ("order.moves",),
    ids=("POST-01", "POST-02", "POST-03", "POST-04"),
)
FAILOVER = Page(
    "failover",
    "Where to",
    "The node that the role moves to",
    "While jobs run on the VMM server nothing is moved: they would fail, and not start again by themselves. They are "
    "listed instead.",
    ("order.target", "order.although_jobs_run"),
)
UNINSTALL = Page(
    "uninstall",
    "What goes",
    "What is taken away",
    "The role is moved away from a node before VMM is removed there. The database is kept, unless you type its name "
    "below and the last node goes.",
    ("order.nodes", "order.remove_database", "order.although_jobs_run", "order.restart"),
)

#: The pages of an install, in order.
PAGES: tuple[Page, ...] = (JOB, CONNECTION, ACCOUNT, DKM, SQL, CLUSTER, NAMES, PORTS, REVIEW, RUN, DONE)
#: The pages of each job, in order.
PAGES_OF: Mapping[Job, tuple[Page, ...]] = {
    Job.INSTALL: PAGES,
    Job.REBUILD: PAGES,
    Job.PREPARE: (JOB, CONNECTION, CLUSTER, PREPARE, RUN, DONE),
    Job.ADD_NODE: (JOB, CONNECTION, ACCOUNT, DKM, SQL, CLUSTER, NAMES, PORTS, ADD_NODE, REVIEW, RUN, DONE),
    Job.CONSOLE: (JOB, CONNECTION, CONSOLE, RUN, DONE),
    Job.VERIFY: (JOB, CONNECTION, CLUSTER, NAMES, VERIFY, RUN, DONE),
    Job.FAILOVER: (JOB, CONNECTION, CLUSTER, NAMES, FAILOVER, RUN, DONE),
    Job.UNINSTALL: (JOB, CONNECTION, SQL, CLUSTER, NAMES, PORTS, UNINSTALL, RUN, DONE),
}
#: The answers that a job cannot do without; an install and what is like it wants all that are required.
REQUIRED: Mapping[Job, tuple[str, ...]] = {
    Job.PREPARE: ("installing_account", "cluster.nodes", "media.path"),
    Job.CONSOLE: ("installing_account", "cluster.role_name", "media.path", EULA, "order.nodes"),
    Job.VERIFY: ("installing_account", "cluster.name", "cluster.nodes", "cluster.role_name"),
    Job.FAILOVER: ("installing_account", "cluster.name", "cluster.nodes", "cluster.role_name", "order.target"),
    Job.UNINSTALL: ("installing_account", "cluster.name", "cluster.nodes", "cluster.role_name", "media.path"),
}
#: The jobs that run setup for the server, and that findings stop.
JUDGED = frozenset({Job.INSTALL, Job.REBUILD, Job.ADD_NODE, Job.UNINSTALL})
BY_ID: Mapping[str, Page] = {page.id: page for pages in PAGES_OF.values() for page in pages}


#: What each answer is called on its page: 18 letters at most.
LABELS: Mapping[str, str] = {
    "order.job": "Job",
    "order.nodes": "Machines",
    "order.target": "To node",
    "order.although_jobs_run": "Although jobs run",
    "order.remove_database": "Remove database",
    "order.restart": "May restart nodes",
    "order.moves": "Move the role",
    "order.by_hand": "By hand",
    "release": "VMM release",
    EULA: "Licence accepted",
    "installing_account": "Installing account",
    "domain": "Domain",
    "connection.winrm": "WinRM over",
    "connection.directory_server": "Domain controller",
    "connection.authentication": "Log on by",
    "connection.winrm_port": "WinRM port",
    "connection.ca_file": "CA file (PEM)",
    "connection.directory_account": "Directory account",
    "connection.node_account": "Node account",
    "connection.sql_account": "SQL account",
    "connection.certificate_exceptions": "Certificates",
    "service_account.name": "Service account",
    "service_account.kind": "Kind of account",
    "dkm.container": "DKM container",
    "database.host": "SQL Server",
    "database.instance": "Instance",
    "database.port": "TCP port",
    "database.listener": "Is a listener",
    "database.name": "Database",
    "database.create_new": "Make it new",
    "database.admin_account": "Other SQL admin",
    "cluster.name": "Cluster",
    "cluster.nodes": "Nodes, in order",
    "cluster.role_name": "Name of the role",
    "cluster.static_addresses": "Static addresses",
    "media.path": "Media folder",
    "program_files": "Program folder",
    "ports.console": "Console port",
    "ports.winpe_https": "Windows PE",
    "ports.wds": "Deployment (WDS)",
    "ports.winpe_http": "Windows PE, time",
    "ports.winrm": "Agents on hosts",
    "ports.bits": "File transfer",
    "registration.product_key": "Product key",
    "registration.user_name": "Registered user",
    "registration.company_name": "Company",
    "registration.telemetry": "Usage data to MS",
    "registration.microsoft_update": "Microsoft Update",
    "library.file_server": "Library server",
    "prepare.media_source": "Media from",
    "prepare.media_sha256": "SHA-256 of media",
    "prepare.adk_source": "Windows ADK from",
    "prepare.winpe_source": "Windows PE from",
    "prepare.packages": "Packages",
}
