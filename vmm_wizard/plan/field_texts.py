"""What each answer is for and what may be written: the words of answer files, forms, mistakes and the schema."""

from __future__ import annotations

_ACCOUNT = r"an account as DOMAIN\user or user@domain.example"
_OPTIONAL_ACCOUNT = f"{_ACCOUNT}, or nothing for the default"
_PORT = "a port number from 1 to 65535"
_FLAG = "true or false"

#: What may be written, by key; the end of a sentence that begins with "expected".
ALLOWED = {
    "release": 'one of "2016", "2019", "2022", "2025"',
    "domain": "the DNS name of the domain such as contoso.lab, or nothing",
    "installing_account": _ACCOUNT,
    "program_files": r"a folder on a local disk such as 'C:\Program Files\VMM'",
    "registration.product_key": "a product key of five groups of five, or nothing for the evaluation",
    "registration.user_name": "one line of text",
    "registration.company_name": "one line of text",
    "registration.telemetry": _FLAG,
    "registration.microsoft_update": _FLAG,
    "registration.eula_accepted": _FLAG,
    "connection.directory_server": "the host name of a domain controller, or nothing to have one found",
    "connection.authentication": 'one of "auto", "ntlm", "kerberos"',
    "connection.directory_account": _OPTIONAL_ACCOUNT,
    "connection.node_account": _OPTIONAL_ACCOUNT,
    "connection.sql_account": f"{_ACCOUNT}, a SQL Server login (a name alone), or nothing for the default",
    "connection.winrm": 'one of "http", "https"',
    "connection.winrm_port": f"{_PORT}, or 0 for the usual one",
    "connection.ca_file": "the path of a PEM file, or nothing",
    "connection.certificate_exceptions": "tables of host, sha256 (64 hexadecimal digits) and reason",
    "service_account.name": _ACCOUNT,
    "service_account.kind": 'one of "user", "gmsa"',
    "dkm.container": "a distinguished name such as CN=VMMDKM,DC=contoso,DC=lab",
    "database.host": "the host name of SQL Server or of a listener, without instance and port",
    "database.instance": "an instance name of 16 characters at most, or nothing for the default instance",
    "database.port": f"{_PORT}, or 0 to have it found",
    "database.listener": _FLAG,
    "database.name": "the name of a database",
    "database.create_new": _FLAG,
    "database.admin_account": _OPTIONAL_ACCOUNT,
    "cluster.name": "the host name of the failover cluster such as vmmclu.contoso.lab",
    "cluster.role_name": "a NetBIOS name of 15 characters at most",
    "cluster.static_addresses": 'IPv4 or IPv6 addresses such as ["10.10.0.50"], each once',
    "cluster.nodes": 'host names such as ["vmm01.contoso.lab", "vmm02.contoso.lab"], each once',
    "ports.console": _PORT,
    "ports.winpe_https": _PORT,
    "ports.wds": _PORT,
    "ports.winpe_http": _PORT,
    "ports.winrm": _PORT,
    "ports.bits": _PORT,
    "media.path": r"a folder on a local disk of each node such as 'C:\VMM\Media'",
    "prepare.media_source": r"a path such as '\\files01\sources\VMM2022', or nothing",
    "prepare.media_sha256": "64 hexadecimal digits, or nothing",
    "prepare.adk_source": r"a folder such as '\\files01\sources\ADK', or nothing",
    "prepare.winpe_source": r"a folder such as '\\files01\sources\WinPE', or nothing",
    "prepare.packages": r"paths of installers such as ['\\files01\sources\msodbcsql.msi'], each once",
    "library.file_server": "the host name of a clustered file server such as libfs.contoso.lab, or nothing",
    "accepted": "tables of id and reason; subject, by and on (2026-11-26) where they are known",
    "asked": "tables of id, team (ad, sql, network or nodes) and ticket; subject and on (2026-11-26) where known",
}

