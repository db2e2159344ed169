"""A missing program is a skip with its reason, or a failure where everything must be there."""

from __future__ import annotations

import pytest

from tests.real.conftest import need


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_REQUIRE_REAL", "1")
    need(True, "nothing")


def test_what_is_missing_is_skipped_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMM_WIZARD_REQUIRE_REAL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no ldapsearch"):
        need(False, "no ldapsearch")


def test_what_is_missing_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_REQUIRE_REAL", "1")
    with pytest.raises(pytest.fail.Exception, match="no ldapsearch"):
        need(False, "no ldapsearch")


def test_every_test_here_is_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("real") is not None
