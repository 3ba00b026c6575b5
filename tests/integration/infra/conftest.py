"""The whole platform in moto: ``template.yaml`` with all of its stacks, once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.integration.functions.chalice_package import chalice_package
from tests.integration.infra.nested_stacks import REGION, Platform

DOMAIN = "meet.example.org"


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders with the functions' own stacks."""
    return {name: chalice_package(name, tmp_path_factory.mktemp(name)) for name in ("auth", "meetings")}


@pytest.fixture(scope="session")
def platform(generated: dict[str, Path]) -> Iterator[Platform]:
    """Everything, created."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="releases", Key="function.zip", Body=b"a zip")
        zone = boto3.client("route53").create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"]
        certificate = boto3.client("acm", region_name=REGION).request_certificate(DomainName=DOMAIN)["CertificateArn"]
        parameters = {
            "Domain": DOMAIN,
            "HostedZoneId": zone.rpartition("/")[2],
            "PageCertificateArn": certificate.replace(REGION, "us-east-1"),
            "GatewayCertificateArn": certificate,
            "ReleaseBucket": "releases",
            "ReleaseKey": "releases/parley.tar.gz",
            "ReleaseSha256": "0" * 64,
            "Size": "medium",
            "Turn": "own",
            "AlarmAddress": "operator@example.org",
            "MonthlyBudget": "500",
        }
        whole = Platform(parameters, generated, {"Bucket": "releases", "Key": "function.zip"})
        whole.create()
        yield whole
