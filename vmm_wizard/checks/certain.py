"""Checks whose fail makes setup refuse, hang or roll back for certain: nobody can accept that, and why.

By the column "fail" of section 10 and by its last line: what an install waits to know cannot be waved through either.
What merely may go wrong, is unsupported, or hurts only later, is not here: that is the admin's to decide.
"""

from __future__ import annotations

from vmm_wizard.texts import text

CERTAIN = frozenset(
    (
        *("ACC-01", "ACC-02", "ACC-03", "ACC-04", "ACC-05", "ACC-06", "ACC-07", "ACC-10"),
        *("INS-01", "INS-02", "INS-03"),
        *("DKM-01", "DKM-02", "DKM-04", "DKM-06"),
        *("NAM-01", "NAM-02", "NAM-03", "NAM-04", "NAM-05", "NAM-06"),
        *("CLU-01", "CLU-05", "CLU-07", "CLU-08", "CLU-09", "CLU-10", "CLU-12"),
        *("SQL-01", "SQL-02", "SQL-04", "SQL-05", "SQL-06", "SQL-07", "SQL-08", "SQL-11", "SQL-14"),
        *("NOD-03", "NOD-04", "NOD-05", "NOD-08", "NOD-10", "NOD-11", "NOD-12", "NOD-13", "NOD-14"),
        *("MED-01", "MED-03", "MED-04"),
        *("RUN-02",),
    )
)


def why_certain(check_id: str) -> str:
    """Why setup cannot end well, as the end of a sentence that begins with "it cannot be accepted: "."""
    return text(f"evidence.certain.{check_id}")
