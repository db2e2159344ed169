"""Checks whose fail makes setup refuse, hang or roll back for certain: nobody can accept that, and why.

By the column "fail" of section 10 and by its last line: what an install waits to know cannot be waved through either.
What merely may go wrong, is unsupported, or hurts only later, is not here: that is the admin's to decide.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Why setup cannot end well, as the end of a sentence that begins with "it cannot be accepted: ", by check.
CERTAIN: Mapping[str, str] = {
    "ACC-01": "setup refuses a service account that does not exist",
    "ACC-02": "the service cannot log on with such an account",
    "ACC-03": "setup stops when it tests a wrong password",
    "ACC-04": "setup takes everything back where the service account is no local administrator",
    "ACC-05": "the service cannot start with an account that is denied the logon",
    "ACC-06": "setup cannot write its keys into another domain, and takes everything back",
    "ACC-07": "setup cannot read such a command line",
    "ACC-10": "the service cannot start on a node that may not fetch the account's password",
    "INS-01": "setup does not run without an administrator's rights",
    "INS-02": "the task that runs setup would never start",
    "INS-03": "Windows would refuse to register the task that runs setup",
    "DKM-01": "setup takes everything back when it cannot find the container for its keys",
    "DKM-02": "setup is denied access to the container near its end, and takes everything back",
    "DKM-04": "setup is denied access to the container near its end, and takes everything back",
    "DKM-06": "setup does not find a container by such a name, and takes everything back",
    "NAM-01": "the role's network name could not come online",
    "NAM-02": "the role's network name could not come online, and setup takes everything back",
    "NAM-03": "setup fails with error 2917 when it adds its library",
    "NAM-04": "setup cannot validate a computer whose name is cut off",
    "NAM-05": "the role's network name could not come online, and setup takes everything back",
    "NAM-06": "the role's network name could not come online, and setup takes everything back",
    "CLU-01": "without the cluster there is nothing to make the role on",
    "CLU-05": "the cluster could not make the role's computer object, and setup takes everything back",
    "CLU-07": "a cluster carries one VMM role: setup would join another's or stop",
    "CLU-08": "setup ends at once where VMM is installed already",
    "CLU-09": "the role's address could not come online, and setup takes everything back",
    "CLU-10": "an address that somebody else uses could not come online, and setup takes everything back",
    "CLU-12": "a cluster without an object in the directory cannot make the role's computer object",
    "SQL-01": "setup on the node cannot reach the database",
    "SQL-02": "setup is denied access to SQL Server, and takes everything back",
    "SQL-04": "setup refuses an instance that tells capitals from small letters",
    "SQL-05": "setup stops when the database is there and should not be, or the other way round",
    "SQL-06": "SQL Server cannot create a database over a file that is there",
    "SQL-07": "setup is not allowed on a database in an availability group",
    "SQL-08": "setup cannot write to a secondary replica",
    "SQL-11": "setup rejects such a name of a SQL Server, or looks for the database on the node itself",
    "SQL-14": "setup would meet the database of another VMM",
    "NOD-03": "setup would run out of space while it copies",
    "NOD-04": "setup's own look at prerequisites stops it",
    "NOD-05": "setup's own look at prerequisites stops it",
    "NOD-08": "setup refuses to start while a restart is pending, or breaks in the middle",
    "NOD-10": "setup blocks where an agent of VMM is installed",
    "NOD-11": "setup cannot log the service account on from a computer that the domain does not trust",
    "NOD-12": "VMM could not open its port",
    "NOD-13": "two services of VMM could not open the same port",
    "NOD-14": "setup cannot manage the node over its own WinRM",
    "MED-01": "without the same media on every node there is nothing to start",
    "MED-03": "setup does not start beside another setup, and waits where nobody sees it",
    "MED-04": "setup would take other answers than the ones planned",
    "RUN-02": "what a task like setup's own could not do, setup cannot do either",
}
