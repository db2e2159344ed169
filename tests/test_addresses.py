"""An address book is the only truth there is: what is outside it is neither resolved nor connected to."""

from pathlib import Path

import pytest

from vmm_wizard.addresses import AddressBook, AddressBookError, AddressError, SystemAddresses, open_addresses

BOOK = """
ca_file = "ca.pem"
[hosts."dc01.contoso.lab"]
address = "127.0.0.1"
ldap = 40389
ldaps = 40636
[hosts."sql01.contoso.lab"]
address = "127.0.0.1"
tds = 41433
browser = 41434
[hosts."vmm.contoso.lab"]
address = "127.0.0.1"
tcp = {8100 = 48100}
"""


@pytest.fixture
def book(tmp_path: Path) -> AddressBook:
    path = tmp_path / "address-book.toml"
    path.write_text(BOOK, encoding="utf-8")
    return AddressBook.load(path)


def test_a_host_in_the_book_is_located_by_service(book: AddressBook) -> None:
    endpoint = book.locate("DC01.contoso.lab", "ldaps")
    assert (endpoint.address, endpoint.port) == ("127.0.0.1", 40636)
    assert str(endpoint) == "DC01.contoso.lab:636"


def test_the_ca_file_stands_beside_the_book(book: AddressBook, tmp_path: Path) -> None:
    assert book.ca_file == str(tmp_path / "ca.pem")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "example.org", "dc02.contoso.lab"])
def test_a_host_outside_the_book_does_not_exist(book: AddressBook, host: str) -> None:
    with pytest.raises(AddressError, match="not in the address book"):
        book.locate(host, "ldaps")
    with pytest.raises(AddressError, match="not in the address book"):
        book.locate_tcp(host, 443)
    assert book.addresses_of(host) == ()


def test_a_short_name_is_found_by_its_label(book: AddressBook) -> None:
    assert book.locate("sql01", "tds").port == 41433


def test_a_standard_port_given_as_a_number_is_the_service_of_that_port(book: AddressBook) -> None:
    assert book.locate("sql01.contoso.lab", "tds", 1433).port == 41433
    assert book.locate_tcp("sql01.contoso.lab", 1433).port == 41433


def test_a_port_that_the_book_gives_is_taken_as_it_is(book: AddressBook) -> None:
    assert book.locate("sql01.contoso.lab", "tds", 41433).port == 41433


def test_a_port_the_book_does_not_give_is_refused(book: AddressBook) -> None:
    with pytest.raises(AddressError, match="no port 1500 for sql01"):
        book.locate("sql01.contoso.lab", "tds", 1500)


def test_a_port_of_a_role_is_mapped(book: AddressBook) -> None:
    endpoint = book.locate_tcp("vmm.contoso.lab", 8100)
    assert (endpoint.port, endpoint.shown_port) == (48100, 8100)


def test_a_service_that_a_host_lacks_is_said(book: AddressBook) -> None:
    with pytest.raises(AddressError, match="no winrm_http for dc01"):
        book.locate("dc01.contoso.lab", "winrm_http")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not toml", "is not TOML"),
        ("hosts = 3", "key hosts"),
        ('[hosts."a"]\nldap = 1', "key address"),
        ('[hosts."a"]\naddress = "127.0.0.1"\nldap = 70000', "key ldap"),
        ('[hosts."a"]\naddress = "127.0.0.1"\nsmtp = 25', "unknown key 'smtp'"),
        ('[hosts."a"]\naddress = "127.0.0.1"\ntcp = {x = 1}', "key tcp"),
        ('[dns]\naddress = "127.0.0.1"', "key dns"),
        ("ca_file = 3", "key ca_file"),
    ],
)
def test_a_bad_book_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "book.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AddressBookError, match=sentence) as caught:
        AddressBook.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_book_is_said(tmp_path: Path) -> None:
    with pytest.raises(AddressBookError, match=r"none\.toml: cannot be read"):
        open_addresses(tmp_path / "none.toml")


def test_without_a_book_the_system_is_asked() -> None:
    addresses = open_addresses(None)
    assert isinstance(addresses, SystemAddresses)
    assert addresses.locate("127.0.0.1", "winrm_https").port == 5986
    assert addresses.ca_file is None


def test_a_book_names_the_domains_of_its_controllers() -> None:
    hosts = {
        "dc01.contoso.lab": {"ldaps": 636},
        "dc02.contoso.lab": {"ldap": 389},
        "sql01.other.lab": {"tds": 1433},
        "dc": {"ldaps": 636},
    }
    assert AddressBook(Path("book.toml"), hosts).domains() == ("contoso.lab",)
