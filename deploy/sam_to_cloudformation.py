"""Writes the CloudFormation template that SAM makes of a SAM template, for a linter or an assertion.

    sam_to_cloudformation.py TEMPLATE > CLOUDFORMATION.json

The transform is AWS's own (PyPI `aws-sam-translator`, what the service runs), without an account: managed policies stand
under made-up ARNs and the code is not uploaded.
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402


class NoManagedPolicies:
    """Stands for the account's list of managed policies, which the transform asks for by name."""

    def load(self):
        return {}


def main(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file)
    for resource in template["Resources"].values():
        code = resource.get("Properties", {}).get("CodeUri")
        if isinstance(code, str) and not code.startswith("s3://"):
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": code.strip("./")}
    json.dump(transform(template, {}, NoManagedPolicies()), sys.stdout, indent=2)


if __name__ == "__main__":
    sys.exit("usage: sam_to_cloudformation.py TEMPLATE") if len(sys.argv) != 2 else main(sys.argv[1])
