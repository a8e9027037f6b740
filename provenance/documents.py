"""The documents that a certificate refers to: its JSON-LD context and its JSON Schema, made for one registry.

Both are immutable: another form of certificate gets another version.  Terms of schema.org are used where they fit;
there is no ``@vocab``, so that an unknown member is an error and not a guess.
"""

from __future__ import annotations

from typing import Any

from provenance.certificate import CONTEXT_PATH, CREDENTIALS_CONTEXT, MAX_ISSUER_NAME, SCHEMA_PATH
from provenance.piece import MAX_LANGUAGES, MAX_PHOTOS, MEASURES, MEDIA_TYPES, PHOTO_ROLES, PLAIN_FIELDS, TEXT_FIELDS

_SCHEMA_ORG = "https://schema.org/"
_SCHEMA_ORG_TERMS = {
    "title": "name",
    "description": "description",
    "maker": "creator",
    "creditLine": "creditText",
    "made": "temporal",
    "height": "height",
    "width": "width",
    "depth": "depth",
    "weight": "weight",
}


def context(base_url: str) -> dict[str, Any]:
    """Return the JSON-LD context of the certificates of one registry (JSON-LD 1.1)."""
    own = f"{base_url}{CONTEXT_PATH}#"

    def term(name: str) -> str:
        return _SCHEMA_ORG + _SCHEMA_ORG_TERMS[name] if name in _SCHEMA_ORG_TERMS else own + name

    subject: dict[str, Any] = {"@protected": True, "id": "@id", "type": "@type", "serial": _SCHEMA_ORG + "serialNumber"}
    for json_name, _ in TEXT_FIELDS.values():
        subject[json_name] = {"@id": term(json_name), "@container": "@language"}
    for json_name, _ in PLAIN_FIELDS.values():
        subject[json_name] = term(json_name)
    quantity = {"@protected": True, "value": _SCHEMA_ORG + "value", "unitCode": _SCHEMA_ORG + "unitCode"}
    for json_name, _, _ in MEASURES.values():
        subject[json_name] = {"@id": term(json_name), "@context": quantity}
    texts = {name: {"@id": own + name, "@container": "@language"} for name in ("kiln", "fuel", "atmosphere")}
    firing = {
        **texts,
        "date": own + "firingDate",
        "peakTemperature": {"@id": own + "peakTemperature", "@context": quantity},
    }
    subject |= {
        "country": _SCHEMA_ORG + "countryOfOrigin",
        "firing": {"@id": own + "firing", "@context": {"@protected": True, **firing}},
        "edition": {
            "@id": own + "edition",
            "@context": {"@protected": True, "number": own + "number", "of": own + "of"},
        },
        "image": {
            "@id": _SCHEMA_ORG + "image",
            "@context": {"@protected": True, "ImageObject": _SCHEMA_ORG + "ImageObject", "role": own + "role"},
        },
    }
    return {
        "@context": {
            "@version": 1.1,
            "@protected": True,
            "PieceCertificate": own + "PieceCertificate",
            "replaces": {"@id": own + "replaces", "@type": "https://w3id.org/security#multibase"},
            "Piece": {"@id": own + "Piece", "@context": subject},
        }
    }


def schema(base_url: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the certificates of one registry."""
    properties: dict[str, Any] = {
        "id": {"type": "string", "format": "uri"},
        "type": {"const": "Piece"},
        "serial": {"type": "string", "pattern": "^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]$"},
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "edition": _closed({"number": {"type": "integer", "minimum": 1}, "of": {"type": "integer", "minimum": 1}}),
        "firing": _closed(
            {
                "kiln": _text(200),
                "fuel": _text(200),
                "atmosphere": _text(200),
                "date": {"type": "string", "format": "date"},
                "peakTemperature": _quantity("CEL", 2_000),
            },
            required=[],
        ),
        "image": {
            "type": "array",
            "maxItems": MAX_PHOTOS,
            "items": _closed(
                {
                    "id": {"type": "string", "format": "uri"},
                    "type": {"const": "ImageObject"},
                    "role": {"enum": list(PHOTO_ROLES)},
                }
            ),
        },
    }
    for json_name, limit in TEXT_FIELDS.values():
        properties[json_name] = _text(limit)
    for json_name, limit in PLAIN_FIELDS.values():
        properties[json_name] = {"type": "string", "minLength": 1, "maxLength": limit}
    for json_name, unit, largest in MEASURES.values():
        properties[json_name] = _quantity(unit, largest)
    resource = {
        "id": {"type": "string", "format": "uri"},
        "mediaType": {"enum": list(MEDIA_TYPES)},
        "digestMultibase": {"type": "string", "pattern": "^uEi[A-Za-z0-9_-]{44}$"},
    }
    status = ("id", "type", "statusPurpose", "statusListIndex", "statusListCredential")
    proof = ("type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": base_url + SCHEMA_PATH,
        "title": "Certificate of a piece",
        **_closed(
            {
                "@context": {"const": [CREDENTIALS_CONTEXT, base_url + CONTEXT_PATH]},
                "type": {"const": ["VerifiableCredential", "PieceCertificate"]},
                "issuer": _closed(
                    {
                        "id": {"type": "string", "pattern": "^did:web:"},
                        "name": {"type": "string", "minLength": 1, "maxLength": MAX_ISSUER_NAME},
                    }
                ),
                "validFrom": {"type": "string", "format": "date-time"},
                "credentialSchema": _closed({"id": {"const": base_url + SCHEMA_PATH}, "type": {"const": "JsonSchema"}}),
                "credentialStatus": _closed({name: {"type": "string"} for name in status}),
                "credentialSubject": _closed(properties, required=["id", "type", "serial", "title"]),
                "relatedResource": {"type": "array", "maxItems": MAX_PHOTOS, "items": _closed(resource)},
                "replaces": resource["digestMultibase"],
                "proof": _closed({**{name: {"type": "string"} for name in proof}, "@context": {"type": "array"}}),
            },
            required=[
                "@context", "type", "issuer", "validFrom", "credentialSchema", "credentialStatus", "credentialSubject",
                "proof",
            ],
        ),
    }  # fmt: skip


def _closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _text(limit: int) -> dict[str, Any]:
    words = {"type": "string", "minLength": 1, "maxLength": limit}
    return {"type": "object", "minProperties": 1, "maxProperties": MAX_LANGUAGES, "additionalProperties": words}


def _quantity(unit: str, largest: int) -> dict[str, Any]:
    return _closed({"value": {"type": "integer", "minimum": 1, "maximum": largest}, "unitCode": {"const": unit}})
