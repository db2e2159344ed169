"""The estate is fast, so the rehearsal looks at it more often than it would at Windows."""

import pytest

from vmm_wizard.facts import rehearsal


@pytest.fixture(autouse=True, scope="package")
def _quick_rehearsal() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal, "POLL", 0.05)
        yield
