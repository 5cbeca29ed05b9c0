"""Profiles: which stages run for a media item, and with which parameters.

``inbox/<profile>/profile.yaml`` is read for what is uploaded into that folder::

    language: zh                # for every stage that has such a parameter
    roi: [[0.8, 1.0], [0.0, 1.0]]
    stages: [captions, caption_files]
    params:
      ocr_cues: {fps: 5}
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from media_pipeline.errors import InvalidParameter
from media_pipeline.stages.base import FUNCTIONS_GROUP, Stage, StageParams
from media_pipeline.store.places import local_path, open_filesystem, remote_errors

DEFAULT = "default"
FILE_NAME = "profile.yaml"
SHORTHANDS = ("language", "roi")
"""Keys that set the parameter of that name in every stage that has it."""

_KEYS = ("stages", "params", *SHORTHANDS)
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_MAX_BYTES = 64 * 1024


def default_stages() -> Mapping[str, Stage]:
    """The stages of the product. Imported late: they bring the engines' modules with them."""
    from media_pipeline.stages.registry import STAGES

    return STAGES


class Profile(BaseModel):
    """Stages and parameters under a name. ``stages=None`` means all but the production functions,
    which are made for who asks for them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = DEFAULT
    stages: list[str] | None = None
    params: dict[str, dict[str, Any]] = {}

    def stage_params(self, stage: Stage) -> StageParams:
        """The parameters of one stage, defaults included.

        Raises
        ------
        InvalidParameter
        """
        return checked_params(stage, self.params.get(stage.name), f"profile {self.name}")

    def selected(self, stages: Mapping[str, Stage] | None = None) -> list[str]:
        """The chosen stages and everything they are made from, in the order in which data flows."""
        stages = default_stages() if stages is None else stages
        usual = (name for name, stage in stages.items() if stage.group != FUNCTIONS_GROUP)
        return upstream(stages, self.stages if self.stages is not None else usual)

    def with_values(
        self, assignments: Sequence[str], stages: Mapping[str, Stage] | None = None
    ) -> Profile:
        """The profile with ``STAGE.PARAM=VALUE`` assignments on top; a value is read as YAML.

        Raises
        ------
        InvalidParameter
        """
        params = {stage: dict(values) for stage, values in self.params.items()}
        for assignment in assignments:
            target, equals, text = assignment.partition("=")
            stage, dot, name = target.strip().partition(".")
            if not (equals and dot and stage and name):
                raise InvalidParameter(
                    f"{assignment!r} is no assignment", "write STAGE.PARAM=VALUE"
                )
            params.setdefault(stage, {})[name] = _value(text)
        profile = self.model_copy(update={"params": params})
        check_profile(profile, default_stages() if stages is None else stages)
        return profile


def upstream(
    stages: Mapping[str, Stage], names: Iterable[str], *, without: Collection[str] = ()
) -> list[str]:
    """The named stages and everything they are made from, in the order in which data flows.

    ``without`` names inputs to leave out where they are dispensable.
    """
    wanted: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            skipped = set(without).intersection(stages[name].dispensable)
            queue += (other for other in stages[name].inputs if other not in skipped)
    return [name for name in stages if name in wanted]


def checked_params(
    stage: Stage, values: StageParams | Mapping[str, Any] | None, origin: str = ""
) -> StageParams:
    """Parameters of a stage, validated.

    Parameters
    ----------
    stage : whose parameters.
    values : by name, or an instance of the stage's Params, or None for the defaults.
    origin : where they come from, for the message.

    Raises
    ------
    InvalidParameter
        in one line that names the stage, the parameter, its value and what is allowed.
    """
    if isinstance(values, StageParams) and not isinstance(values, stage.params):
        raise InvalidParameter(
            f"{type(values).__name__} are not the parameters of {stage.name}",
            f"give {stage.params.__module__}.{stage.params.__name__}",
        )
    try:
        given = values if isinstance(values, StageParams) else dict(values or {})
        params = stage.params.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join([stage.name, *map(str, first["loc"])])
        where = f"{origin}: " if origin else ""
        if first["type"] == "extra_forbidden":
            raise InvalidParameter(
                f"{where}there is no parameter {name}", _choices(stage.params.model_fields)
            ) from None
        fault = first["msg"].removeprefix("Value error, ")
        raise InvalidParameter(
            f"{where}{name} is {first['input']!r}: {fault}", _describe(stage, first["loc"])
        ) from None
    for name, value in params.model_dump(mode="json").items():
        if not _finite(value):
            raise InvalidParameter(f"{stage.name}.{name} is {value}", "give a finite number")
    return params


def check_profile(profile: Profile, stages: Mapping[str, Stage]) -> None:
    """Hold a profile against the stages.

    Raises
    ------
    InvalidParameter
    """
    for name in [*(profile.stages or []), *profile.params]:
        if name not in stages:
            raise InvalidParameter(
                f"profile {profile.name}: there is no stage {name}", _choices(stages)
            )
    for name in profile.params:
        profile.stage_params(stages[name])


def load_profile(
    path_or_name: str | Path,
    inbox: str | Path,
    *,
    stages: Mapping[str, Stage] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Profile:
    """Read a profile from a YAML file, or by its name from the inbox.

    A folder of the inbox without a profile file, and the inbox itself, give the default profile
    under their name.

    Parameters
    ----------
    path_or_name : the name of a folder in the inbox, ``default`` for the inbox itself, or a path to
        a YAML file.
    inbox : the inbox's path or URI.
    stages : what the profile is checked against; by default the product's stages.
    storage_options : for fsspec; by default as the settings say.

    Raises
    ------
    InvalidParameter
        in one line that names the file and the key.
    """
    stages = default_stages() if stages is None else stages
    text = str(path_or_name)
    if isinstance(path_or_name, Path) or text.endswith((".yaml", ".yml")):
        data = _read(text, storage_options)
        if data is None:
            raise InvalidParameter(f"there is no profile file {text}", "check the path")
        return parse_profile(Path(text).stem, data, text, stages)
    if not _NAME.match(text) or ".." in text:
        raise InvalidParameter(
            f"{text!r} is no name of a profile",
            "use letters, digits, dots, dashes and underscores, or give a path ending in .yaml",
        )
    folder = str(inbox) if text == DEFAULT else f"{str(inbox).rstrip('/')}/{text}"
    place = f"{folder.rstrip('/')}/{FILE_NAME}"
    data = _read(place, storage_options)
    if data is not None:
        return parse_profile(text, data, place, stages)
    if text != DEFAULT and not _exists(folder, storage_options):
        raise InvalidParameter(f"there is no profile {text}", f"make {place}")
    return Profile(name=text)


def parse_profile(name: str, text: str, origin: str, stages: Mapping[str, Stage]) -> Profile:
    """A profile from the text of its YAML file.

    Raises
    ------
    InvalidParameter
        in one line that names ``origin`` and the key.
    """
    try:
        data = _load_yaml(text)
    except (yaml.YAMLError, RecursionError) as error:
        detail = " ".join(str(error).split())
        raise InvalidParameter(f"{origin} is not valid YAML ({detail})", "correct it") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise InvalidParameter(f"{origin} is not a table of keys", _choices(_KEYS))
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        raise InvalidParameter(f"{origin}: there is no key {unknown[0]}", _choices(_KEYS))
    params = _params(data, origin, stages)
    profile = Profile(name=name, stages=_stage_names(data.get("stages"), origin), params=params)
    try:
        check_profile(profile, stages)
    except InvalidParameter as error:
        message = error.message.removeprefix(f"profile {name}: ")
        raise InvalidParameter(f"{origin}: {message}", error.remedy) from None
    return profile


def _params(
    data: Mapping[str, Any], origin: str, stages: Mapping[str, Stage]
) -> dict[str, dict[str, Any]]:
    given = data.get("params") or {}
    if not isinstance(given, dict) or not all(
        isinstance(k, str) and isinstance(v, dict) and all(isinstance(n, str) for n in v)
        for k, v in given.items()
    ):
        raise InvalidParameter(
            f"{origin}: params is not a table of stages", "write params: {stage: {name: value}}"
        )
    params: dict[str, dict[str, Any]] = {name: dict(values) for name, values in given.items()}
    for shorthand in SHORTHANDS:
        if shorthand not in data:
            continue
        for stage in stages.values():
            if shorthand in stage.params.model_fields:
                params.setdefault(stage.name, {}).setdefault(shorthand, data[shorthand])
    return params


def _stage_names(value: Any, origin: str) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise InvalidParameter(
            f"{origin}: stages is {value!r}", "write a list of stage names, or leave it out for all"
        )
    return list(value)


_PLAIN = {
    "bool": (re.compile(r"^(?:true|false)$", re.IGNORECASE), "tTfF"),
    "int": (re.compile(r"^[-+]?[0-9]+$"), "-+0123456789"),
    "float": (
        re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
        "-+.0123456789",
    ),
    "null": (re.compile(r"^(?:~|null|)$", re.IGNORECASE), "~nN\0"),
}


class _Loader(yaml.SafeLoader):
    """Safe YAML 1.2 without anchors, which can blow up, and without keys that win over others.

    In YAML 1.1, PyYAML's own, the language ``no`` is false and ``1:30`` is ninety.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"the key {twice} stands there twice")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _PLAIN.items():
    # Integers come before floats, whose pattern they fit as well.
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", _pattern, [c.replace("\0", "") for c in _first]
    )


