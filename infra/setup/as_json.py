"""``python -m infra.setup.as_json FILE.yaml`` writes FILE.json: Chalice writes aliases, CloudFormation reads none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml


def main() -> None:
    source = Path(sys.argv[1])
    source.with_suffix(".json").write_text(json.dumps(yaml.safe_load(source.read_text()), indent=1) + "\n")
    source.unlink()


if __name__ == "__main__":
    main()
