"""What travels to a node and back, without a network: stdin, the command line, the marked answer, the script itself."""

from __future__ import annotations

import base64
import re

import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from vmm_wizard.lab.wsman_messages import clixml_errors, clixml_progress
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import BEGIN, Script, head_of, load_script

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def syntax_of(text: str) -> Node:
    return Parser(Language(tree_sitter_powershell.language())).parse(text.encode()).root_node


class TestCommandLine:
    def test_is_far_below_what_cmd_takes(self) -> None:
        assert len(" ".join([bootstrap.PROGRAM, *bootstrap.arguments()])) < 6000

    def test_is_the_bootstrap_without_its_comments(self) -> None:
        text = base64.b64decode(bootstrap.arguments()[-1]).decode("utf-16-le")
        assert "#" not in re.sub(r"'[^']*'", "", text)
        assert text.splitlines()[0] == "$ErrorActionPreference = 'Stop'"
        assert not syntax_of(text).has_error

    @pytest.mark.parametrize("forbidden", ["Add-Type", "$input", "Invoke-Expression", "ConvertTo-SecureString"])
    def test_the_bootstrap_holds_nothing_that_breaks_stdin_or_policy(self, forbidden: str) -> None:
        assert forbidden.lower() not in load_script("bootstrap").text.lower()

    def test_the_bootstrap_parses(self) -> None:
        assert not syntax_of(load_script("bootstrap").text).has_error

    def test_the_parser_would_notice_a_missing_brace(self) -> None:
        assert syntax_of(load_script("bootstrap").text.replace("\n}\n", "\n", 1)).has_error

    def test_the_language_mode_is_looked_at_before_any_method_is_called(self) -> None:
        text = load_script("bootstrap").text
        assert text.index("LanguageMode") < text.index("[Console]")

    def test_markers_are_the_ones_that_are_read(self) -> None:
        text = load_script("bootstrap").text
        assert bootstrap.BEGIN in text
        assert bootstrap.END in text


class TestStdin:
    @given(text=texts, parameters=st.dictionaries(texts, values, max_size=4), secrets=st.lists(texts, max_size=3))
    def test_comes_out_as_it_went_in(self, text: str, parameters: dict[str, object], secrets: list[str]) -> None:
        data = bootstrap.write_stdin(Script("job", text), parameters, [Secret(each) for each in secrets])  # type: ignore[arg-type]
        assert data.isascii()
        assert data.count(b"\n") == 1 + len(secrets)
        request = bootstrap.read_stdin(data)
        assert (request.name, request.text, request.parameters) == ("job", text, parameters)
        assert [secret.reveal() for secret in request.secrets] == secrets

    @given(data=st.binary(max_size=300), size=st.integers(1, 50))
    def test_pieces_are_small_and_lose_nothing(self, data: bytes, size: int) -> None:
        pieces = bootstrap.chunks(data, size)
        assert b"".join(pieces) == data
        assert pieces
        assert all(len(piece) <= size for piece in pieces)

    def test_a_request_shows_no_secret(self) -> None:
        request = bootstrap.read_stdin(bootstrap.write_stdin(Script("job", ""), {}, [Secret("canary")]))
        assert "canary" not in repr(request)


class TestAnswer:
    @given(result=st.dictionaries(texts, values, max_size=4), before=texts, after=texts)
    def test_is_found_in_any_noise(self, result: dict[str, object], before: str, after: str) -> None:
        answer = bootstrap.write_answer({"result": result})  # type: ignore[dict-item]
        noisy = b"x" + before.encode() + answer + after.encode()
        assert bootstrap.read_answer(noisy) == {"result": result}

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
    def test_is_read_in_every_encoding_of_a_node(self, encoding: str) -> None:
        text = bootstrap.write_answer({"result": {"ok": True}}).decode()
        assert bootstrap.read_answer(("Text\r\n" + text).encode(encoding)) == {"result": {"ok": True}}

    def test_the_last_one_counts(self) -> None:
        twice = bootstrap.write_answer({"result": {"n": 1}}) + bootstrap.write_answer({"result": {"n": 2}})
        assert bootstrap.read_answer(twice) == {"result": {"n": 2}}

    @given(st.binary(max_size=200))
    def test_noise_alone_is_no_answer(self, noise: bytes) -> None:
        assert bootstrap.read_answer(noise) is None

    def test_a_list_is_refused(self) -> None:
        with pytest.raises(ValueError, match="object"):
            bootstrap.parse_result("[1]")


class TestErrorText:
    def test_progress_is_left_out(self) -> None:
        assert bootstrap.error_text(clixml_progress()) == ""

    def test_errors_are_read_out_of_clixml(self) -> None:
        mixed = b"native says\r\n" + clixml_progress() + clixml_errors("first <&> line\nsecond")
        assert bootstrap.error_text(mixed) == "native says\nfirst <&> line\nsecond"

    def test_plain_text_stays(self) -> None:
        assert bootstrap.error_text(b"The command line is too long.\r\n") == "The command line is too long."

    @given(st.binary(max_size=300))
    def test_never_fails_on_what_a_node_may_send(self, noise: bytes) -> None:
        assert isinstance(bootstrap.error_text(b"#< CLIXML\r\n<Objs " + noise + b"</Objs>"), str)


def test_a_language_mode_is_read() -> None:
    assert bootstrap.read_language_mode(b'{"languageMode":"ConstrainedLanguage"}\r\n') == "ConstrainedLanguage"
    assert bootstrap.read_language_mode(b"{}") is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", "nothing"),
        ("Zugriff verweigert\r\n", "Zugriff verweigert"),
        (f'\r\n{BEGIN}\r\n{{"result":{{"files":[{{"content":"QUJD', "an answer that is not whole"),
        (f"Authorized use only.\n{BEGIN}\n{{", "an answer that is not whole, after Authorized use only."),
        ("wrapper " + "QUJDREVG" * 40, "wrapper ..."),
        ("word " * 100, "word " * 24 + "..."),
    ],
)
def test_of_what_is_no_answer_only_words_are_shown_and_nothing_of_a_file(said: str, shown: str) -> None:
    assert head_of(said) == shown