def _load_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is a safe one


def _value(text: str) -> Any:
    try:
        return text if text.startswith("!") else _load_yaml(text)
    except yaml.YAMLError:
        return text  # it has signs that YAML gives a meaning to


def _read(place: str, options: Mapping[str, Any] | None) -> str | None:
    path = local_path(place)
    if path is None:
        filesystem, inside = open_filesystem(place, options)
        with remote_errors(place):
            try:
                data: bytes = filesystem.cat_file(inside, start=0, end=_MAX_BYTES + 1)
            except FileNotFoundError:
                return None
    else:
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InvalidParameter(
                f"{place} cannot be read ({error.strerror})", "check its rights"
            ) from None
    if len(data) > _MAX_BYTES:
        raise InvalidParameter(f"{place} is larger than {_MAX_BYTES >> 10} KiB", "shorten it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidParameter(f"{place} is not UTF-8 text", "save it as UTF-8") from None


def _exists(folder: str, options: Mapping[str, Any] | None) -> bool:
    path = local_path(folder)
    if path is not None:
        return path.is_dir()
    filesystem, inside = open_filesystem(folder, options)
    with remote_errors(folder):
        return bool(filesystem.exists(inside))


def _choices(names: Iterable[str]) -> str:
    return f"choose from {', '.join(names)}"


def _finite(value: Any) -> bool:
    """Whether all numbers in a JSON value are finite; others cannot stand in a manifest."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    return all(map(_finite, value)) if isinstance(value, list) else True


def _describe(stage: Stage, location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else ""
    if name not in stage.params.model_fields:
        return ""
    allowed = stage.params.allowed(name)
    description = stage.params.model_fields[name].description or ""
    return ": ".join(part for part in (f"give {allowed}" if allowed else "", description) if part)
