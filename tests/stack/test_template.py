"""What CloudFormation gets: the built template, expanded as AWS expands it, and the zip."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from chalicelib import __version__
from chalicelib.aws import due_index
from chalicelib.clock import DAY
from chalicelib.grants.ending import FINISH_LEASE_SECONDS
from chalicelib.grants.ports import Purpose
from chalicelib.settings import Settings
from infra import package, pages, sdk_data, template
from infra.local.cloudfront import Behaviour

TABLES = ("SecretsTable", "GrantsTable", "CountersTable", "AccountsTable")
RECEIVE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
HERE = "${AWS::Region}:${AWS::AccountId}"
THE_STACK = f"arn:${{AWS::Partition}}:cloudformation:{HERE}:stack/${{AWS::StackName}}/*"
IDENTITIES = f"arn:${{AWS::Partition}}:ses:{HERE}:identity/*"
LEAST = {
    "ApiHandlerRole": {
        "ApiLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "SecretsTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        },
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
        "GrantsTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"},
        "CountersTable": {"dynamodb:UpdateItem"},
        "DataKey": {"kms:Encrypt", "kms:Decrypt"},
        "*": {"ses:SendEmail"},
    },
    "SweepRole": {
        "SweepLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "GrantsTable/index/due": {"dynamodb:Query"},
        "GrantsTable/index/overdue": {"dynamodb:Query"},
        "GrantsTable": {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"},
        "DueQueue": {"sqs:SendMessage"},
        "RetryQueue": {"sqs:SendMessage"},
    },
    "NoteBounceRole": {
        "NoteBounceLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "GrantsTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "AnnounceRole": {
        "AnnounceLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "GrantsTable": {
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:DescribeStream",
        },
        "*": {"dynamodb:ListStreams"},
        "EventBus": {"events:PutEvents"},
    },
    "EndDueRole": {
        "EndDueLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "DueQueue": RECEIVE,
        "RetryQueue": RECEIVE,
        "GrantsTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "SecretsTable": {"dynamodb:UpdateItem"},
        "CountersTable": {"dynamodb:UpdateItem"},
        "DataKey": {"kms:Decrypt"},
        "*": {"ses:SendEmail"},
    },
    "OperatorRole": {
        "GrantsTable/index/due": {"dynamodb:Query"},
        "GrantsTable/index/overdue": {"dynamodb:Query"},
        "GrantsTable": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"},
        "DeadLetters": {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"},
        "RetryQueue": {"sqs:SendMessage"},
        THE_STACK: {"cloudformation:DescribeStacks", "cloudformation:ListStackResources"},
        "*": {"cloudwatch:DescribeAlarms", "ses:GetAccount"},
        "AlarmTopic": {"sns:ListSubscriptionsByTopic"},
        IDENTITIES: {"ses:GetEmailIdentity"},
    },
}


@pytest.fixture(scope="module")
def built() -> package.Package:
    return package.build()


@pytest.fixture(scope="module")
def described(built: package.Package) -> dict[str, ServiceModel]:
    """What the zip's botocore knows of each API."""
    found: dict[str, ServiceModel] = {}
    with zipfile.ZipFile(built.archive) as archive:
        for name in archive.namelist():
            if name.startswith("botocore/data/") and name.endswith("/service-2.json"):
                service = name.split("/")[2]
                found[service] = ServiceModel(json.loads(archive.read(name)), service)
    return found


@pytest.fixture(scope="module")
def expanded(built: package.Package) -> dict[str, Any]:
    """The template as SAM's own transform hands it to CloudFormation."""
    return template.expanded(built.template)


@pytest.fixture(scope="module")
def resources(expanded: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = expanded["Resources"]
    return found


def of(resources: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: r for name, r in resources.items() if r["Type"] == kind}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for p in role["Properties"]["Policies"] for s in p["PolicyDocument"]["Statement"]]


def target(resource: object) -> str:
    """Name what a statement is about, intrinsic or not."""
    if isinstance(resource, dict) and "Fn::If" in resource:  # Otherwise it was adopted.
        return target(resource["Fn::If"][1])
    if isinstance(resource, dict):
        value = resource.get("Fn::GetAtt", resource.get("Fn::Sub", resource.get("Ref")))
        if isinstance(value, list) and isinstance(value[-1], dict):
            return str(value[0]).replace("${Grants}", target(value[-1]["Grants"]))
        return str(value[0] if isinstance(value, list) else value)
    return str(resource)


