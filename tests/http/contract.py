"""Holds every answer seen in the black-box tests against openapi.yaml.

A status that the operation does not name falls to its `default` answer; a body must fit the schema of its
media type; a media type that the answer does not name is an error.
"""

import json
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """YAML takes the last of two keys of one name without a word; here they are an error."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(key) for key, _ in node.value]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"openapi.yaml, line {node.start_mark.line + 1}: twice: {sorted(twice)}"
        return super().construct_mapping(node, deep)


DOCUMENT = yaml.load((ROOT / "openapi.yaml").read_text(), Loader=_Loader)
RESOLVER = jsonschema.RefResolver("", DOCUMENT)
VALIDATORS = {}
SEEN = set()


def _pattern(template):
    return re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", template) + "$")


PATHS = [(_pattern(template), template) for template in DOCUMENT["paths"]]


def template_of(path):
    """The path's template; a literal one beats one with parameters."""
    found = [template for pattern, template in PATHS if pattern.match(path)]
    return min(found, key=lambda template: template.count("{")) if found else None


def _resolve(node):
    while "$ref" in node:
        node = RESOLVER.resolve(node["$ref"])[1]
    return node


def _validator(schema):
    key = json.dumps(schema, sort_keys=True)
    if key not in VALIDATORS:
        VALIDATORS[key] = jsonschema.Draft202012Validator(schema, resolver=RESOLVER)
    return VALIDATORS[key]


def check(method, path, status, content_type, body):
    """Raises AssertionError where the answer breaks the contract."""
    template = template_of(path)
    other_style = path == "/v2" or path.startswith("/v2/")
    problem = _resolve(DOCUMENT["components"]["responses"]["AlpacaError" if other_style else "Problem"])
    operation = DOCUMENT["paths"].get(template, {}).get(method.lower()) if template else None
    if operation is None:
        answer = problem
        assert status >= 400 or method in ("HEAD", "OPTIONS"), f"{method} {path} is not in openapi.yaml but answered {status}"
        if method in ("HEAD", "OPTIONS"):
            return
    else:
        SEEN.add((operation["operationId"], status))
        answers = operation["responses"]
        assert str(status) in answers or status >= 400, f"{method} {template} answered {status}, which openapi.yaml does not name"
        answer = _resolve(answers.get(str(status), answers["default"]))
    content = answer.get("content")
    if content is None:
        assert not body, f"{method} {path} {status} has a body, the contract has none"
        return
    media = (content_type or "").split(";")[0].strip()
    assert media in content, f"{method} {path} {status}: media type {media!r}, the contract names {sorted(content)}"
    if media.endswith("json") and "x-ndjson" not in media:
        value = json.loads(body)
        errors = sorted(_validator(content[media]["schema"]).iter_errors(value), key=lambda e: list(e.path))
        assert not errors, f"{method} {path} {status}: at /{'/'.join(map(str, errors[0].path))}: {errors[0].message[:400]}"
