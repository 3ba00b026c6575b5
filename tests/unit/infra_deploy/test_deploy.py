"""What a deployment uploads, under which names, and with which parameters; moto is the AWS that it is tried on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy.__main__ import Installation
from infra.deploy.artefacts import MissingError, deployment, page_files
from infra.local.settings import ROOT

BUCKET = "parley-releases"
REGION = "eu-central-1"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The templates as they are, and something for all that is built."""
    (tmp_path / "template.yaml").symlink_to(ROOT / "template.yaml")
    (tmp_path / "infra").symlink_to(ROOT / "infra")
    for name in ("auth", "meetings"):
        folder = tmp_path / "build/functions" / name
        folder.mkdir(parents=True)
        function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}}
        (folder / "sam.json").write_text(json.dumps({"Resources": {"APIHandler": function}}))
        (folder / "deployment.zip").write_bytes(name.encode())
    release = tmp_path / "build/release"
    release.mkdir(parents=True)
    (release / "parley-aarch64.tar.gz").write_bytes(b"a release")
    return tmp_path


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield s3


def made(root: Path) -> Any:
    return deployment(root, bucket=BUCKET, url=f"https://{BUCKET}.example", machine="aarch64")


def test_all_that_the_root_nests_is_uploaded_under_its_hash(built: Path) -> None:
    what = made(built)
    stored = {artefact.key: artefact.content for artefact in what.artefacts}
    root = json.loads(stored[what.template_key])
    urls = [each["Properties"]["TemplateURL"] for each in root["Resources"].values()]
    assert all(url.removeprefix(f"https://{BUCKET}.example/") in stored for url in urls)
    code = [
        json.loads(content)["Resources"]["APIHandler"]["Properties"]["CodeUri"]["Key"]
        for content in stored.values()
        if b"AWS::Serverless::Function" in content
    ]
    assert {stored[key] for key in code} == {b"auth", b"meetings"}
    assert made(built) == what


def test_what_is_not_built_is_named(built: Path) -> None:
    (built / "build/functions/auth/sam.json").unlink()
    with pytest.raises(MissingError, match="make package"):
        made(built)


def test_what_is_there_is_not_uploaded_again(built: Path, aws: Any) -> None:
    what, here = made(built), Installation("prod", dry=False)
    assert len(here.upload(what, BUCKET)) == len({artefact.key for artefact in what.artefacts})
    assert here.upload(what, BUCKET) == []
    assert aws.get_object(Bucket=BUCKET, Key=what.release_key)["Body"].read() == b"a release"


def test_a_dry_run_changes_nothing(built: Path, aws: Any) -> None:
    assert Installation("prod", dry=True).upload(made(built), BUCKET)
    assert aws.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_the_first_time_all_that_has_no_default_is_asked_for(aws: Any) -> None:
    here = Installation("prod", dry=True)
    assert here.stack() is None
    with pytest.raises(MissingError, match="ZONE"):
        here.parameters({"Domain": "meet.example"}, None)


def test_afterwards_what_was_given_stays(aws: Any) -> None:
    stands = {"Parameters": [{"ParameterKey": name} for name in ("Domain", "Size")]}
    required = (
        "HostedZoneId",
        "PageCertificateArn",
        "GatewayCertificateArn",
        "ReleaseBucket",
        "ReleaseKey",
        "ReleaseSha256",
    )
    given = dict.fromkeys(required, "x")
    parameters = Installation("prod", dry=True).parameters(given | {"Size": "large"}, stands)
    by_name = {each["ParameterKey"]: each for each in parameters}
    assert by_name["Domain"] == {"ParameterKey": "Domain", "UsePreviousValue": True}
    assert by_name["Size"]["ParameterValue"] == "large"


def test_documents_of_the_page_come_after_what_they_name(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/app-1234.js", "robots.txt"):
        (tmp_path / name).write_text("x")
    files = list(page_files(tmp_path))
    assert [key for key, _, _ in files][-1] == "index.html"
    fields = {key: fields for key, _, fields in files}
    assert "immutable" in fields["assets/app-1234.js"]["CacheControl"]
    assert fields["index.html"] == {"CacheControl": "no-cache", "ContentType": "text/html"}