class TestTemplate:
    def test_cloudformation_reads_it_by_address_and_without_aliases(
        self, built: package.Package
    ) -> None:
        text = built.template.read_text()

        assert len(text) < 1_000_000
        assert not re.search(r"[&*]id\d{3}", text)

    def test_it_says_its_version(self, expanded: dict[str, Any]) -> None:
        assert expanded["Outputs"]["Version"] == {"Value": __version__}

    def test_every_text_parameter_is_checked(self, expanded: dict[str, Any]) -> None:
        for name, parameter in expanded["Parameters"].items():
            limits = {"AllowedPattern", "AllowedValues", "MinValue"}
            assert limits & parameter.keys(), name

    def test_processor_and_python_are_parameters(self, resources: dict[str, Any]) -> None:
        for function in of(resources, "AWS::Lambda::Function").values():
            assert function["Properties"]["Architectures"] == [{"Ref": "Architecture"}]
            assert function["Properties"]["Runtime"] == {"Ref": "Runtime"}


class TestTables:
    def test_every_table_deletes_by_native_ttl(self, resources: dict[str, Any]) -> None:
        tables = of(resources, "AWS::DynamoDB::Table")

        assert sorted(tables) == sorted(TABLES)
        for table in tables.values():
            ttl = table["Properties"]["TimeToLiveSpecification"]
            assert ttl == {"AttributeName": "purge_at", "Enabled": True}

    def test_the_local_run_reads_the_same_ttl_from_the_built_template(
        self, built: package.Package
    ) -> None:
        found = template.time_to_live(template.load(built.template))

        assert found == dict.fromkeys(TABLES, "purge_at")

    def test_grants_and_the_key_that_ends_them_outlive_the_stack(
        self, resources: dict[str, Any]
    ) -> None:
        for name in ("GrantsTable", "DataKey"):
            assert resources[name]["DeletionPolicy"] == "Retain"
            assert resources[name]["UpdateReplacePolicy"] == "Retain"

    def test_grants_can_be_restored_and_secrets_cannot(self, resources: dict[str, Any]) -> None:
        def backed_up(name: str) -> bool:
            properties = resources[name]["Properties"]["PointInTimeRecoverySpecification"]
            return bool(properties["PointInTimeRecoveryEnabled"])

        assert backed_up("GrantsTable")
        assert not backed_up("SecretsTable")

    @pytest.mark.parametrize(
        ("name", "keys"),
        [("due", ["due_shard", "due_at"]), ("overdue", ["overdue_shard", "overdue_since"])],
    )
    def test_an_index_of_grants_holds_keys_only(
        self, resources: dict[str, Any], name: str, keys: list[str]
    ) -> None:
        indexes = resources["GrantsTable"]["Properties"]["GlobalSecondaryIndexes"]
        (index,) = (index for index in indexes if index["IndexName"] == name)

        assert [key["AttributeName"] for key in index["KeySchema"]] == keys
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


