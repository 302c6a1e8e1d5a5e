"""MiniStack does not deliver messages when a template's parameter says to how many workers.

Values of parameters are text, and CloudFormation makes a number of `MaximumConcurrency: !Ref …`
where the service wants one. MiniStack compares the text with a number, and its poller fails.

Missing in MiniStack 1.5.33: `services/cloudformation/provisioners.py` `_lambda_esm_create` keeps
`ScalingConfig` as text, which `services/lambda_svc.py` `_sqs_esm_concurrency` compares. No longer
needed once it does not: `test_patches.py` then fails.
"""

from __future__ import annotations

from typing import Any


def apply() -> None:
    """Let the poller read the number of workers as a number."""
    from ministack.services import lambda_svc  # type: ignore[import-not-found]  # noqa: PLC0415

    concurrency = lambda_svc._sqs_esm_concurrency  # noqa: SLF001  It has no public name.

    def patched(esm: dict[str, Any], *rest: Any) -> int:  # noqa: ANN401
        scaling = esm.get("ScalingConfig") or {}
        if "MaximumConcurrency" in scaling:
            most = int(scaling["MaximumConcurrency"])
            esm = {**esm, "ScalingConfig": {**scaling, "MaximumConcurrency": most}}
        return int(concurrency(esm, *rest))

    lambda_svc._sqs_esm_concurrency = patched  # noqa: SLF001
