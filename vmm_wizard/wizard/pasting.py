"""Where a text belongs that was pasted or typed into one field: a whole DN, UPN, SQL target or list lands in the fields
that it is made of. Pure, no Textual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vmm_wizard.plan.fields import BY_KEY, Kind, field_text, field_value, parse_field, set_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName
from vmm_wizard.texts import text
from vmm_wizard.wizard.order_fields import all_fields
from vmm_wizard.wizard.pages import LABELS
from vmm_wizard.wizard.sql_texts import sql_parts

#: Fields that take an account.
ACCOUNTS = frozenset(
    {
        "installing_account",
        "service_account.name",
        "database.admin_account",
        "connection.directory_account",
        "connection.node_account",
        "connection.sql_account",
    }
)
#: Fields that take host names which tell the domain.
HOSTS = frozenset({"cluster.nodes", "cluster.name", "database.host", "connection.directory_server", "order.nodes"})
_SQL = frozenset({"database.host", "database.instance", "database.port"})
_DKM, _DOMAIN, _SHARE = "dkm.container", "domain", "prepare.media_source"
#: Fields whose text is anybody's own words: nothing is taken off it.
_FREE = frozenset({"registration.user_name", "registration.company_name", "connection.ca_file"})
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u201e": "\u201c", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_LIST_ENDS = " \t,;\u2022*-"
#: Columns of the line that tells what was filled in.
_LINE = 58
_LDAP = re.compile(r"(?i)ldaps?://[^/]*/")
_UNC = re.compile(r"\\\\[^\\/\s]+\\[^\\/]")


@dataclass(frozen=True, slots=True)
class Landing:
    """The texts that fields get, by key; a field that is not among them keeps what it had. `says`: a sentence, if any.

    The field that the text was given in may be none of them: the text was not meant for it, unless it `stays` there.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
    stays: bool = False


def landing(key: str, given: str, plan: Plan) -> Landing | None:
    """Where `given` belongs that was pasted or typed into the field `key` (empty: into none); None: where it stands.

    `plan` holds the answers from before that.
    """
    if key == "connection.certificate_exceptions":
        return None
    whole = cleaned(given)
    if not whole:
        return None
    answers = _by_kind(key, whole, plan)
    if isinstance(answers, Landing):
        return answers
    if answers is None:
        answers = {key: whole} if key and key not in _FREE and "\n" not in whole else {}
    host_key = key if key in HOSTS | ACCOUNTS else "database.host"
    answers = {**_domain_of(host_key, answers.get(host_key, ""), plan), **answers}
    if answers.get(key) == given:
        del answers[key]
        return Landing(answers, _told(key, answers), stays=True) if answers else None
    return Landing(answers, _told(key, answers)) if answers else None


def cleaned(given: str) -> str:
    """`given` without blanks, quotes and invisible characters around it."""
    said = _INVISIBLE.sub("", given).replace("\u00a0", " ").strip()
    while len(said) > 1 and _QUOTES.get(said[0]) == said[-1] and said[0] not in said[1:-1]:
        said = said[1:-1].strip()
    return said


def _by_kind(key: str, whole: str, plan: Plan) -> dict[str, str] | Landing | None:
    """What the whole text is, by what it looks like; None: nothing special."""
    whole = _LDAP.sub("", whole, count=1)
    name = _dn(whole)
    if name is not None:
        return _of_a_dn(key, whole, name)
    if key == "database.instance" and re.fullmatch(r"[A-Za-z_#][\w$#]{0,15},\d{1,5}", whole):
        instance, _, port = whole.partition(",")
        return {"database.instance": instance, "database.port": port}
    parts = sql_parts(whole, whole_only=key not in _SQL)
    if parts is not None and (key in _SQL or not key or is_wrong(key, whole)):
        return dict(parts)
    if _UNC.match(whole) and "\n" not in whole and not (key.startswith("prepare.") or key in _FREE):
        return Landing({_SHARE: whole}, text("pasting.share"))
    if key in ("media.path", "program_files") and re.match(r"[A-Za-z]:\\\\", whole):
        return {key: whole.replace("\\\\", "\\")}
    if key and all_fields(key).kind is Kind.TEXTS and "packages" not in key:
        return _list(key, whole)
    if key == "cluster.role_name":
        return _role(whole, plan)
    return None


def is_wrong(key: str, text: str) -> bool:
    """Whether `text` cannot be an answer to `key`."""
    if key not in BY_KEY or key in _FREE:
        return False
    try:
        parse_field(key, text)
    except ValueError:
        return True
    return False


def _dn(text: str) -> DistinguishedName | None:
    """The name in the directory that `text` is, with the domain's parts at its end."""
    try:
        name = DistinguishedName.parse(text)
    except ValueError:
        return None
    return name if len(name.rdns) > 1 and name.rdns[-1][0].upper() == "DC" else None


def _of_a_dn(key: str, whole: str, name: DistinguishedName) -> dict[str, str] | Landing:
    if key not in ACCOUNTS or "DKM" in name.rdns[0][1].upper():
        return {_DKM: whole}
    return Landing(says=text("pasting.account", example=f"name@{name.dns_domain}"))


def _list(key: str, whole: str) -> dict[str, str] | None:
    """A list over several lines, or with quotes and bullets: names with commas between them."""
    parts = (cleaned(part.strip(_LIST_ENDS)).strip(_LIST_ENDS) for part in re.split(r"[\n,;]+", whole))
    joined = ", ".join(filter(None, parts))
    return {key: joined} if joined and joined != whole else None


def _role(whole: str, plan: Plan) -> dict[str, str] | None:
    """The role's name is one label; its full name tells the domain, too."""
    label, _, suffix = whole.rstrip(".").partition(".")
    if not label or not _is_domain(suffix) or (plan.dns_domain and suffix.casefold() != plan.dns_domain):
        return None
    return {"cluster.role_name": label, **({} if plan.dns_domain else {_DOMAIN: suffix})}


def _domain_of(key: str, whole: str, plan: Plan) -> dict[str, str]:
    """The domain that a whole name tells, where no other answer does. One that came from the same field follows it."""
    suffix = _suffix(key, whole)
    others = set_field(set_field(plan, key, field_value(Plan(), key)), _DOMAIN, HostName()) if key in BY_KEY else plan
    if not suffix or others.dns_domain or plan.domain.key == suffix:
        return {}
    of_this_field = key in BY_KEY and plan.domain.key == _suffix(key, field_text(plan, key))
    return {_DOMAIN: suffix} if not plan.domain or of_this_field else {}


def _suffix(key: str, whole: str) -> str:
    """The DNS domain in a whole account or host name, lower case; empty when there is none."""
    try:
        if key in ACCOUNTS:
            suffix = AccountName.parse_with_logins(whole).domain
        else:
            suffix = HostName.parse(re.split(r"[,;\s]+", whole)[0]).suffix
    except ValueError:
        return ""
    return suffix.rstrip(".").lower() if _is_domain(suffix) else ""


def _is_domain(text: str) -> bool:
    text = text.rstrip(".")
    if "." not in text:
        return False
    try:
        return bool(HostName.parse(text))
    except ValueError:
        return False


def _told(key: str, answers: Mapping[str, str]) -> str:
    """What was filled in other fields than the one in which the text was given."""
    others = {LABELS[other]: value for other, value in answers.items() if other != key and value}
    whole = text("pasting.filled", fields=", ".join(f"{label} {value}" for label, value in others.items()))
    if len(whole) > _LINE:
        whole = text("pasting.filled", fields=", ".join(others))
    return whole if others else ""
