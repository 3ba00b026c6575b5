"""Addresses of objects that are signed for others to fetch."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from functions.serverless import aws


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_address_is_at_the_host_that_the_pages_policy_names(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    aws._s3_signer.cache_clear()
    try:
        address = aws.s3_signer("").generate_presigned_url("get_object", Params={"Bucket": "recordings", "Key": "a"})
    finally:
        aws._s3_signer.cache_clear()
    assert urlsplit(address).hostname == f"recordings.s3.{region}.amazonaws.com"
