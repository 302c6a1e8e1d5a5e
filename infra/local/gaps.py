"""What the template promises and MiniStack's CloudFormation leaves out.

AWS does both from the template alone. Here they are read from that same
template and made good through the ordinary AWS API, after each deployment:
native TTL of the tables, and the answers that the gateway gives by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import template as templates

if TYPE_CHECKING:
    from infra.local.ministack import MiniStack


def fill(ministack: MiniStack, stack: str, template: dict[str, Any]) -> None:
    """Make *stack* what *template* says where MiniStack did not."""
    physical = {
        r["LogicalResourceId"]: r["PhysicalResourceId"]
        for r in ministack.cloudformation.describe_stack_resources(StackName=stack)[
            "StackResources"
        ]
    }
    _time_to_live(ministack, physical, template)
    _gateway_responses(ministack, physical, template)


def _time_to_live(ministack: MiniStack, physical: dict[str, str], template: dict[str, Any]) -> None:
    dynamodb = ministack.client("dynamodb")
    for name, attribute in templates.time_to_live(template).items():
        table = physical[name]
        now = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if now.get("TimeToLiveStatus") != "ENABLED":
            dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
            )


def _gateway_responses(
    ministack: MiniStack, physical: dict[str, str], template: dict[str, Any]
) -> None:
    gateway = ministack.client("apigateway")
    for name, api in templates.resources(template, "AWS::Serverless::Api").items():
        responses = api["Properties"].get("GatewayResponses", {})
        for kind, response in responses.items():
            headers = response.get("ResponseParameters", {}).get("Headers", {})
            status = response.get("StatusCode")
            gateway.put_gateway_response(
                restApiId=physical[name],
                responseType=kind,
                **({"statusCode": str(status)} if status else {}),
                responseParameters={
                    f"gatewayresponse.header.{header}": value for header, value in headers.items()
                },
                responseTemplates=response.get("ResponseTemplates", {}),
            )
        # Gateway responses count from the next deployment of the stage on.
        stage = api["Properties"]["StageName"]
        gateway.create_deployment(restApiId=physical[name], stageName=stage)