class TestRights:
    @pytest.mark.parametrize("role", LEAST)
    def test_a_function_may_do_exactly_what_it_does(
        self, resources: dict[str, Any], role: str
    ) -> None:
        allowed: dict[str, set[str]] = {}
        for statement in statements(resources[role]):
            about = statement["Resource"]
            for resource in about if isinstance(about, list) else [about]:
                allowed.setdefault(target(resource), set()).update(statement["Action"])

        assert allowed == LEAST[role]

    def test_no_role_may_scan_and_no_action_has_a_wildcard(self, resources: dict[str, Any]) -> None:
        for role in of(resources, "AWS::IAM::Role").values():
            for statement in statements(role) if "Policies" in role["Properties"] else []:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    assert "*" not in action
                    assert action != "dynamodb:Scan"

    def test_an_open_ended_resource_has_a_condition(self, resources: dict[str, Any]) -> None:
        for name in LEAST:
            for statement in statements(resources[name]):
                if statement["Resource"] == "*" and statement["Sid"] not in {"Streams", "Watch"}:
                    assert "ses:FromAddress" in str(statement["Condition"])

    def test_the_key_opens_only_what_names_its_grant(self, resources: dict[str, Any]) -> None:
        for name in ("ApiHandlerRole", "EndDueRole"):
            (keys,) = (s for s in statements(resources[name]) if "kms:Decrypt" in s["Action"])
            only = keys["Condition"]["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]
            assert only == ["grant_id", "purpose"]
            purposes = keys["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]
            assert sorted(purposes) == sorted(get_args(Purpose))

    def test_a_worker_gets_no_secret_back(self, resources: dict[str, Any]) -> None:
        (secrets,) = (s for s in statements(resources["EndDueRole"]) if s["Sid"] == "Secrets")

        assert secrets["Action"] == ["dynamodb:UpdateItem"]
        assert secrets["Condition"] == {"StringEquals": {"dynamodb:ReturnValues": "NONE"}}

    def test_the_sweep_reads_of_a_grant_what_it_takes_to_hand_it_out(
        self, resources: dict[str, Any]
    ) -> None:
        by_sid = {s["Sid"]: s for s in statements(resources["SweepRole"])}
        read, written = (by_sid[sid]["Condition"] for sid in ("Grants", "HandOut"))

        only = read["ForAllValues:StringEquals"]["dynamodb:Attributes"]
        assert sorted(only) == sorted(due_index.COLUMNS)
        assert read["StringEqualsIfExists"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}
        assert written["StringEquals"] == {"dynamodb:ReturnValues": "NONE"}
        changed = set(written["ForAllValues:StringEquals"]["dynamodb:Attributes"])
        assert changed == {"id", "due_at", "waiting_since", "overdue_shard", "overdue_since"}


class TestQueues:
    def test_a_message_outlasts_six_time_outs_and_five_deliveries(
        self, resources: dict[str, Any]
    ) -> None:
        timeout = resources["EndDue"]["Properties"]["Timeout"]
        for name in ("DueQueue", "RetryQueue"):
            queue = resources[name]["Properties"]
            assert queue["VisibilityTimeout"] == 6 * timeout
            redrive = queue["RedrivePolicy"]
            assert redrive["maxReceiveCount"] == 5
            assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
        assert resources["DeadLetters"]["Properties"]["MessageRetentionPeriod"] == 14 * DAY
        assert timeout < FINISH_LEASE_SECONDS, "no worker works longer than its lease lasts"

    def test_workers_take_one_grant_each_and_are_as_many_as_the_parameters_say(
        self, expanded: dict[str, Any], resources: dict[str, Any]
    ) -> None:
        sources = of(resources, "AWS::Lambda::EventSourceMapping").values()
        found = {target(s["Properties"]["EventSourceArn"]): s["Properties"] for s in sources}
        del found["GrantsTable"]  # The stream.

        assert found.keys() == {"${DueQueue.Arn}", "${RetryQueue.Arn}"}
        for name, source in found.items():
            assert source["BatchSize"] == 1
            parameter = {
                "${DueQueue.Arn}": "DueConcurrency",
                "${RetryQueue.Arn}": "RetryConcurrency",
            }
            assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": parameter[name]}}
        defaults = {name: p.get("Default") for name, p in expanded["Parameters"].items()}
        assert defaults["RetryConcurrency"] < defaults["DueConcurrency"]
        both = defaults["DueConcurrency"] + defaults["RetryConcurrency"]
        assert defaults["WorkerConcurrency"] == both, "what Lambda refuses counts as a delivery"


class TestFunctions:
    def test_all_run_with_every_setting_that_the_code_needs(
        self, resources: dict[str, Any]
    ) -> None:
        functions = of(resources, "AWS::Lambda::Function")

        assert {f["Properties"]["Handler"] for f in functions.values()} == {
            "app.app",
            "app.sweep",
            "app.end_due",
            "app.announce",
            "app.note_bounce",
        }
        for function in functions.values():
            names = set(function["Properties"]["Environment"]["Variables"])
            assert {field.name.upper() for field in fields(Settings)} <= names

    @pytest.mark.parametrize("name", ["Api", "Sweep", "Worker"])
    def test_api_sweep_and_workers_cannot_starve_each_other_where_the_quota_allows_it(
        self, expanded: dict[str, Any], name: str
    ) -> None:
        function = {"Api": "APIHandler", "Sweep": "Sweep", "Worker": "EndDue"}[name]
        reserved = expanded["Resources"][function]["Properties"]["ReservedConcurrentExecutions"]

        parameter = {"Ref": f"{name}Concurrency"}
        off = {"Ref": "AWS::NoValue"}
        assert reserved == {"Fn::If": [f"Has{name}Concurrency", parameter, off]}
        is_off = {"Fn::Not": [{"Fn::Equals": [parameter, 0]}]}
        assert expanded["Conditions"][f"Has{name}Concurrency"] == is_off
        assert expanded["Parameters"][f"{name}Concurrency"]["Default"] > 0

    def test_the_sweep_runs_every_minute(self, resources: dict[str, Any]) -> None:
        rules = [rule["Properties"] for rule in of(resources, "AWS::Events::Rule").values()]

        (schedule,) = [rule for rule in rules if "ScheduleExpression" in rule]
        assert schedule["ScheduleExpression"] == "rate(1 minute)"

    def test_logs_do_not_stay_for_ever(self, resources: dict[str, Any]) -> None:
        for group in of(resources, "AWS::Logs::LogGroup").values():
            assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


class TestApi:
    def test_the_only_stage_is_throttled_and_traces_no_data(
        self, resources: dict[str, Any]
    ) -> None:
        (stage,) = of(resources, "AWS::ApiGateway::Stage").values()
        (deployment,) = of(resources, "AWS::ApiGateway::Deployment").values()
        (settings,) = stage["Properties"]["MethodSettings"]

        assert stage["Properties"]["StageName"] == "api"
        assert "StageName" not in deployment["Properties"]
        assert settings["DataTraceEnabled"] is False
        assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}

    def test_the_access_log_names_routes_and_never_addresses(
        self, resources: dict[str, Any]
    ) -> None:
        (stage,) = of(resources, "AWS::ApiGateway::Stage").values()
        line = stage["Properties"]["AccessLogSetting"]["Format"]

        assert "$context.resourcePath" in line
        for revealing in ("$context.path", "identity", "querystring", "header"):
            assert revealing not in line

    def test_errors_of_the_gateway_have_the_format_of_the_api(
        self, resources: dict[str, Any]
    ) -> None:
        body = resources["RestAPI"]["Properties"]["Body"]
        responses = body["x-amazon-apigateway-gateway-responses"]

        assert {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN"} <= set(responses)
        for response in responses.values():
            said = json.loads(response["responseTemplates"]["application/json"])
            assert set(said) == {"code", "message"}
            parameters = response["responseParameters"]
            assert parameters["gatewayresponse.header.Cache-Control"] == "'no-store'"


class TestSite:
    def headers(self, resources: dict[str, Any], path: str) -> dict[str, Any]:
        distribution = resources["Site"]["Properties"]["DistributionConfig"]
        behaviours = {b["PathPattern"]: b for b in distribution["CacheBehaviors"]}
        behaviour = behaviours.get(path, distribution["DefaultCacheBehavior"])
        headers = resources[behaviour["ResponseHeadersPolicyId"]["Ref"]]["Properties"]
        found: dict[str, Any] = headers["ResponseHeadersPolicyConfig"]
        return found

    def policy(self, resources: dict[str, Any], path: str) -> str:
        security = self.headers(resources, path)["SecurityHeadersConfig"]
        said = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        return str(said["Fn::Sub"] if isinstance(said, dict) else said)

    def custom_headers(self, resources: dict[str, Any], path: str) -> set[str]:
        items = self.headers(resources, path)["CustomHeadersConfig"]["Items"]
        return {f"{item['Header']}: {item['Value']}" for item in items}

    def test_pages_run_only_their_own_scripts(self, resources: dict[str, Any]) -> None:
        for path in ("*", "/", "/index.html", "/open", "/open.html", "/share", "/secret/*"):
            directives = self.policy(resources, path).split("; ")
            assert "default-src 'none'" in directives
            assert "script-src 'self'" in directives
            assert "require-trusted-types-for 'script'" in directives
            assert "frame-ancestors 'none'" in directives
            assert "unsafe" not in str(directives)

    def test_only_the_one_time_page_may_post_a_form_elsewhere(
        self, resources: dict[str, Any]
    ) -> None:
        usual = self.policy(resources, "*").split("; ")
        for path in ("/open", "/open.html"):
            different = set(usual) ^ set(self.policy(resources, path).split("; "))
            assert different == {
                "form-action 'self'",
                "form-action 'self' https: ${SignInOrigins}",
                "img-src 'self' data:",
                "img-src 'self' data: https: ${SignInOrigins}",
            }

    def test_beside_it_only_the_form_may_show_a_picture_from_elsewhere(
        self, resources: dict[str, Any]
    ) -> None:
        usual = self.policy(resources, "*").split("; ")
        for path in ("/", "/index.html"):
            different = set(usual) ^ set(self.policy(resources, path).split("; "))
            assert different == {
                "img-src 'self' data:",
                "img-src 'self' data: https: ${SignInOrigins}",
            }

    def test_only_the_distribution_reads_the_bucket(self, resources: dict[str, Any]) -> None:
        bucket = resources["SiteBucket"]["Properties"]["PublicAccessBlockConfiguration"]
        policy = resources["SiteBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]

        assert all(bucket.values())
        for statement in policy:
            if statement["Effect"] == "Allow":
                assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
                assert "distribution/${Site}" in str(statement["Condition"])

    def test_no_error_is_kept_at_the_edge(self, resources: dict[str, Any]) -> None:
        """Of those that CloudFront keeps: Developer Guide, "How CloudFront caches errors"."""
        distribution = resources["Site"]["Properties"]["DistributionConfig"]
        kept = {e["ErrorCode"]: e for e in distribution["CustomErrorResponses"]}

        assert set(kept) == {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
        for error in kept.values():
            assert set(error) == {"ErrorCode", "ErrorCachingMinTTL"}, "answers stay as they are"
            assert error["ErrorCachingMinTTL"] == 0

    def test_a_web_acl_blocks_floods_only_where_it_is_asked_for(
        self, expanded: dict[str, Any]
    ) -> None:
        acl = expanded["Resources"]["WebAcl"]
        distribution = expanded["Resources"]["Site"]["Properties"]["DistributionConfig"]
        (rule,) = acl["Properties"]["Rules"]

        assert expanded["Parameters"]["WafRate"]["Default"] == 0
        assert acl["Condition"] == "HasWaf"
        assert distribution["WebACLId"]["Fn::If"][0] == "HasWaf"
        assert rule["Action"] == {"Block": {}}
        assert rule["Statement"]["RateBasedStatement"] == {
            "Limit": {"Ref": "WafRate"},
            "AggregateKeyType": "IP",
        }

    def test_cloudfront_sends_the_api_the_visitors_address_and_a_proof_of_itself(
        self, resources: dict[str, Any]
    ) -> None:
        distribution = resources["Site"]["Properties"]["DistributionConfig"]
        (behaviour,) = [b for b in distribution["CacheBehaviors"] if b["PathPattern"] == "/api/*"]
        (association,) = behaviour["FunctionAssociations"]
        (origin,) = [o for o in distribution["Origins"] if o["Id"] == behaviour["TargetOriginId"]]
        (added,) = origin["OriginCustomHeaders"]

        assert association["EventType"] == "viewer-request"
        assert association["FunctionARN"] == {"Fn::GetAtt": ["ViewerAddress", "FunctionARN"]}
        assert added["HeaderName"] == "x-hallpass-edge"
        for function in ("APIHandler", "Sweep", "EndDue", "Announce", "NoteBounce"):
            variables = resources[function]["Properties"]["Environment"]["Variables"]
            assert variables["EDGE_KEY"] == added["HeaderValue"]

    def test_the_function_at_the_edge_overwrites_what_a_visitor_wrote(
        self, resources: dict[str, Any]
    ) -> None:
        function = resources["ViewerAddress"]["Properties"]
        headers = {"x-hallpass-viewer": {"value": "spoofed"}, "accept": {"value": "*/*"}}
        event = {"viewer": {"ip": "192.0.2.1"}, "request": {"headers": headers}}
        call = f"console.log(JSON.stringify(handler({json.dumps(event)})))"

        done = subprocess.run(
            ["node", "-e", f"{function['FunctionCode']}\n{call}"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )

        assert function["AutoPublish"] is True
        assert json.loads(done.stdout) == {
            "headers": {**headers, "x-hallpass-viewer": {"value": "192.0.2.1"}}
        }

    def test_an_address_with_a_key_asks_storage_and_cache_for_one_page(
        self, resources: dict[str, Any]
    ) -> None:
        distribution = resources["Site"]["Properties"]["DistributionConfig"]
        behaviours = {b["PathPattern"]: b for b in distribution["CacheBehaviors"]}
        code = resources["SharePage"]["Properties"]["FunctionCode"]
        asked = {"uri": "/secret/k", "querystring": {"a": {"value": "k"}}, "headers": {}}
        call = f"console.log(JSON.stringify(handler({json.dumps({'request': asked})})))"

        done = subprocess.run(
            ["node", "-e", f"{code}\n{call}"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )

        assert json.loads(done.stdout) == {"uri": "/share.html", "querystring": {}, "headers": {}}
        for path in ("/secret/*", "/private/*", "/metadata/*", "/receipt/?*"):
            (runs,) = behaviours[path]["FunctionAssociations"]
            assert runs["FunctionARN"] == {"Fn::GetAtt": ["SharePage", "FunctionARN"]}
            assert behaviours[path]["ResponseHeadersPolicyId"] == {"Ref": "SharePageHeaders"}
            assert {"Cache-Control: no-store", "X-Robots-Tag: noindex"} <= self.custom_headers(
                resources, path
            )
        for path in ("/share", "/share.html"):
            assert not any("Robots" in header for header in self.custom_headers(resources, path))
        assert "Logging" not in distribution, "a log of the edge would hold keys"

    def test_two_regions_of_one_account_share_no_name(self, resources: dict[str, Any]) -> None:
        for name, resource in resources.items():
            if resource["Type"].startswith("AWS::CloudFront::") and name != "Site":
                assert "${AWS::StackName}-${AWS::Region}-" in json.dumps(resource), name

    @pytest.mark.parametrize(
        ("path", "leads_to"),
        [
            ("/", "/"),
            ("/receipt", "/receipt"),
            ("/receipt/", "/receipt"),
            ("/open/", "/open"),
            ("/team", "/team"),
            ("/team/", "/team"),
            ("/style.css", "/style.css"),
            ("/js/form/form.js", "/js/form/form.js"),
            ("/nothing", "/404.html"),
            ("/nothing/here/", "/404.html"),
            ("//evil.example/", "/404.html"),
            ("/open%23abc", "/404.html"),
            ("/open%23abc.", "/404.html"),
            ("/open/%23abc", "/404.html"),
            ("/receipt%23a.b", "/404.html"),
            ("/open.html", "/open.html"),
            ("/openapi.json", "/openapi.json"),
            ("/receipt.css", "/receipt.css"),
        ],
    )
    def test_the_edge_decides_which_page_a_path_shows_as_the_local_front_door_does(
        self, resources: dict[str, Any], path: str, leads_to: str
    ) -> None:
        function = resources["PagePaths"]["Properties"]["FunctionCode"]
        call = f"console.log(JSON.stringify(handler({json.dumps({'request': {'uri': path}})})))"

        done = subprocess.run(
            ["node", "-e", f"{function}\n{call}"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(done.stdout)

        shown = said["headers"]["location"]["value"] if "statusCode" in said else said["uri"]
        assert shown == leads_to
        assert Behaviour("*", "pages", {}, has_function=True, headers=(), compress=True).page_at(
            path
        ) == (leads_to)

    def test_links_without_html_lead_to_pages(self) -> None:
        stored = pages.files()

        for page in ("open", "receipt", "share", "team"):
            assert stored[page] == stored[f"{page}.html"]
        assert not [key for key in stored if "test" in key]


class TestAlarms:
    def test_an_account_that_outlives_its_deadline_is_noticed(
        self, resources: dict[str, Any]
    ) -> None:
        alarm = resources["OverdueAlarm"]["Properties"]

        assert (alarm["Namespace"], alarm["MetricName"]) == ("Hallpass", "OldestDueSeconds")
        assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]

    @pytest.mark.parametrize("limit", ["support", "deployment"])
    def test_mails_that_have_to_wait_are_on_the_dashboard(
        self, resources: dict[str, Any], limit: str
    ) -> None:
        body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

        line = f'["Hallpass", "LimitReached", "limit", "{limit}", "service", "${{AWS::StackName}}"]'
        assert line in body, "as aws/metrics.py writes it"

    def test_a_sweep_that_does_not_run_is_noticed(self, resources: dict[str, Any]) -> None:
        assert resources["SweepMissingAlarm"]["Properties"]["TreatMissingData"] == "breaching"

    def test_every_alarm_has_a_receiver(self, resources: dict[str, Any]) -> None:
        for alarm in of(resources, "AWS::CloudWatch::Alarm").values():
            assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


class TestZip:
    def test_every_module_is_compiled_and_never_checked_against_its_source(
        self, built: package.Package
    ) -> None:
        unchecked = (0b01).to_bytes(4, "little")
        with zipfile.ZipFile(built.archive) as archive:
            names = set(archive.namelist())
            for name in names:
                if name.endswith(".py"):
                    directory, _, module = name.rpartition("/")
                    cache = f"{directory}/__pycache__/" if directory else "__pycache__/"
                    compiled = [n for n in names if n.startswith(cache + module[:-3] + ".cpython")]
                    assert compiled, name
                    assert archive.read(compiled[0])[4:8] == unchecked

    def test_it_describes_every_operation_that_the_code_calls(
        self, described: dict[str, ServiceModel]
    ) -> None:
        methods = {
            xform_name(operation)
            for service in described.values()
            for operation in service.operation_names
        }
        called = {
            node.attr
            for file in (package.ROOT / "chalicelib" / "aws").glob("*.py")
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("client")
        }

        # `make tokens` pages through accounts where all of botocore is. `meta` asks nothing.
        assert called - {"get_paginator", "meta"} <= methods

    def test_it_describes_only_what_a_role_allows(
        self, built: package.Package, described: dict[str, ServiceModel]
    ) -> None:
        allowed = sdk_data.operations_of(template.load(built.template))

        assert {name: set(service.operation_names) for name, service in described.items()} == {
            name: set(operations) for name, operations in allowed.items()
        }

    def test_it_describes_each_operation_wholly(self, described: dict[str, ServiceModel]) -> None:
        loader = Loader()  # Of the botocore that is installed here, uncut.
        for name, cut in described.items():
            whole = ServiceModel(loader.load_service_model(name, "service-2"), name)
            for operation in cut.operation_names:
                ours, theirs = cut.operation_model(operation), whole.operation_model(operation)
                assert ours.http == theirs.http
                assert _described(ours.input_shape) == _described(theirs.input_shape)
                assert _described(ours.output_shape) == _described(theirs.output_shape)
                assert [error.name for error in ours.error_shapes] == [
                    error.name for error in theirs.error_shapes
                ]

    def test_what_it_says_of_aws_is_small(self, built: package.Package) -> None:
        with zipfile.ZipFile(built.archive) as archive:
            sizes = [e.file_size for e in archive.infolist() if "botocore/data/" in e.filename]

        assert sum(sizes) < 150_000, "A cold start reads it; uncut it is 1.7 MB."

    def test_it_runs_on_any_processor(self, built: package.Package) -> None:
        with zipfile.ZipFile(built.archive) as archive:
            for name in archive.namelist():
                assert not name.endswith(".so"), name
                assert archive.read(name)[:4] != b"\x7fELF", name

    def test_it_is_small_enough_to_start_quickly(self, built: package.Package) -> None:
        assert built.archive.stat().st_size < 8_000_000

    def test_the_same_sources_make_the_same_bytes(
        self, built: package.Package, tmp_path: Path
    ) -> None:
        again = package.Package(tmp_path / "sam.yaml", tmp_path / "deployment.zip")
        package._build(again)

        assert again.sha256 == built.sha256
        assert again.template.read_text() == built.template.read_text()


def _described(shape: Shape | None, seen: frozenset[str] = frozenset()) -> object:
    """Return all that *shape* says to a client, down to its leaves; a recursive one once."""
    if shape is None or shape.name in seen:
        return None if shape is None else shape.name
    seen |= {shape.name}
    parts: object = None
    if isinstance(shape, StructureShape):
        parts = {name: _described(member, seen) for name, member in shape.members.items()}
    elif isinstance(shape, ListShape):
        parts = _described(shape.member, seen)
    elif isinstance(shape, MapShape):
        parts = [_described(shape.key, seen), _described(shape.value, seen)]
    return [shape.name, shape.type_name, shape.serialization, shape.metadata, parts]
