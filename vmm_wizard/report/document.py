"""A check as a file to keep or to send: HTML, Markdown, JUnit XML or JSON, by the name of the file.

Every text is shown as text, whatever an estate has answered: HTML escapes by itself, Markdown and XML by hand.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vmm_wizard.checks.registry import OPEN, Finding, Status
from vmm_wizard.plan.model import Plan
from vmm_wizard.printable import printable
from vmm_wizard.report.findings import as_json, remarks, sentence, summary
from vmm_wizard.report.matrix import as_document, matrix
from vmm_wizard.report.signs import notes_of, rank, sign_of
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_HEADINGS = (
    ("stops", (Status.FAIL,)),
    ("unknown", (Status.UNKNOWN,)),
    ("mend", (Status.WARN,)),
)
#: What means something in Markdown: wherever it stands; in the middle of an address; at the beginning of a line.
_MARKS = re.compile(r"[\\`*_\[\]<>|~&$@]|:(?=//)|(?<=www)\.|^[#+=-]")
#: What would begin a numbered list.
_NUMBER = re.compile(r"^(\d+)([.)])")


def as_html(plan: Plan, findings: Sequence[Finding], made: str = "") -> str:
    """The report as one HTML file that needs no other, no script and no colour."""
    return _environment().get_template("report.html.jinja").render(_context(plan, findings, made))


def as_markdown(plan: Plan, findings: Sequence[Finding], made: str = "") -> str:
    """The report as Markdown; commands stand in fences that nothing in them can close."""
    text = _environment().get_template("report.md.jinja").render(_context(plan, findings, made))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_junit(plan: Plan, findings: Sequence[Finding], made: str = "") -> str:
    """The report as JUnit XML: a fail is a failure, what is unknown an error, what is accepted or does not apply
    skipped; a warning passes and stands in the output of its test."""
    counts = summary(findings)
    skipped = counts[Status.NOT_APPLICABLE.value] + counts["accepted"]
    numbers = {
        "tests": str(len(findings)),
        "failures": str(counts[Status.FAIL.value]),
        "errors": str(counts[Status.UNKNOWN.value]),
        "skipped": str(skipped),
    }
    root = ET.Element("testsuites", {"name": "vmm-wizard check", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": _xml(_title(plan)), **numbers})
    properties = ET.SubElement(suite, "properties")
    for name, value in (*_facts(plan), *(("exception", row) for row in remarks(plan, findings)), ("made", made)):
        ET.SubElement(properties, "property", {"name": _xml(name), "value": _xml(value)})
    for finding in findings:
        suite.append(_case(finding))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(finding: Finding) -> ET.Element:
    about = f" ({finding.subject})" if finding.subject else ""
    case = ET.Element("testcase", {"classname": finding.topic, "name": _xml(f"{finding.id} {finding.title}{about}")})
    notes = notes_of(finding)
    text = _xml("\n".join(filter(None, (finding.evidence, finding.remedy, *notes))))
    if finding.accepted:
        ET.SubElement(case, "skipped", {"message": _xml(notes[0])}).text = text
    elif finding.status is Status.FAIL:
        ET.SubElement(case, "failure", {"message": _xml(finding.evidence), "type": finding.id}).text = text
    elif finding.status is Status.UNKNOWN:
        ET.SubElement(case, "error", {"message": _xml(finding.evidence), "type": finding.id}).text = text
    elif finding.status is Status.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", {"message": _xml(finding.evidence)})
    elif finding.status is Status.WARN:
        ET.SubElement(case, "system-out").text = f"warn: {text}"
    else:
        ET.SubElement(case, "system-out").text = text
    return case


def _json(plan: Plan, findings: Sequence[Finding], made: str = "") -> str:
    return as_json(plan, findings, matrix=as_document(matrix(plan, findings)), made=made) + "\n"


#: How a report is written, by the ending of its file's name.
FORMATS: Mapping[str, Callable[[Plan, Sequence[Finding], str], str]] = {
    ".html": as_html,
    ".md": as_markdown,
    ".xml": as_junit,
    ".json": _json,
}


def _title(plan: Plan) -> str:
    cluster = plan.cluster.name.qualified(plan.dns_domain)
    return (
        text("reports.document.title_on", release=plan.release, cluster=cluster)
        if plan.cluster.name
        else text("reports.document.title", release=plan.release)
    )


def _facts(plan: Plan) -> tuple[tuple[str, str], ...]:
    rows = (
        (text("reports.document.release"), f"VMM {plan.release}"),
        (text("reports.document.role"), plan.role_fqdn),
        (text("reports.document.nodes"), ", ".join(map(str, plan.nodes))),
        (
            text("reports.document.database"),
            text("reports.document.database_on", name=plan.database.name, server=plan.database.target),
        ),
        (text("reports.document.container"), str(plan.dkm.dn)),
        (text("reports.document.installing_account"), str(plan.installing_account)),
        (text("reports.document.service_account"), str(plan.service_account.name)),
    )
    return tuple((name, printable(said)) for name, said in rows)


def _context(plan: Plan, findings: Sequence[Finding], made: str) -> dict[str, Any]:
    open_rows = sorted((row for row in findings if row.status in OPEN), key=rank)
    sections = [
        (
            text(f"reports.document.heading.{heading}"),
            [row for row in open_rows if row.status in states and not row.accepted],
        )
        for heading, states in _HEADINGS
    ]
    sections.append((text("reports.document.accepted"), [row for row in open_rows if row.accepted]))
    return {
        "title": printable(_title(plan)),
        "summary": sentence(findings),
        "made": made,
        "facts": _facts(plan),
        "remarks": remarks(plan, findings),
        "table": matrix(plan, findings),
        "sections": [(heading, rows) for heading, rows in sections if rows],
        "good": sorted((row for row in findings if row.status not in OPEN), key=rank),
    }


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("vmm_wizard.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    made.filters |= {"state": _state, "notes": notes_of, "md": _markdown, "fenced": _fenced}
    made.globals["text"] = text
    return made


def _state(finding: Finding) -> str:
    return " ".join(sign_of(finding))


def _markdown(text: object) -> Markup:
    """`text` as Markdown that shows it: on one line, with nothing in it that means something."""
    from markupsafe import Markup

    line = " ".join(str(text).split())
    return Markup(_NUMBER.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", line)))  # noqa: S704 - escaped for Markdown, where entities would be text


def _fenced(text: str) -> Markup:
    """`text` as a block of code, its fence longer than any in it."""
    from markupsafe import Markup

    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}\n{text}\n{fence}")  # noqa: S704 - code in Markdown is shown as it is


def _xml(text: str) -> str:
    """`text` without what XML 1.0 cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", printable(text))
