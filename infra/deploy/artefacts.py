"""What a deployment uploads: code, the release and templates, each under a name that holds its hash.

Templates refer to what they need by those names, so that a stack whose content did not change is the same to
CloudFormation.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from infra.local.aws_server import load_template

FUNCTIONS: Final = ("auth", "meetings")


class MissingError(Exception):
    """Something is to be uploaded that is not built. The text names it and how to build it."""


class Artefact(Struct, frozen=True):
    """``key`` in the bucket of releases."""

    key: str
    content: bytes


class Deployment(Struct, frozen=True):
    """What is to be uploaded, and what the root stack is made of."""

    artefacts: tuple[Artefact, ...]
    template_key: str
    release_key: str
    release_sha256: str


def _named(kind: str, suffix: str, content: bytes) -> Artefact:
    return Artefact(f"{kind}/{hashlib.sha256(content).hexdigest()[:32]}{suffix}", content)


def _read(path: Path, target: str) -> bytes:
    if not path.is_file():
        raise MissingError(f"{path} is missing: make {target}")
    return path.read_bytes()


def deployment(root: Path, *, bucket: str, url: str, machine: str) -> Deployment:
    """All that belongs to the sources below ``root`` as they are built. ``url``: where the bucket's objects are read by
    CloudFormation; ``machine``: which one the release is for (``aarch64``).

    Raises:
        MissingError: something is not built.
    """
    release = _read(root / f"build/release/parley-{machine}.tar.gz", "package-release")
    artefacts = [_named("releases", f"-{machine}.tar.gz", release)]
    main = load_template(root / "template.yaml")
    for resource in main["Resources"].values():
        if resource["Type"] != "AWS::CloudFormation::Stack":
            continue
        path = resource["Properties"]["TemplateURL"]
        nested = load_template(root / path) if path.endswith(".yaml") else _generated(root / path, bucket, artefacts)
        stored = _named("templates", ".json", _json(nested))
        artefacts.append(stored)
        resource["Properties"]["TemplateURL"] = f"{url}/{stored.key}"
    template = _named("templates", ".json", _json(main))
    return Deployment(
        artefacts=(*artefacts, template),
        template_key=template.key,
        release_key=artefacts[0].key,
        release_sha256=hashlib.sha256(release).hexdigest(),
    )


def _generated(path: Path, bucket: str, artefacts: list[Artefact]) -> dict[str, Any]:
    """A function's stack, its code in the bucket."""
    template: dict[str, Any] = json.loads(_read(path, "package"))
    code = _named("functions", ".zip", _read(path.with_name("deployment.zip"), "package"))
    artefacts.append(code)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": code.key}
    return template


def _json(template: dict[str, Any]) -> bytes:
    return json.dumps(template, sort_keys=True, separators=(",", ":"), default=str).encode()


def page_files(folder: Path) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """Key, file and header fields of the built page, documents last: they name the others, which have a hash in their
    names.

    Raises:
        MissingError: the page is not built.
    """
    _read(folder / "index.html", "build")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    for path in sorted(files, key=lambda path: path.suffix == ".html"):
        key = path.relative_to(folder).as_posix()
        kept = "public, max-age=31536000, immutable" if key.startswith("assets/") else "no-cache"
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        yield key, path, {"CacheControl": kept, "ContentType": kind}
