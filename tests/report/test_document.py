"""A check as a file: every format says the same, shows every text as text, and needs no other file."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import a_plan, good_facts
from tests.checks.asking import VMM01, with_node
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.remedies import AD_TEAM, ask
from vmm_wizard.plan.model import Acceptance, AskedFor, CertificateException, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.printable import printable
from vmm_wizard.report.document import FORMATS, as_html, as_junit, as_markdown

HOSTILE = "</pre><script>alert(1)</script> ``` # [x](javascript:x) ]]> & \"'\x1b[31m"
SMALL = with_node(memory_bytes=2 * 1024**3)


def a_finding(text: str, status: Status = Status.FAIL, check_id: str = "DKM-02") -> Finding:
    remedy = ask(AD_TEAM, printable(text))
    return Finding(
        check_id,
        "A title",
        "dkm",
        "DKM",
        status,
        printable(text),
        printable(text),
        str(remedy),
        remedy.steps,
    )


def a_marked_plan() -> Plan:
    plan = a_plan()
    exception = CertificateException(HostName("sql01.contoso.lab"), "ab" * 32, "until the CA is renewed")
    return replace(
        plan,
        connection=replace(plan.connection, certificate_exceptions=(exception,)),
        accepted=(Acceptance("NOD-02", VMM01, "a laboratory"), Acceptance("ACC-11", "", "shared")),
        asked=(AskedFor("NOD-02", VMM01, "nodes", "CHG-7"),),
    )


class Text(HTMLParser):
    """The tags and the text of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attributes if name in ("src", "href", "onclick", "onload", "style")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("ending", list(FORMATS))
def test_every_format_shows_exceptions_what_is_accepted_and_what_was_asked_for(ending: str) -> None:
    plan = a_marked_plan()
    text = FORMATS[ending](plan, judge(plan, SMALL), "2026-11-26 12:00 UTC")
    said = re.sub(r"\\(.)", r"\1", text) if ending == ".md" else Text(text).text if ending == ".html" else text
    for part in (
        "until the CA is renewed",
        "a laboratory",
        "CHG-7",
        "ACC-11 is accepted in the answers, but there is nothing to accept any more",
        "2026-11-26 12:00 UTC",
        "NOD-02",
        VMM01,
    ):
        assert part in said, part


def test_a_page_needs_no_other_file_no_script_and_no_colour() -> None:
    page = Text(as_html(a_marked_plan(), judge(a_marked_plan(), SMALL)))
    assert page.open == []
    assert page.links == []
    assert not {"script", "link", "img", "iframe", "form"} & set(page.tags)
    assert "= accepted" in page.text
    assert "+ pass" in page.text


@given(st.text(max_size=60) | st.just(HOSTILE))
def test_whatever_an_estate_says_is_text_in_the_page(text: str) -> None:
    page = Text(as_html(a_plan(), [a_finding(text)]))
    assert "script" not in page.tags
    assert page.open == []
    assert printable(text).replace("\r", "\n") in page.text.replace("\r", "\n")


@given(st.text(max_size=60) | st.just(HOSTILE), st.sampled_from(Status))
def test_whatever_an_estate_says_is_text_in_the_xml(text: str, status: Status) -> None:
    root = ET.fromstring(as_junit(a_plan(), [a_finding(text, status)]).encode("utf-8"))
    [case] = root.iter("testcase")
    assert case.get("classname") == "dkm"
    assert len(list(case)) == 1


@given(st.text(max_size=60) | st.just(HOSTILE))
def test_nothing_in_a_command_ends_its_fence_in_markdown(text: str) -> None:
    lines = as_markdown(a_plan(), [a_finding("`" * 5 + text)]).splitlines()
    fence = max((line for line in lines if re.fullmatch(r"`{6,}", line)), key=len)
    fences = [number for number, line in enumerate(lines) if line == fence]
    assert len(fences) == 2
    outside = "\n".join(lines[: fences[0]] + lines[fences[1] + 1 :])
    assert not re.search(r"(?<!\\)[`<]", outside)


def test_headings_and_links_of_an_estate_mean_nothing_in_markdown() -> None:
    text = as_markdown(a_plan(), [a_finding("# top\n[x](javascript:x) | y")])
    assert r"\# top \[x\](javascript:x) \| y" in text
    assert "\n# top" not in text.partition("```")[0]


@pytest.mark.parametrize(
    "text", ["# top", "- item", "+ item", "123. item", "9) item", "=== x", "> said", "*x*", "| x |"]
)
def test_a_text_that_begins_like_a_block_of_markdown_is_a_text(text: str) -> None:
    lines = as_markdown(a_plan(), [a_finding(text)]).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("### "))
    assert re.match(r"\d*\\", lines[at + 2])
    assert re.sub(r"\\(.)", r"\1", lines[at + 2]) == text


def test_junit_counts_as_its_readers_do() -> None:
    plan = a_marked_plan()
    rows = (
        *judge(plan, SMALL),
        a_finding("bad"),
        a_finding("who knows", Status.UNKNOWN, "DKM-01"),
        a_finding("so so", Status.WARN, "DKM-03"),
    )
    root = ET.fromstring(as_junit(plan, rows).encode("utf-8"))
    [suite] = root.iter("testsuite")
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(name, "")) == len(list(suite.iter(tag))) > 0
    assert int(suite.get("tests", "")) == len(rows) == len(list(suite.iter("testcase")))
    [accepted] = [
        case for case in suite.iter("testcase") if "NOD-02" in case.get("name", "") and VMM01 in case.get("name", "")
    ]
    assert accepted.find("skipped").get("message") == "FAIL, accepted: a laboratory"  # type: ignore[union-attr]


def test_json_is_the_report_of_check_with_the_matrix() -> None:
    document = json.loads(FORMATS[".json"](a_plan(), judge(a_plan(), good_facts()), "today"))
    assert {"findings", "summary", "certificate_exceptions", "matrix", "made"} <= set(document)


def test_a_good_check_is_short_where_nothing_is_wrong() -> None:
    text = as_markdown(a_plan(), judge(a_plan(), good_facts()))
    assert "## What stops setup" not in text
    assert "## Good, or not to be judged now" in text
    assert "\n\n\n" not in text
    assert "| Check | Title | vmm01.contoso.lab | vmm02.contoso.lab |\n|---|---|---|---|\n|" in text
