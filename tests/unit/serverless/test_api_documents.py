"""What both APIs say of themselves: examples are true, each route has a group, and the page has all of the document."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any, get_args

import msgspec
import pytest

from functions.serverless.openapi import ApiDescription, Tag
from functions.serverless.requests import Empty
from functions.serverless.service import Operation
from tests.integration.functions.lambda_events import ROOT, Client, load_app

SERVICES = ("auth", "meetings")


class Reading(HTMLParser):
    """What stands in a page: ids, where its links lead, and the elements and attributes that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.attributes: set[str] = set()
        self.elements: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src") and tag != "link":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(service: str) -> Client:
    """The function as it is packaged, without anything that it stands on."""
    config = json.loads((ROOT / "functions" / service / ".chalice" / "config.json").read_text())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in config["stages"]["prod"]["environment_variables"].items():
            patch.setenv(name, value)
        return Client(load_app(service, f"described_{service}"))


@pytest.fixture(scope="module")
def document(client: Client, service: str) -> Any:
    return client.request("GET", f"/v1/{service}/openapi.json").json()


@pytest.fixture(scope="module")
def page(client: Client, service: str) -> Reading:
    return Reading(client.request("GET", f"/v1/{service}/reference").text)


def operations(client: Client) -> list[Operation]:
    found: list[Operation] = client.module.app.operations
    return found


def described(document: Any, operation: Operation) -> Any:
    return document["paths"][operation.path][operation.method.lower()]


def test_every_reference_leads_somewhere(document: Any) -> None:
    referred = re.findall(r'"\$ref": "(.*?)"', json.dumps(document))
    assert referred
    for reference in set(referred):
        at = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in at, reference
            at = at[step]


def test_every_example_of_a_body_is_one_that_its_route_takes(client: Client, document: Any) -> None:
    tried = 0
    for operation in operations(client):
        if operation.body is not Empty:
            for content in described(document, operation)["requestBody"]["content"].values():
                msgspec.convert(content["example"], operation.body)
                tried += 1
    assert tried > 20


def test_every_example_of_an_answer_is_one(client: Client, document: Any) -> None:
    tried = 0
    for operation in operations(client):
        for status, answer in {operation.status: operation.answer, **operation.also}.items():
            for content in described(document, operation)["responses"][str(status)].get("content", {}).values():
                if "example" in content:
                    first, *_ = get_args(answer) or (answer,)
                    msgspec.convert(content["example"], first)
                    tried += 1
    assert tried > 20


def test_every_operation_is_in_one_group_and_every_group_has_some(document: Any) -> None:
    told = [each["tags"] for methods in document["paths"].values() for each in methods.values()]
    assert all(len(tags) == 1 for tags in told)
    assert {tag for tags in told for tag in tags} == {tag["name"] for tag in document["tags"]}


def test_a_route_without_a_place_in_the_reference_is_an_error() -> None:
    api = ApiDescription(title="x", tags=(Tag(name="A", description="", paths=("/v1/a",)),), examples={})
    assert api.tag_of("/v1/a/b") == "A"
    with pytest.raises(ValueError, match="/v1/b"):
        api.tag_of("/v1/b")


def test_the_page_has_every_operation_parameter_type_field_and_code(document: Any, page: Reading) -> None:
    ids, text = set(page.ids), page.text
    words = set(text.split())
    assert len(ids) == len(page.ids)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"] in ids
            assert f"{method.upper()} {path}" in text
            for parameter in operation.get("parameters", ()):
                assert parameter["name"] in text
            for status, answer in operation["responses"].items():
                if status >= "400":
                    [content] = answer["content"].values()
                    assert {f"code-{code}" for code in content["schema"]["properties"]["code"]["enum"]} <= ids
    for name, schema in document["components"]["schemas"].items():
        assert f"type-{name}" in ids
        assert set(schema.get("properties", ())) <= words


def test_the_page_links_to_what_is_there_and_to_no_other_host(page: Reading, document: Any) -> None:
    within = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert within <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} <= set(document["paths"])


def test_the_page_runs_nothing_but_its_own_script(client: Client, service: str, page: Reading) -> None:
    answer = client.request("GET", f"/v1/{service}/reference")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", policy)) == 2
    assert answer.text.count("<script") == 1
    assert not [name for name in page.attributes if name.startswith("on") or name in ("style", "src")]
    assert not {"img", "iframe", "form", "object", "embed", "base"} & page.elements


@pytest.mark.parametrize("name", ["openapi.json", "reference"])
def test_what_a_client_has_is_not_sent_again(client: Client, service: str, name: str) -> None:
    path = f"/v1/{service}/{name}"
    first = client.request("GET", path)
    assert first.headers["cache-control"] == "public, max-age=300"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.request("GET", path, headers={"if-none-match": known})
        assert (again.status, again.text, again.headers["etag"]) == (304, "", tag), known
    for unknown in ('"other"', tag.strip('"'), "", ",,"):
        assert client.request("GET", path, headers={"if-none-match": unknown}).status == 200, unknown
