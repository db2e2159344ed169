"""What SQL Server is asked, as three batches of T-SQL. Values are named parameters; SERVERPROPERTY is always CAST.

Uncast, SERVERPROPERTY is sql_variant: FreeTDS and Microsoft's driver both fail on it (measured).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

ParameterStyle = Literal["pyformat", "qmark"]

#: Batch 1, one row, anybody may ask it: who we are, what the server is (SQL-02 to 06, 12, 15, 18, 19, NOD-15).
SERVER = """
SELECT
  SUSER_SNAME() AS login,
  IS_SRVROLEMEMBER(N'sysadmin') AS sysadmin,
  HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') AS view_state,
  HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') AS view_definition,
  CAST(CONNECTIONPROPERTY('auth_scheme') AS nvarchar(40)) AS auth_scheme,
  CAST(SERVERPROPERTY('MachineName') AS nvarchar(128)) AS machine_name,
  CAST(SERVERPROPERTY('ComputerNamePhysicalNetBIOS') AS nvarchar(128)) AS physical_name,
  CAST(SERVERPROPERTY('InstanceName') AS nvarchar(128)) AS instance,
  CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
  CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition,
  CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS product_version,
  CAST(SERVERPROPERTY('ProductLevel') AS nvarchar(128)) AS product_level,
  CAST(SERVERPROPERTY('ProductUpdateLevel') AS nvarchar(128)) AS update_level,
  CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS collation,
  CAST(SERVERPROPERTY('IsClustered') AS int) AS is_clustered,
  CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS hadr_enabled,
  CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(512)) AS data_path,
  CAST(SERVERPROPERTY('InstanceDefaultLogPath') AS nvarchar(512)) AS log_path,
  DEFAULT_DOMAIN() AS default_domain,
  CONVERT(nvarchar(33), SYSUTCDATETIME(), 126) AS utc_time,
  DB_ID(@database) AS database_id,
  HAS_DBACCESS(@database) AS database_access,
  OBJECT_ID(QUOTENAME(@database) + N'.dbo.tbl_VMM_GlobalSetting', N'U') AS global_setting_table,
  OBJECT_ID(QUOTENAME(@database) + N'.dbo.tbl_ADHC_Library', N'U') AS library_table
"""

#: Batch 2, five result sets: the database, its availability group, all listeners, all other replicas, and where the
#: listeners are (SQL-05 07 08 14 17). The last needs VIEW SERVER STATE, and an error ends the batch.
DATABASE = """
SELECT d.name, d.collation_name, d.state_desc, d.recovery_model_desc,
  CONVERT(nvarchar(33), d.create_date, 126) AS created, CONVERT(nvarchar(33), SYSDATETIME(), 126) AS now
FROM sys.databases AS d
WHERE d.name = @database;
SELECT g.name
FROM sys.availability_databases_cluster AS d
JOIN sys.availability_groups AS g ON g.group_id = d.group_id
WHERE d.database_name = @database;
SELECT l.dns_name, l.port, g.name AS group_name
FROM sys.availability_group_listeners AS l
JOIN sys.availability_groups AS g ON g.group_id = l.group_id;
SELECT g.name AS group_name, r.replica_server_name AS server
FROM sys.availability_replicas AS r
JOIN sys.availability_groups AS g ON g.group_id = r.group_id
WHERE r.replica_server_name <> @@SERVERNAME;
SELECT l.dns_name, a.ip_address, a.network_subnet_ip AS subnet
FROM sys.availability_group_listener_ip_addresses AS a
JOIN sys.availability_group_listeners AS l ON l.listener_id = a.listener_id;
"""

#: Batch 3, by name of its result set; each part needs VIEW SERVER STATE or sysadmin. What may fail for other reasons
#: than rights stands last: the first error ends what is read.
SERVICES = "SELECT s.servicename, s.service_account FROM sys.dm_server_services AS s;\n"
VOLUMES = """
SELECT DISTINCT v.volume_mount_point, v.available_bytes
FROM sys.master_files AS f
CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) AS v;
"""
REPLICAS = """
SELECT g.name, s.role_desc
FROM sys.dm_hadr_availability_replica_states AS s
JOIN sys.availability_groups AS g ON g.group_id = s.group_id
WHERE s.is_local = 1;
"""
FORCE_ENCRYPTION = """
EXEC master.dbo.xp_instance_regread N'HKEY_LOCAL_MACHINE',
  N'Software\\Microsoft\\Microsoft SQL Server\\MSSQLServer\\SuperSocketNetLib', N'ForceEncryption';
