"""The estate as it is served: its files, certificates, DNS and ports, and that nothing of it stays behind."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.serving import LOOPBACK, ROLES, Serving
from vmm_wizard.plan.answers import load

TLS_SERVICES = ("ldaps", "winrm_https")
SERVICES = ("ldap", "ldaps", "tds", "winrm_http", "winrm_https")
ROLE_ADDRESSES = ["10.10.0.50", "10.20.0.50"]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(Estate(), tmp_path) as running:
        yield running


def book(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "address-book.toml").read_text(encoding="utf-8"))


def ports(folder: Path, services: tuple[str, ...] = SERVICES) -> list[tuple[str, int]]:
    """(host, port) of everything that listens on TCP."""
    rows = book(folder)["hosts"].items()
    return [(host, entry[service]) for host, entry in rows for service in services if service in entry]


def listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


class TestFiles:
    def test_everything_in_the_address_book_listens(self, serving: Serving) -> None:
        assert len(ports(serving.folder)) == 2 + 4 + 2 * 4
        assert [port for _, port in ports(serving.folder) if not listens(port)] == []

    def test_the_address_book_is_written_last_and_by_rename(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "address-book.toml").write_text("of yesterday")
        moved: list[str] = []
        rename = Path.replace

        def noted(source: Path, target: Path) -> Path:
            if target.name == "address-book.toml":
                assert not target.exists()
                document = tomllib.loads(source.read_text(encoding="utf-8"))
                assert all(listens(row["ldaps"]) for row in document["hosts"].values() if "ldaps" in row)
            moved.append(target.name)
            return rename(source, target)

        monkeypatch.setattr(Path, "replace", noted)
        with Serving(Estate(), tmp_path):
            pass
        assert moved.index("address-book.toml") > moved.index("credentials.toml")
        assert moved.index("address-book.toml") > moved.index("state.json")
        assert (tmp_path / "ca.pem").exists()

    @pytest.mark.skipif(os.name != "posix", reason="on Windows the folder's own rights decide")
    def test_passwords_are_for_their_owner_alone(self, serving: Serving) -> None:
        assert stat.S_IMODE((serving.folder / "credentials.toml").stat().st_mode) == 0o600

    def test_every_account_and_the_drivers_login_are_in_the_credentials(self, serving: Serving) -> None:
        document = tomllib.loads((serving.folder / "credentials.toml").read_text(encoding="utf-8"))
        known = {row.account: row.password for row in serving.estate.logons.credentials}
        assert document["accounts"] == known
        server = serving.estate.sql_servers["sql01.contoso.lab"]
        assert {row.name: row.password for row in server.logins if row.password} == document["sql_logins"]

    def test_the_practice_answers_are_the_examples(self, serving: Serving) -> None:
        example = Path(__file__).parents[2] / "answers" / "contoso-ha.toml"
        assert load(serving.folder / "practice.toml") == load(example)

    def test_no_file_but_the_credentials_holds_a_password(self, serving: Serving) -> None:
        passwords = [row.password.encode() for row in serving.estate.logons.credentials]
        others = [path for path in serving.folder.iterdir() if path.is_file() and path.name != "credentials.toml"]
        assert len(others) >= 4
        assert [path.name for path in others if any(password in path.read_bytes() for password in passwords)] == []

    def test_no_environment_variable_tells_where_passwords_are(self, tmp_path: Path) -> None:
        before = dict(os.environ)
        with Serving(Estate(), tmp_path):
            assert dict(os.environ) == before


class TestState:
    def test_it_is_rewritten_on_every_change(self, serving: Serving) -> None:
        def state() -> dict[str, Any]:
            document: dict[str, Any] = json.loads((serving.folder / "state.json").read_text(encoding="utf-8"))
            return document

        assert state()["bad_logons"] == {}
        serving.estate.logons.refuse("CONTOSO\\svc-vmm", "ldap")
        due = time.monotonic() + 20
        while not state()["bad_logons"] and time.monotonic() < due:
            pass
        assert state()["bad_logons"] == {"CONTOSO\\svc-vmm": 1}

    def test_it_is_whole_at_every_moment(self, serving: Serving) -> None:
        stop = threading.Event()

        def busy() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                serving.estate.logons.refuse(f"CONTOSO\\nobody{number}", "ldap")

        worker = threading.Thread(target=busy)
        worker.start()
        try:
            seen: set[int] = set()
            due = time.monotonic() + 60
            while len(seen) < 5 and time.monotonic() < due:
                seen.add(json.loads((serving.folder / "state.json").read_bytes())["unknown_logons"])
        finally:
            stop.set()
            worker.join()
        assert len(seen) == 5

    def test_the_last_state_tells_the_last_change(self, tmp_path: Path) -> None:
        with Serving(Estate(), tmp_path) as serving:
            for _ in range(5):
                serving.estate.logons.refuse("CONTOSO\\svc-vmm", "ldap")
        assert json.loads((tmp_path / "state.json").read_bytes())["bad_logons"] == {"CONTOSO\\svc-vmm": 5}

    def test_no_password_is_in_it(self, serving: Serving) -> None:
        text = (serving.folder / "state.json").read_text(encoding="utf-8")
        assert not [row for row in serving.estate.logons.credentials if row.password in text]


class TestCertificates:
    def test_each_names_its_host_and_no_address(self, serving: Serving) -> None:
        context = ssl.create_default_context(cafile=str(serving.folder / "ca.pem"))
        for host, port in ports(serving.folder, TLS_SERVICES):
            with (
                socket.create_connection((LOOPBACK, port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=host) as secured,
            ):
                certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
            names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
            assert isinstance(names, x509.SubjectAlternativeName)
            assert list(names) == [x509.DNSName(host)]
            assert [row.value for row in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [host]

    @pytest.mark.parametrize("name", [LOOPBACK, "localhost", "sql01.contoso.lab"])
    def test_a_client_that_checks_another_name_is_refused(self, serving: Serving, name: str) -> None:
        context = ssl.create_default_context(cafile=str(serving.folder / "ca.pem"))
        port = book(serving.folder)["hosts"]["dc01.contoso.lab"]["ldaps"]
        with (
            socket.create_connection((LOOPBACK, port), timeout=10) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname=name)


class TestNames:
    def ask(self, serving: Serving, name: str, kind: str) -> list[str]:
        where = book(serving.folder)["dns"]
        response = dns.query.udp(dns.message.make_query(name, kind), where["address"], timeout=10, port=where["port"])
        return sorted(record.to_text() for records in response.answer for record in records)

    @pytest.mark.parametrize(
        ("name", "kind", "told"),
        [
            ("vmm01.contoso.lab", "A", "10.10.0.31"),
            ("31.0.10.10.in-addr.arpa", "PTR", "vmm01.contoso.lab."),
            ("_ldap._tcp.dc._msdcs.contoso.lab", "SRV", "0 100 389 dc01.contoso.lab."),
            ("_ldap._tcp.gc._msdcs.contoso.lab", "SRV", "0 100 3268 dc01.contoso.lab."),
            ("_kerberos._tcp.contoso.lab", "SRV", "0 100 88 dc01.contoso.lab."),
        ],
    )
    def test_dns_answers_for_the_domain(self, serving: Serving, name: str, kind: str, told: str) -> None:
        assert self.ask(serving, name, kind) == [told]

    def test_the_roles_record_comes_and_goes_with_it(self, serving: Serving) -> None:
        cluster = serving.estate.cluster
        assert self.ask(serving, "vmm.contoso.lab", "A") == []
        cluster.create_vmm_role("vmm", ROLE_ADDRESSES, "vmm01")
        assert self.ask(serving, "vmm.contoso.lab", "A") == ROLE_ADDRESSES
        cluster.remove_vmm_role()
        assert self.ask(serving, "vmm.contoso.lab", "A") == []


class TestConsolePort:
    def test_it_listens_only_while_the_role_is_online(self, serving: Serving) -> None:
        port = book(serving.folder)["hosts"]["vmm.contoso.lab"]["tcp"]["8100"]
        cluster = serving.estate.cluster
        for _ in range(2):
            assert not listens(port)
            cluster.create_vmm_role("vmm", ROLE_ADDRESSES, "vmm01")
            assert listens(port)
            cluster.remove_vmm_role()
        assert not listens(port)

    def test_each_role_has_its_own(self, serving: Serving) -> None:
        hosts = book(serving.folder)["hosts"]
        serving.estate.cluster.create_vmm_role("vmmprod", ROLE_ADDRESSES, "vmm01")
        online = {role: listens(hosts[f"{role}.contoso.lab"]["tcp"][str(port)]) for role, port in ROLES.items()}
        assert online == {"vmm": False, "vmmprod": True}


class TestEnd:
    def test_two_estates_live_in_one_process(self, tmp_path: Path) -> None:
        with Serving(Estate(), tmp_path / "one") as one, Serving(Estate(), tmp_path / "two") as two:
            assert not set(ports(one.folder)) & set(ports(two.folder))
            one.estate.logons.refuse("CONTOSO\\svc-vmm", "ldap")
            assert two.estate.report()["bad_logons"] == {}
            assert one.estate.account("vmm-setup").password != two.estate.account("vmm-setup").password

    def test_no_thread_and_no_port_stays_behind(self, tmp_path: Path) -> None:
        before = set(threading.enumerate())
        with Serving(Estate(), tmp_path) as serving:
            serving.estate.cluster.create_vmm_role("vmm", ROLE_ADDRESSES, "vmm01")
            was_open = [port for _, port in ports(tmp_path)]
            console = book(tmp_path)["hosts"]["vmm.contoso.lab"]["tcp"]["8100"]
            clients = [socket.create_connection((LOOPBACK, port), timeout=10) for port in (*was_open, console)]
        for client in clients:
            client.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            assert not thread.is_alive(), thread.name
        assert [port for port in (*was_open, console) if listens(port)] == []

    def test_a_second_estate_in_the_same_folder_is_refused_and_harms_nothing(self, serving: Serving) -> None:
        before = book(serving.folder)
        with pytest.raises(OSError, match="another practice estate is served from there"):
            Serving(Estate(), serving.folder).__enter__()
        assert book(serving.folder) == before
        assert all(listens(port) for _, port in ports(serving.folder))

    def test_a_folder_can_be_used_again(self, tmp_path: Path) -> None:
        for _ in range(2):
            with Serving(Estate(), tmp_path):
                assert all(listens(port) for _, port in ports(tmp_path))
