"""Asserts what makes a durable function work, and be watched, of a CloudFormation template.

    assert_deployment.py CLOUDFORMATION.json

A linter knows which properties there are, not which are needed. Prints what it found; ends with 1 and the reasons when
something is missing.
"""

import json
import sys

# AWS Lambda's documentation, "Monitoring durable functions". A misspelt metric is an alarm that never rings.
METRICS = {
    "ApproximateRunningDurableExecutions",
    "ApproximateRunningDurableExecutionsUtilization",
    "DurableExecutionDuration",
    "DurableExecutionFailed",
    "DurableExecutionOperations",
    "DurableExecutionStarted",
    "DurableExecutionStopped",
    "DurableExecutionStorageWrittenBytes",
    "DurableExecutionSucceeded",
    "DurableExecutionTimedOut",
    "Errors",
}
NEEDED_ALARMS = {"DurableExecutionFailed", "DurableExecutionTimedOut"}
NEEDED_ACTIONS = {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"}


def listed(value):
    return value if isinstance(value, list) else [value]


def allows_every_function(resource):
    """Whether an IAM resource is wider than one function."""
    return resource == "*" or (isinstance(resource, str) and ":function:*" in resource)


def names_versions(resource):
    """Whether an IAM resource ends with `:*`, as what matches the executions of a function's versions does."""
    if isinstance(resource, dict):
        resource = resource.get("Fn::Sub") or resource.get("Fn::Join", ["", [""]])[1][-1]
    return isinstance(resource, str) and resource.endswith(":*")


def problems(template):
    by_type = {}
    for name, resource in template["Resources"].items():
        by_type.setdefault(resource["Type"], []).append((name, resource))

    def of(kind):
        return by_type.get(kind, [])

    durable = [(n, r) for n, r in of("AWS::Lambda::Function") if "DurableConfig" in r["Properties"]]
    if not durable:
        yield "no function has a DurableConfig"
    for name, function in durable:
        config = function["Properties"]["DurableConfig"]
        for member in ("ExecutionTimeout", "RetentionPeriodInDays"):
            if member not in config:
                yield f"{name}: DurableConfig has no {member}"
        print(f"       {name}: {function['Properties']['Runtime']}, {json.dumps(config)}")

    versions = of("AWS::Lambda::Version")
    if not versions or not of("AWS::Lambda::Alias"):
        yield "no version or no alias: a durable function cannot be invoked by its bare name"
    for name, version in versions:
        if version.get("DeletionPolicy") != "Retain":
            yield f"{name}: not retained; the next deployment takes it away from the executions that replay on it"
        print(f"       {name}: {version.get('DeletionPolicy')}ed")

    granted = set()
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for name, policy in of(kind):
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = set(listed(statement["Action"]))
                if not actions & NEEDED_ACTIONS:
                    continue
                for resource in listed(statement["Resource"]):
                    if allows_every_function(resource):
                        yield f"{name}: allows {sorted(actions)} on every function"
                    elif not names_versions(resource):
                        yield f"{name}: {json.dumps(resource)} matches no execution: it needs `:*`"
                    else:
                        granted |= actions
    if missing := NEEDED_ACTIONS - granted:
        yield f"nobody is allowed {sorted(missing)} on a function's executions"
    print(f"       allowed on the function's executions: {', '.join(sorted(granted & NEEDED_ACTIONS))}")

    alarmed = {a["Properties"]["MetricName"]: a["Properties"] for _, a in of("AWS::CloudWatch::Alarm")}
    for metric, alarm in sorted(alarmed.items()):
        dimensions = [d["Name"] for d in alarm.get("Dimensions", [])]
        if metric not in METRICS:
            yield f"an alarm on {metric}, which Lambda does not have"
        if alarm["Namespace"] != "AWS/Lambda" or dimensions != ["FunctionName"]:
            yield f"the alarm on {metric} is on {alarm['Namespace']} by {dimensions}, not on AWS/Lambda by FunctionName"
    if missing := NEEDED_ALARMS - set(alarmed):
        yield f"no alarm on {sorted(missing)}: failed executions look like successful invocations"
    print(f"       alarms on {', '.join(sorted(alarmed))}")


def main(path):
    with open(path, encoding="utf-8") as file:
        found = list(problems(json.load(file)))
    for problem in found:
        print(f"       wrong: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit("usage: assert_deployment.py CLOUDFORMATION.json" if len(sys.argv) != 2 else main(sys.argv[1]))
