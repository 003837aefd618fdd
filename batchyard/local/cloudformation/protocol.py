"""The AWS Query protocol: form in, XML out, both driven by botocore's model of the service.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from batchyard.local.cloudformation.errors import CloudFormationError, validation_error

Form = Mapping[str, str]


def parse_input(operation: OperationModel, form: Form) -> dict[str, Any]:
    """The operation's arguments as boto3 would have been given them.

    Raises a ValidationError for a missing or mistyped member.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    arguments = _parse_structure(shape, form, "")
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        raise validation_error(report.generate_report())
    return arguments


def result_document(operation: OperationModel, result: Mapping[str, Any], request_id: str) -> bytes:
    """The XML answer of a call that went well."""
    root = Element(f"{operation.name}Response", xmlns=_namespace(operation))
    shape = operation.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        _write(root, wrapper, shape, result)
    metadata = SubElement(root, "ResponseMetadata")
    SubElement(metadata, "RequestId").text = request_id
    return _document(root)


def error_document(error: CloudFormationError, request_id: str) -> bytes:
    """The XML answer of a call that was refused."""
    root = Element("ErrorResponse", xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/")
    body = SubElement(root, "Error")
    SubElement(body, "Type").text = "Sender" if error.status < 500 else "Receiver"
    SubElement(body, "Code").text = error.code
    SubElement(body, "Message").text = error.message
    SubElement(root, "RequestId").text = request_id
    return _document(root)


def _document(root: Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)


def _namespace(operation: OperationModel) -> str:
    return str(operation.service_model.metadata["xmlNamespace"])


# -- form to arguments -----------------------------------------------------------------------------------


def _parse(shape: Shape, form: Form, prefix: str) -> Any:
    if isinstance(shape, StructureShape):
        return _parse_structure(shape, form, prefix)
    if isinstance(shape, ListShape):
        return _parse_list(shape, form, prefix)
    if isinstance(shape, MapShape):
        return _parse_map(shape, form, prefix)
    return _parse_scalar(shape, form[prefix], prefix)


def _present(form: Form, prefix: str) -> bool:
    return prefix in form or any(key.startswith(f"{prefix}.") for key in form)


def _parse_structure(shape: StructureShape, form: Form, prefix: str) -> dict[str, Any]:
    parsed = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        key = f"{prefix}.{wire_name}" if prefix else wire_name
        if _present(form, key):
            parsed[name] = _parse(member, form, key)
    return parsed


def _parse_list(shape: ListShape, form: Form, prefix: str) -> list[Any]:
    entry = prefix
    if not shape.serialization.get("flattened"):
        entry = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
    items: list[Any] = []
    while _present(form, key := f"{entry}.{len(items) + 1}"):
        items.append(_parse(shape.member, form, key))
    return items


def _parse_map(shape: MapShape, form: Form, prefix: str) -> dict[str, Any]:
    entry = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    parsed: dict[str, Any] = {}
    while _present(form, f"{entry}.{len(parsed) + 1}"):
        at = f"{entry}.{len(parsed) + 1}"
        parsed[form[f"{at}.{key_name}"]] = _parse(shape.value, form, f"{at}.{value_name}")
    return parsed


def _parse_scalar(shape: Shape, text: str, prefix: str) -> Any:
    try:
        if shape.type_name == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name == "timestamp":
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (KeyError, ValueError):
        raise validation_error(f"{prefix} must be a {shape.type_name}, got {text!r}") from None
    return text


# -- result to XML ---------------------------------------------------------------------------------------


def _write(parent: Element, name: str, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        element = SubElement(parent, name)
        for member_name, member in shape.members.items():
            if value.get(member_name) is not None:
                _write(element, member.serialization.get("name", member_name), member, value[member_name])
    elif isinstance(shape, ListShape):
        element = SubElement(parent, name)
        for item in value:
            _write(element, shape.member.serialization.get("name", "member"), shape.member, item)
    elif isinstance(shape, MapShape):
        element = SubElement(parent, name)
        for key, item in value.items():
            entry = SubElement(element, "entry")
            _write(entry, "key", shape.key, key)
            _write(entry, "value", shape.value, item)
    else:
        SubElement(parent, name).text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
