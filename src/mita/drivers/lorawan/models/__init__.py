"""Known LoRaWAN models: what their published codecs call things, one YAML file for each.

A file holds ``id`` (vendor/model, as the codec's folder is called), ``vendor``, ``model``, ``fields``,
``settings`` (see the README of the folder above), and ``source`` and ``licence`` of the facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from mita.drivers.fields import Field

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model: its registers, and the driver's settings but for the device's own."""

    model_id: str
    maker: str
    model: str
    fields: tuple[Field, ...]
    settings: Mapping[str, Any]
    source: str
    licence: str
    note: str = ""


@cache
def models() -> Mapping[str, Model]:
    """Return the known models by id, in order."""
    folder = resources.files(__name__)
    files = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name
    )
    found = [_model(yaml.safe_load(each.read_text(encoding="utf-8"))) for each in files]
    return {each.model_id: each for each in sorted(found, key=lambda each: each.model_id)}


def model(model_id: str) -> Model | None:
    """Return a known model; None if it is not one."""
    return models().get(model_id)


def _model(document: Mapping[str, Any]) -> Model:
    return Model(
        document["id"],
        document["vendor"],
        document["model"],
        tuple(_field(each) for each in document.get("fields", ())),
        document.get("settings", {}),
        document["source"],
        document["licence"],
        document.get("note", ""),
    )


def _field(document: Mapping[str, Any]) -> Field:
    return Field(
        document["path"],
        document["register"],
        document["unit"],
        Decimal(document.get("scale", "1")),
        places=document.get("places"),
    )
