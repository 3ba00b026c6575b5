"""The local AWS: moto as a server on the loopback interface, with the data stack created from the templates.

``python -m infra.local.aws_server PORT FOLDER`` with credentials in the environment: ready when ``GET /parley/stack``
answers 200 with the outputs of ``infra/data.yaml``.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import types
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.local.aws_calls import make_calls_cheap
from infra.local.aws_journal import Journal, JournalledAws, rewritten
from infra.local.aws_queries import make_queries_cheap
from infra.local.aws_transactions import make_transactions_cheap
from infra.local.aws_values import make_values_cheap
from infra.local.errors import StackError
from infra.local.ports import LOOPBACK
from infra.local.settings import ROOT
from telemetry import logs

REGION = "us-east-1"
STAGE = "local"
STACK = "parley-data"
logger = logging.getLogger("parley.aws")


class _Template(yaml.CSafeLoader):
    """Reads a CloudFormation template; ``!Sub`` and its kin become ``{"Fn::Sub": …}``."""


def _intrinsic(loader: _Template, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": value}


_Template.add_multi_constructor("!", _intrinsic)


def load_template(path: Path) -> dict[str, Any]:
    """A CloudFormation template, intrinsic functions in their long form."""
    document: dict[str, Any] = yaml.load(path.read_text(), Loader=_Template)  # noqa: S506  (a SafeLoader)
    return document


def secret_names(template: dict[str, Any], stage: str) -> list[tuple[str, str]]:
    """Names and descriptions of the secrets in a template: moto's CloudFormation does not know them."""
    return [
        (resource["Properties"]["Name"]["Fn::Sub"].replace("${Stage}", stage), resource["Properties"]["Description"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    ]


def create_stack(clients: Any) -> dict[str, str]:
    """Creates what ``infra/data.yaml`` and ``infra/secrets.yaml`` describe, and answers the outputs.

    Raises:
        StackError: moto does not take the stack whole.
    """
    cloudformation = clients("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=(ROOT / "infra" / "data.yaml").read_text(),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": STAGE}],
    )
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise StackError(f"infra/data.yaml was not created: {stack['StackStatus']}.")
    secrets = clients("secretsmanager")
    for name, description in secret_names(load_template(ROOT / "infra" / "secrets.yaml"), STAGE):
        secrets.create_secret(Name=name, Description=description)
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def main() -> None:
    logs.configure("aws", "INFO")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    make_calls_cheap()
    make_queries_cheap()
    make_transactions_cheap()
    make_values_cheap()
    journal = Journal(folder / "journal.jsonl")
    moto = DomainDispatcherApplication(create_backend_app)
    setup_server = make_server(LOOPBACK, 0, moto, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=setup_server.serve_forever, daemon=True).start()

    def clients(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=f"http://{LOOPBACK}:{setup_server.server_port}",
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}),
        )

    aws = JournalledAws(moto, journal)
    aws.stack = create_stack(clients)
    replayed = aws.replay()
    journal.replace(rewritten(clients("dynamodb"), clients("secretsmanager"), clients("s3")))
    setup_server.shutdown()
    setup_server.server_close()
    logger.info("The stack stands; %d kept requests were replayed.", replayed)

    server = make_server(LOOPBACK, port, aws, threaded=True, request_handler=MotoRequestHandler)

    def stop(_signal: int, _frame: types.FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    aws.open()
    server.serve_forever()


if __name__ == "__main__":
    main()
