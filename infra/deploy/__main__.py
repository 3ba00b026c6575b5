"""``python -m infra.deploy deploy|destroy --stage …``: see docs/operations/README.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.artefacts import Deployment, MissingError, deployment, page_files
from infra.local.aws_server import load_template
from infra.local.settings import ROOT

PARAMETERS: Final = {
    "domain": "Domain",
    "zone": "HostedZoneId",
    "page_certificate": "PageCertificateArn",
    "gateway_certificate": "GatewayCertificateArn",
    "size": "Size",
    "alarms": "AlarmAddress",
    "administrators": "Administrators",
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


class Installation:
    """One stage in the account and region that the environment's credentials are for."""

    def __init__(self, stage: str, *, dry: bool) -> None:
        self.name = f"parley-{stage}"
        self._stage = stage
        self._dry = dry
        self._cloudformation = boto3.client("cloudformation")
        self._s3: Any = boto3.client("s3")

    def stack(self) -> dict[str, Any] | None:
        """The root stack as it is; None where there is none."""
        try:
            found: Any = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found

    def parameters(self, given: Mapping[str, str], existing: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """What is given, and for an installation that stands what it has.

        Raises:
            MissingError: something that has no default is not given.
        """
        declared = load_template(ROOT / "template.yaml")["Parameters"]
        had = {each["ParameterKey"] for each in (existing or {}).get("Parameters", [])}
        made: list[dict[str, Any]] = []
        missing = []
        for name, parameter in declared.items():
            if name in given:
                made.append({"ParameterKey": name, "ParameterValue": given[name]})
            elif name in had:
                made.append({"ParameterKey": name, "UsePreviousValue": True})
            elif "Default" not in parameter:
                missing.append(name)
        if missing:
            names = {parameter: word.upper() for word, parameter in PARAMETERS.items()}
            raise MissingError(f"not given: {', '.join(names.get(each, each) for each in missing)}")
        return made

    def upload(self, what: Deployment, bucket: str) -> list[str]:
        """Uploads what is not there yet, and answers the names."""
        new = []
        for artefact in what.artefacts:
            if self._has(bucket, artefact.key):
                continue
            new.append(artefact.key)
            if not self._dry:
                self._s3.put_object(Bucket=bucket, Key=artefact.key, Body=artefact.content)
        return new

    def _has(self, bucket: str, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return False
            raise
        return True

    def change(self, url: str, parameters: list[dict[str, Any]], existing: Mapping[str, Any] | None) -> None:
        """Makes the stack what the template says, and waits.

        Raises:
            botocore.exceptions.WaiterError: it failed; what it was before is there again.
        """
        arguments: dict[str, Any] = {
            "StackName": self.name,
            "TemplateURL": url,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        if existing is None:
            self._cloudformation.create_stack(**arguments, EnableTerminationProtection=True)
            self._wait("stack_create_complete")
            return
        try:
            self._cloudformation.update_stack(**arguments)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                say("The stack is as it should be.")
                return
            raise
        self._wait("stack_update_complete")

    def _wait(self, name: Any) -> None:
        # Media nodes drain for an hour at most before the next two are replaced.
        self._cloudformation.get_waiter(name).wait(StackName=self.name, WaiterConfig={"Delay": 15, "MaxAttempts": 2400})

    def publish_page(self, outputs: Mapping[str, str]) -> int:
        """Uploads the page, and has CloudFront forget the one before; answers how many files."""
        count = 0
        for key, path, fields in page_files(ROOT / "web/app/dist"):
            count += 1
            if not self._dry:
                self._s3.put_object(Bucket=outputs["PageBucketName"], Key=key, Body=path.read_bytes(), **fields)
        if not self._dry:
            boto3.client("cloudfront").create_invalidation(
                DistributionId=outputs["DistributionId"],
                InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(time.time_ns())},
            )
        return count


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def deploy(options: argparse.Namespace) -> None:
    """Everything, in the order of what needs what."""
    here = Installation(options.stage, dry=options.dry_run)
    region = boto3.session.Session().region_name
    base = f"https://{options.bucket}.s3.{region}.amazonaws.com"
    what = deployment(ROOT, bucket=options.bucket, url=base, machine=options.machine)
    existing = here.stack()
    given = {PARAMETERS[word]: value for word, value in vars(options).items() if word in PARAMETERS and value}
    given |= {"Stage": options.stage, "ReleaseBucket": options.bucket, "ReleaseKey": what.release_key}
    parameters = here.parameters(given | {"ReleaseSha256": what.release_sha256}, existing)
    new = here.upload(what, options.bucket)
    say(
        f"{len(new)} of {len(what.artefacts)} objects are new in {options.bucket}"
        + "".join(f"\n  {key}" for key in new)
    )
    if options.dry_run:
        say(f"would {'update' if existing else 'create'} the stack {here.name} in {region} with")
        for each in parameters:
            say(f"  {each['ParameterKey']}={each.get('ParameterValue', '(as it is)')}")
        say(f"would upload {here.publish_page({})} files of the page")
        return
    here.change(f"{base}/{what.template_key}", parameters, existing)
    outputs = outputs_of(here.stack() or {})
    here.publish_page(outputs)
    for name, value in outputs.items():
        say(f"{name}: {value}")


def destroy(options: argparse.Namespace) -> None:
    """Deletes the stack; what is kept is named."""
    here = Installation(options.stage, dry=options.dry_run)
    existing = here.stack()
    if existing is None:
        say(f"There is no stack {here.name}.")
        return
    if options.dry_run:
        say(f"would delete the stack {here.name}: {outputs_of(existing).get('Url', '')}")
        return
    if options.confirm != options.stage:
        raise MissingError(
            f"This ends {outputs_of(existing).get('Url', here.name)} for everybody: CONFIRM={options.stage} to do it"
        )
    cloudformation = boto3.client("cloudformation")
    cloudformation.update_termination_protection(StackName=here.name, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=here.name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=here.name)
    say("Deleted. Kept, with all that people have: the stacks of tables, recordings and keys (docs/operations).")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("verb", choices=["deploy", "destroy"])
    parser.add_argument("--stage", required=True)
    parser.add_argument("--bucket", default="")
    parser.add_argument("--machine", default="aarch64")
    parser.add_argument("--confirm", default="")
    parser.add_argument("--dry-run", action="store_true")
    for word in PARAMETERS:
        parser.add_argument(f"--{word.replace('_', '-')}", default="")
    options = parser.parse_args()
    try:
        {"deploy": deploy, "destroy": destroy}[options.verb](options)
    except (MissingError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
