"""MiniStack's API Gateway drops the template's own gateway responses; this puts them there.

API Gateway answers some requests by itself: unknown paths, bodies that are too large, a
function that does not answer. The template gives those answers the shape of the API's own.

Missing in MiniStack 1.5.33: `_import_rest_api` in `services/apigateway_v1.py` ignores
`x-amazon-apigateway-gateway-responses`, into which SAM writes `GatewayResponses`. No longer
needed once it does not: `test_patches.py` then fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import template as templates

if TYPE_CHECKING:
    from collections.abc import Mapping


def apply(apigateway: Any, names: Mapping[str, str], template: dict[str, Any]) -> None:  # noqa: ANN401
    """
    Give every API of *template* its gateway responses, and deploy its stage again.

    Args:
        apigateway: A boto3 client.
        names: Physical id by logical id of the deployed stack.
        template: The built template (infra/template.py).
    """
    for logical, api in templates.resources(template, "AWS::Serverless::Api").items():
        for kind, response in api["Properties"].get("GatewayResponses", {}).items():
            headers = response.get("ResponseParameters", {}).get("Headers", {})
            status = response.get("StatusCode")
            apigateway.put_gateway_response(
                restApiId=names[logical],
                responseType=kind,
                **({"statusCode": str(status)} if status else {}),
                responseParameters={
                    f"gatewayresponse.header.{header}": value for header, value in headers.items()
                },
                responseTemplates=response.get("ResponseTemplates", {}),
            )
        # A stage uses gateway responses from its next deployment on.
        stage = api["Properties"]["StageName"]
        apigateway.create_deployment(restApiId=names[logical], stageName=stage)