#: What each answer is for, by key.
ABOUT = {
    "release": "The VMM release to install: 2016, 2019, 2022 or 2025.",
    "domain": "DNS name of the Active Directory domain. Empty: read from the other names.",
    "installing_account": "The account that runs setup. It must be a local administrator on every node, have Full "
    "Control of the DKM container, and be sysadmin in SQL Server unless database.admin_account is given.",
    "program_files": "Folder that VMM is installed to: the same on every node.",
    "registration.product_key": "Product key, the same on every node. Empty: the 180-day evaluation.",
    "registration.user_name": "Name shown as the registered user.",
    "registration.company_name": "Company shown as the owner.",
    "registration.telemetry": "Whether VMM may send usage data to Microsoft.",
    "registration.microsoft_update": "Whether the nodes take VMM updates from Microsoft Update.",
    "registration.eula_accepted": "Whether you have read and accepted the licence terms. Setup refuses to run without.",
    "connection.directory_server": "The domain controller to ask. Empty: found by DNS.",
    "connection.authentication": "How accounts log on: auto (Kerberos where there is a ticket, else NTLM or a simple "
    "bind, always protected), ntlm or kerberos.",
    "connection.directory_account": "Account that asks the directory. Empty: the installing account.",
    "connection.node_account": "Account that logs on to the nodes. Empty: the installing account.",
    "connection.sql_account": "Account that asks SQL Server, or a SQL Server login. Empty: the one that setup will use "
    "there, the only one that SQL-02 can judge without a rehearsal.",
    "connection.winrm": "WinRM over http (messages are encrypted all the same) or https (certificates are checked).",
    "connection.winrm_port": "Port of WinRM on the nodes. 0: 5985 for http, 5986 for https.",
    "connection.ca_file": "PEM file with the certificate authority that the servers' certificates come from.",
    "connection.certificate_exceptions": "Certificates accepted though no authority vouches for them: one host each, "
    "with the fingerprint and the reason. They are shown in every report.",
    "service_account.name": "The account that the VMM service runs as. A domain account, local administrator on every "
    "node. It can never be changed later.",
    "service_account.kind": "user, or gmsa: a group managed service account (2019 and later; unproven unattended).",
    "dkm.container": "The container in Active Directory for VMM's encryption keys. It must exist before setup runs, "
    "and the installing account needs Full Control of it and everything below.",
    "database.host": "The SQL Server: its host name, the name of a failover cluster instance, or a listener.",
    "database.instance": "Name of the instance. Empty: the default instance.",
    "database.port": "TCP port of SQL Server. 0: 1433, or what SQL Browser says of a named instance.",
    "database.listener": "Whether host is an availability group listener. The database must not be in a group while "
    "setup runs.",
    "database.name": "Name of VMM's database.",
    "database.create_new": "true: setup makes the database, and it must not exist yet. false: it exists and is taken.",
    "database.admin_account": "Another account for setup's work in SQL Server. Empty: the installing account.",
    "cluster.name": "The failover cluster that VMM's role will run on. It must exist.",
    "cluster.role_name": "Name of VMM's role: what consoles connect to. At most 15 characters, and neither the "
    "cluster's name nor a node's.",
    "cluster.static_addresses": "One address for each client network without DHCP. Empty where all have DHCP.",
    "cluster.nodes": "The nodes in the order they are installed. The first one makes the role and the database.",
    "ports.console": "Console and PowerShell to VMM.",
    "ports.winpe_https": "Windows PE agents to VMM, control.",
    "ports.wds": "Windows Deployment Services to VMM.",
    "ports.winpe_http": "Windows PE agents to VMM, time.",
    "ports.winrm": "VMM to the agents on hosts, control.",
    "ports.bits": "Files between VMM, hosts and library servers.",
    "media.path": "Folder with the extracted setup media, the same on every node, on a local disk.",
    "prepare.media_source": "The folder with the extracted media, or the download that holds them (.exe, .zip): on a "
    "share that the installing account reads. Empty: the media are on the nodes already.",
    "prepare.media_sha256": "SHA-256 of that download, or of setup.exe in that folder. Empty: the one that Microsoft "
    "publishes where there is one, else setup.exe must be the same file on all nodes.",
    "prepare.adk_source": "Offline layout of the Windows ADK: the folder with adksetup.exe. Empty: not installed.",
    "prepare.winpe_source": "Offline layout of the ADK's Windows PE add-on: the folder with adkwinpesetup.exe. Empty: "
    "not installed.",
    "prepare.packages": "Installers (.msi, .exe) that are run silently in this order, such as those of Visual C++, the "
    "ODBC driver and sqlcmd; their licence terms are accepted with that.",
    "library.file_server": "The file server for VMM's library share, which is added after setup. A clustered one, on "
    "another cluster. Empty: not checked.",
    "accepted": "Findings that do not stop an install: the check's id, the subject that it was found on, and why. They "
    "are shown in every report. What makes setup roll back for certain cannot be accepted.",
    "asked": "What other teams were asked for: the check's id, the subject, the team, and the ticket. It is shown in "
    "every report and changes nothing else.",
}

#: What stands above each table of a written file.
TABLE_ABOUT = {
    "registration": "What setup asks about you.",
    "connection": "How the wizard itself reaches the servers. Nothing here is told to setup.",
    "service_account": "The account of the VMM service.",
    "dkm": "Distributed key management: where the encryption keys live.",
    "database": "SQL Server and the database.",
    "cluster": "The failover cluster, VMM's role on it, and the nodes.",
    "ports": "TCP ports of VMM. They can be chosen now and never again.",
    "media": "The setup media.",
    "prepare": "What vmm-wizard prepare brings to the nodes before setup, and from where.",
    "library": "VMM's library. Setup makes none on a highly available server: a share is added afterwards.",
}

#: The first lines of a written file.
HEADER = """\
Answers for vmm-wizard: what the highly available VMM management server shall be like.
Never write a password here: the wizard asks for them, or reads them by --secrets FILE.
Write Windows paths and DOMAIN\\user in single quotes: in double quotes a backslash means something else.
vmm-wizard check FILE says what is not ready yet, and changes nothing."""
