"""``python -m infra.setup.as_json FILE.yaml`` writes FILE.json: Chalice writes aliases, CloudFormation reads none.

Where a function has an alias (``AutoPublishAlias``), API Gateway is to call that and not the newest code: Chalice
knows no aliases.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml


def calling_aliases(template: dict[str, Any]) -> dict[str, Any]:
    """The template with its API and the API's permissions at functions' aliases, where they have one."""
    resources: dict[str, Any] = template["Resources"]
    for name, resource in list(resources.items()):
        alias = resource.get("Properties", {}).get("AutoPublishAlias")
        if alias is None:
            continue
        aliased = f"{name}Alias{alias}"  # as the SAM translator names it; its Ref is the alias's ARN
        text = json.dumps(resources["RestAPI"]["Properties"]["DefinitionBody"])
        if f"${{{name}.Arn}}" not in text:
            raise ValueError(f"the API does not call {name} as it did")
        resources["RestAPI"]["Properties"]["DefinitionBody"] = json.loads(
            text.replace(f"${{{name}.Arn}}", f"${{{aliased}}}")
        )
        for other in resources.values():
            if other["Type"] == "AWS::Lambda::Permission" and other["Properties"]["FunctionName"] == {"Ref": name}:
                other["Properties"]["FunctionName"] = {"Ref": aliased}
    return template


def main() -> None:
    source = Path(sys.argv[1])
    template = calling_aliases(yaml.safe_load(source.read_text()))
    source.with_suffix(".json").write_text(json.dumps(template, indent=1) + "\n")
    source.unlink()


if __name__ == "__main__":
    main()
