"""MiniStack lacks some condition keys that AWS fills in for policies; this adds them.

The functions' roles may use the key only for what was sealed for a purpose, mail only from one
address, update secrets without getting them back, and (the sweep) read and write no more of a grant
than when it is due. Without these keys, MiniStack would refuse every such call, or allow too much.

Missing in MiniStack 1.5.33: `core/iam_actions.py` `dynamodb_service_context` has no
`dynamodb:ReturnValues`, and no `dynamodb:Attributes` of an update or of BatchGetItem; `app.py`
hands the evaluator no `kms:EncryptionContext:…`, no `kms:EncryptionContextKeys` and no
`ses:FromAddress`. No longer needed once it does: `test_patches.py` then fails.
"""

from __future__ import annotations

import json
import re
from email.utils import parseaddr
from typing import Any

Context = dict[str, Any]

NAME = re.compile(r"(?<![:\w#])#?[A-Za-z_]\w*")  # Of an attribute, or what stands for it.
WORDS = frozenset(
    {
        *("set", "remove", "add", "delete", "and", "or", "not", "between", "in"),
        *("if_not_exists", "attribute_exists", "attribute_not_exists", "list_append", "size"),
        *("begins_with", "contains", "attribute_type"),
    }
)


def apply() -> None:
    """Fill in the keys where MiniStack collects those that it knows."""
    from ministack import app  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack.core import iam_actions  # type: ignore[import-not-found]  # noqa: PLC0415

    of_table = iam_actions.dynamodb_service_context
    of_tags = iam_actions.request_tag_context
    enforce_ses = app._enforce_ses_v2  # noqa: SLF001  It has no public name.
    enforce = app._enforce_data_plane  # noqa: SLF001
    mail: Context = {}  # The keys of the mail that is being authorized; nothing awaits meanwhile.

    def patched_table(body: bytes) -> Context:
        request = _read(body)
        return {**of_table(body), **_returned(request), **_attributes(request)}

    def patched_tags(service: str, action: str, body: bytes, params: Context) -> Context:
        added = _sealed_for(_read(body)) if service == "kms" else {}
        return {**of_tags(service, action, body, params), **added}

    def patched_enforce_ses(
        method: str, path: str, headers: Context, body: bytes, *rest: object
    ) -> object:
        mail.clear()
        mail.update(_sent_from(_read(body)))
        return enforce_ses(method, path, headers, body, *rest)

    def patched_enforce(service: str, *rest: object, **named: Any) -> object:  # noqa: ANN401
        if service == "sesv2":
            named["service_context"] = {**(named.get("service_context") or {}), **mail}
        return enforce(service, *rest, **named)

    iam_actions.dynamodb_service_context = patched_table
    iam_actions.request_tag_context = patched_tags
    app._enforce_ses_v2 = patched_enforce_ses  # noqa: SLF001
    app._enforce_data_plane = patched_enforce  # noqa: SLF001


def _read(body: bytes) -> Context:
    try:
        read = json.loads(body or b"{}")
    except (ValueError, TypeError):
        return {}
    return read if isinstance(read, dict) else {}


def _returned(request: Context) -> Context:
    returned = request.get("ReturnValues")
    return {"dynamodb:ReturnValues": returned} if isinstance(returned, str) else {}


def _attributes(request: Context) -> Context:
    """Return which attributes an update names, or a reading of many."""
    tables = request.get("RequestItems")
    if isinstance(tables, dict):
        asked = [each for each in tables.values() if isinstance(each, dict)]
        projections = [each.get("ProjectionExpression", "") for each in asked]
        names = [_named(text, each) for text, each in zip(projections, asked, strict=True)]
        select = "SPECIFIC_ATTRIBUTES" if all(projections) else "ALL_ATTRIBUTES"
        listed = sorted({name for each in names for name in each})
        return {"dynamodb:Select": select, **({"dynamodb:Attributes": listed} if listed else {})}
    if "UpdateExpression" not in request:
        return {}
    texts = (request["UpdateExpression"], request.get("ConditionExpression", ""))
    named = {name for text in texts for name in _named(text, request)}
    return {"dynamodb:Attributes": sorted({*named, *request.get("Key", {})})}


def _named(expression: str, request: Context) -> set[str]:
    names = request.get("ExpressionAttributeNames", {})
    found = {word for word in NAME.findall(expression) if word.lower() not in WORDS}
    return {names.get(word, word) for word in found}


def _sealed_for(request: Context) -> Context:
    sealed_for = request.get("EncryptionContext")
    if not isinstance(sealed_for, dict) or not sealed_for:
        return {}
    keys = {f"kms:EncryptionContext:{name}": value for name, value in sealed_for.items()}
    return {"kms:EncryptionContextKeys": list(sealed_for), **keys}


def _sent_from(request: Context) -> Context:
    address = parseaddr(str(request.get("FromEmailAddress", "")))[1]
    return {"ses:FromAddress": address} if address else {}