"""
DATA_FILE = "EXEC master.dbo.xp_fileexist @data_file;\n"
LOG_FILE = "EXEC master.dbo.xp_fileexist @log_file;\n"
#: The newest backups by kind (D full, L log) and by the recovery model at that time, in the server's own time.
BACKUPS = """
SELECT b.type, b.recovery_model, CONVERT(nvarchar(33), MAX(b.backup_finish_date), 126) AS finished,
  CONVERT(nvarchar(33), SYSDATETIME(), 126) AS now
FROM msdb.dbo.backupset AS b
WHERE b.database_name = @database AND b.is_copy_only = 0
GROUP BY b.type, b.recovery_model;
"""
#: Whether another replica has the login that VMM will need there (SQL-17): one batch over a logon of its own.
LOGIN = """
SELECT IS_SRVROLEMEMBER(N'sysadmin') AS sysadmin,
  HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') AS view_definition,
  (SELECT COUNT(*) FROM sys.server_principals AS p WHERE p.sid = SUSER_SID(@login)) AS logins;
"""
#: Others who are in the database: a VMM that lives in it shows here (SQL-14).
USERS = """
SELECT DISTINCT s.host_name, s.program_name, s.login_name
FROM sys.dm_exec_sessions AS s
WHERE s.database_id = DB_ID(@database) AND s.is_user_process = 1 AND s.session_id <> @@SPID;
"""
#: Sessions from one computer, but for our own: a setup that works on the database shows here, to those who may see it.
SESSIONS = """
SELECT HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') AS permitted,
  (SELECT COUNT(*) FROM sys.dm_exec_sessions AS s WHERE s.is_user_process = 1 AND s.session_id <> @@SPID
    AND s.host_name = @host AND s.program_name <> N'vmm-wizard') AS sessions;
"""
_OWNERS = """
SELECT COALESCE(SUSER_SNAME(m.sid), m.name) AS member, CONVERT(nvarchar(200), m.sid, 1) AS sid
FROM {database}.sys.database_role_members AS r
JOIN {database}.sys.database_principals AS p ON p.principal_id = r.role_principal_id
JOIN {database}.sys.database_principals AS m ON m.principal_id = r.member_principal_id
WHERE p.name = N'db_owner';
"""
_TABLES = "SELECT COUNT(*) AS tables FROM {database}.sys.tables AS t WHERE t.is_ms_shipped = 0;\n"
#: Executed, not compiled with the rest: a VMM whose table looks otherwise then costs this answer alone.
_VERSIONS = """
EXEC sp_executesql N'SELECT CAST(s.PropertyName AS nvarchar(128)) AS property,
  CAST(s.PropertyValue AS nvarchar(128)) AS value
FROM {database}.dbo.tbl_VMM_GlobalSetting AS s WHERE s.PropertyName LIKE N''%Version%''';
"""


def quote_name(name: str) -> str:
    """A name as QUOTENAME writes it: in brackets, closing ones doubled. Raises ValueError for more than 128 letters."""
    if not name or len(name) > 128:
        raise ValueError("a SQL Server name has 1 to 128 characters")
    return "[" + name.replace("]", "]]") + "]"


def owners(database: str) -> str:
    """The members of db_owner in a database, by login (SQL-16)."""
    return _OWNERS.format(database=quote_name(database))


def tables(database: str) -> str:
    """How many tables a database has that are not SQL Server's own (SQL-14)."""
    return _TABLES.format(database=quote_name(database))


def versions(database: str) -> str:
    """What a VMM database's table of settings says of versions (SQL-14; the names of the settings are unconfirmed)."""
    return _VERSIONS.format(database=quote_name(database).replace("'", "''"))


#: Parameters, and what may look like one and is not: names in brackets and text literals.
_PARAMETER = re.compile(r"\[(?:[^\]]|\]\])*\]|'(?:[^']|'')*'|(?<![@\w])@([A-Za-z_]\w*)")


def with_parameters(text: str, values: Mapping[str, str], style: ParameterStyle) -> tuple[str, object]:
    """A text with `@name` parameters as a client wants it: the text, and the values (a mapping, or a tuple in order).

    Raises KeyError when the text names a parameter that has no value.
    """
    order: list[str] = []

    def marker(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0]
        order.append(values[name])
        return f"%({name})s" if style == "pyformat" else "?"

    if style == "qmark":
        return _PARAMETER.sub(marker, text), tuple(order)
    translated = _PARAMETER.sub(marker, text.replace("%", "%%"))
    return (translated, dict(values)) if order else (text, None)
