"""The wizard's pages: what each is called, which answers it asks for and which checks it shows. Data, no Textual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmm_wizard.install.orders import Job
from vmm_wizard.texts import text

#: The answer that is required though it is no name: setup refuses to run without it (INST).
EULA = "registration.eula_accepted"


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    `keys` are the answers on it, in order; `passwords` the keys of the accounts whose passwords it asks for; `topics`
    the topics of the checks that it shows, `ids` single checks of other topics.
    """

    id: str
    keys: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called, in the list of steps as above it."""
        return text(f"pages.name.{self.id}")

    @property
    def about(self) -> str:
        """A line or two on what it is for and why."""
        return text(f"pages.about.{self.id}")


JOB = Page(
    "job",
    ("order.job", "release", EULA),
)
CONNECTION = Page(
    "connection",
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
    ids=("INS-01", "INS-02", "INS-03", "INS-04"),
)
ACCOUNT = Page(
    "account",
    ("service_account.name", "service_account.kind"),
    ("service_account.name",),
    ("account",),
)
DKM = Page(
    "dkm",
    ("dkm.container",),
    (),
    ("dkm",),
)
SQL = Page(
    "sql",
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
    ("cluster.name", "cluster.nodes"),
    (),
    ("cluster", "node"),
    ("NAM-04",),
)
NAMES = Page(
    "names",
    ("cluster.role_name", "cluster.static_addresses"),
    (),
    ("naming",),
    ("CLU-05", "CLU-09", "CLU-10"),
)
PORTS = Page(
    "ports",
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
)
RUN = Page(
    "run",
    topics=("run",),
)
DONE = Page(
    "done",
    ids=("POST-01", "POST-02", "POST-03", "POST-04"),
)

ADD_NODE = Page(
    "add-node",
    ("order.nodes", "order.restart"),
)
PREPARE = Page(
    "prepare",
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
    ("order.nodes", "order.remove", "cluster.role_name", "media.path", "program_files", "ports.console"),
)
VERIFY = Page(
    "verify",
    ("order.moves",),
    ids=("POST-01", "POST-02", "POST-03", "POST-04"),
)
FAILOVER = Page(
    "failover",
    ("order.target", "order.although_jobs_run"),
)
UNINSTALL = Page(
    "uninstall",
    ("order.nodes", "media.path", "order.remove_database", "order.although_jobs_run", "order.restart"),
    (),
    ("media",),
    ("NOD-12", "NOD-13"),
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
    Job.UNINSTALL: (JOB, CONNECTION, SQL, CLUSTER, NAMES, UNINSTALL, RUN, DONE),
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
LABELS: Mapping[str, str] = {key: text(f"pages.label.{key}") for page in BY_ID.values() for key in page.keys}
