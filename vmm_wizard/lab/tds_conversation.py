"""One TDS client from PRELOGIN to its end: encryption, logon, then batches, procedure calls and transactions."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping

from vmm_wizard.lab import tds_channel as channel
from vmm_wizard.lab import tds_tokens as tokens
from vmm_wizard.lab.logons import Credential, LogonRefused, Logons
from vmm_wizard.lab.ntlm import NtlmAcceptor, NtlmError
from vmm_wizard.lab.sql import Principal, SqlServer, login_failed, untrusted_login
from vmm_wizard.lab.sql_engine import DatabaseChanged, Nothing, Outcome, SqlSession, TransactionChanged
from vmm_wizard.lab.tds_calls import Call, read_batch, read_call, without_headers
from vmm_wizard.lab.tds_channel import Channel
from vmm_wizard.lab.tds_login import (
    Encryption,
    LoginRecord,
    Wish,
    agreed_encryption,
    prelogin_answer,
    read_login,
    read_prelogin,
)
from vmm_wizard.lab.tds_tokens import ProtocolError, SqlError, Value


class Conversation:
    """One client from PRELOGIN to its end."""

    def __init__(
        self,
        connection: Channel,
        server: SqlServer,
        logons: Logons,
        certificate: ssl.SSLContext | None,
        encryption: Encryption,
    ) -> None:
        self._channel = connection
        self._server = server
        self._logons = logons
        self._certificate = certificate
        self._encryption = encryption
        self._prepared: dict[int, tuple[str, str]] = {}

    def hold(self) -> None:
        """Talk until the client goes. Raises ConnectionError, ProtocolError or ssl.SSLError where it ends badly."""
        record = self._open()
        try:
            principal = self._log_on(record)
            session = self._enter(record, principal)
        except SqlError as problem:
            self._refuse(problem)
            return
        self._welcome(record, session)
        while True:
            self._serve_one(session)

    # --- opening

    def _open(self) -> LoginRecord:
        kind, data = self._channel.receive()
        if kind != channel.PRELOGIN:
            raise ProtocolError("the first message is not PRELOGIN")
        offer = self._encryption if self._certificate else Encryption.UNSUPPORTED
        wish = read_prelogin(data)
        answer = agreed_encryption(offer, wish)
        self._channel.send(prelogin_answer(self._server.version, answer))
        if answer is Wish.REQUIRED and wish is Wish.NOT_SUPPORTED:
            raise ProtocolError("encryption is required and the client has none")
        if answer is not Wish.NOT_SUPPORTED and self._certificate:
            self._channel.start_tls(self._certificate)
        kind, data = self._channel.receive()
        if kind != channel.LOGIN:
            raise ProtocolError("LOGIN7 is missing")
        if answer is Wish.OFF:
            self._channel.stop_tls()
        return read_login(data)

    def _log_on(self, record: LoginRecord) -> Principal:
        if not record.is_integrated:
            return self._server.sql_principal(record.user, record.password)
        return self._server.windows_principal(self._prove(record.sspi).account)

    def _prove(self, token: bytes) -> Credential:
        """The account that NTLM proves. Raises SqlError 18452 for every reason that Windows has to refuse it."""
        name = self._server.machine_name
        acceptor = NtlmAcceptor(self._logons, "tds", computer=name, domain=self._server.default_domain)
        try:
            while True:
                challenge = acceptor.step(token)
                if acceptor.credential is not None:
                    return acceptor.credential
                self._channel.send(tokens.sspi(challenge or b""))
                kind, token = self._channel.receive()
                if kind not in (channel.SSPI, channel.LOGIN):  # python-tds goes on with packets of LOGIN7's type
                    raise ProtocolError("the Windows logon breaks off")
        except (LogonRefused, NtlmError):
            raise untrusted_login() from None

    def _enter(self, record: LoginRecord, principal: Principal) -> SqlSession:
        try:
            return SqlSession(self._server, principal, record.database, record.host, record.application)
        except SqlError:
            text = f'Cannot open database "{record.database}" requested by the login. The login failed.'
            raise SqlError(4060, text, 1, 11) from login_failed(principal.name)

    def _refuse(self, problem: SqlError) -> None:
        out = tokens.error(problem, self._server.server_name)
        if isinstance(problem.__cause__, SqlError):
            out += tokens.error(problem.__cause__, self._server.server_name)
        self._channel.send(out + tokens.done(tokens.DONE_ERROR))

    def _welcome(self, record: LoginRecord, session: SqlSession) -> None:
        self._server.sessions += 1
        size = min(max(record.packet_size, 512), 32767)
        changed = f"Changed database context to '{session.database}'."
        self._channel.send(
            tokens.env_text(tokens.ENV_DATABASE, session.database, "master")
            + tokens.info(5701, changed, self._server.server_name)
            + tokens.env_collation()
            + tokens.env_text(tokens.ENV_LANGUAGE, "us_english", "")
            + tokens.login_acknowledged(self._server.version)
            + tokens.env_text(tokens.ENV_PACKET_SIZE, str(size), "4096")
            + tokens.done()
        )
        self._channel.packet_size = size

    # --- requests

    def _serve_one(self, session: SqlSession) -> None:
        kind, data = self._channel.receive()
        try:
            if kind == channel.BATCH:
                answer = self._batch(session, read_batch(data))
            elif kind == channel.CALL:
                answer = self._call(session, read_call(data))
            elif kind == channel.TRANSACTION:
                answer = self._transaction(session, without_headers(data))
            elif kind == channel.ATTENTION:
                answer = tokens.done(tokens.DONE_ATTENTION)
            else:
                raise ProtocolError(f"a message of type {kind}")
        except SqlError as problem:
            answer = tokens.error(problem, self._server.server_name) + tokens.done(tokens.DONE_ERROR)
        self._channel.send(answer)

    def _batch(self, session: SqlSession, text: str) -> bytes:
        self._server.batches.append(text)
        parts = list(self._outcomes(session.run(text), in_procedure=False))
        return b"".join(parts) if parts else tokens.done()

    def _outcomes(self, outcomes: Iterator[Outcome], in_procedure: bool) -> Iterator[bytes]:
        """Each outcome as tokens; all but a batch's last say that more follows."""
        held = list(outcomes)
        for number, outcome in enumerate(held, 1):
            more = tokens.DONE_MORE if in_procedure or number < len(held) else tokens.DONE_FINAL
            done = tokens.done_in_procedure if in_procedure else tokens.done
            if isinstance(outcome, tokens.ResultSet):
                yield tokens.result_set(outcome) + done(tokens.DONE_COUNT | more, len(outcome.rows))
            elif isinstance(outcome, SqlError):
                yield tokens.error(outcome, self._server.server_name) + done(tokens.DONE_ERROR | more)
            elif isinstance(outcome, DatabaseChanged):
                change = tokens.env_text(tokens.ENV_DATABASE, outcome.new, outcome.old)
                text = f"Changed database context to '{outcome.new}'."
                yield change + tokens.info(5701, text, self._server.server_name) + done(more)
            elif isinstance(outcome, TransactionChanged):
                yield tokens.env_transaction(outcome.kind, 1) + done(more)
            elif isinstance(outcome, Nothing):
                yield done(more)

    def _transaction(self, session: SqlSession, data: bytes) -> bytes:
        """A transaction manager request: begin 5, commit 7, rollback 8; the last two may begin the next one at once."""
        request = int.from_bytes(data[:2], "little")
        kinds = {5: tokens.ENV_BEGIN, 7: tokens.ENV_COMMIT, 8: tokens.ENV_ROLLBACK}
        if request not in kinds:
            raise SqlError(3989, f"Transaction manager request {request} is not supported.", 1, 16)
        session.change_transaction(kinds[request])
        answer = tokens.env_transaction(kinds[request], 1)
        name_length = data[2] if len(data) > 2 else 0
        flags_at = 3 + name_length
        if request != 5 and len(data) > flags_at and data[flags_at] & 1:
            session.change_transaction(tokens.ENV_BEGIN)
            answer += tokens.env_transaction(tokens.ENV_BEGIN, 1)
        return answer + tokens.done()

    def _call(self, session: SqlSession, call: Call) -> bytes:
        values = [parameter.value for parameter in call.parameters]
        handle: int | None = None
        text: str | None = None
        definitions = ""
        first_argument = 2
        if call.procedure == "sp_executesql":
            text = str(values[0])
            definitions = str(values[1] or "") if len(values) > 1 else ""
        elif call.procedure in ("sp_prepexec", "sp_prepare"):
            handle = self._prepare(str(values[2]), str(values[1] or ""))
            text, definitions = self._prepared[handle]
            first_argument = 3
            text = text if call.procedure == "sp_prepexec" else None
        elif call.procedure == "sp_execute":
            text, definitions = self._statement(values[0])
            first_argument = 1
        elif call.procedure == "sp_unprepare":
            self._prepared.pop(int(str(values[0])), None)
        else:
            raise SqlError(2812, f"Could not find stored procedure '{call.procedure}'.", 62, 16)
        out = b""
        if text is not None:
            variables = _bound(definitions, call, first_argument)
            self._server.batches.append(text)
            out = b"".join(self._outcomes(session.run(text, variables), in_procedure=True))
        out += tokens.return_status(0)
        if handle is not None:
            out += tokens.return_handle(handle)
        return out + tokens.done_procedure()

    def _prepare(self, text: str, definitions: str) -> int:
        handle = max(self._prepared, default=0) + 1
        self._prepared[handle] = (text, definitions)
        return handle

    def _statement(self, handle: Value) -> tuple[str, str]:
        found = self._prepared.get(handle) if isinstance(handle, int) else None
        if found is None:
            raise SqlError(8179, f"Could not find prepared statement with handle {handle!r}.", 2, 16)
        return found


def _bound(definitions: str, call: Call, first: int) -> Mapping[str, Value]:
    """The call's arguments by variable: by name where they have one, else in the order of their definitions."""
    order = re.findall(r"(@\w+)\s+[A-Za-z]", definitions)
    given = call.parameters[first:]
    bound = dict(zip(order, (parameter.value for parameter in given), strict=False))
    bound.update({parameter.name: parameter.value for parameter in given if parameter.name})
    return bound
