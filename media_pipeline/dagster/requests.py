"""How a catalogue run of a media item is asked for, and by which profile an item is processed.

A run notes in its tags what it is for and by which profile, so that later runs go on with the same
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from media_pipeline.dagster.config import run_config
from media_pipeline.dagster.resources import Pipeline
from media_pipeline.errors import InvalidParameter
from media_pipeline.profiles import DEFAULT, Profile
from media_pipeline.stages.base import Stage

CATALOGUE_JOB = "catalogue"
"""What sensors, the schedule and the command ask for, each time with a selection of assets."""

KEY_TAG = "media/key"
PROFILE_TAG = "media/profile"
OWN_PROFILE_TAG = "media/own_profile"
"""The profile of a run as JSON, where no profile of the inbox reads like it."""


def catalogue_request(
    stages: Mapping[str, Stage],
    key: str,
    profile: Profile,
    *,
    run_key: str,
    tags: Mapping[str, str],
    wanted: Sequence[str] | None = None,
) -> dg.RunRequest:
    """The request of a catalogue run of a media item; ``wanted`` restricts it to some of the
    profile's stages.
    """
    selected = profile.selected(stages) if wanted is None else wanted
    return dg.RunRequest(
        run_key=run_key,
        partition_key=key,
        asset_selection=[dg.AssetKey(name) for name in selected],
        run_config=run_config({name: stages[name] for name in selected}, profile.params),
        tags={KEY_TAG: key, **tags},
        job_name=CATALOGUE_JOB,
    )


def profile_tags(pipeline: Pipeline, profile: Profile) -> dict[str, str]:
    """Tags by which the profile of a run is known later: its name, and all of it when the inbox has
    another.
    """
    try:
        same = pipeline.profile(profile.name) == profile
    except InvalidParameter:
        same = False
    return {
        PROFILE_TAG: profile.name,
        **({} if same else {OWN_PROFILE_TAG: profile.model_dump_json()}),
    }


def remembered_profile(instance: dg.DagsterInstance, pipeline: Pipeline, key: str) -> Profile:
    """The profile by which a media item was last processed or added, as it reads today.

    Raises
    ------
    InvalidParameter
        when its file has become wrong, or was removed.
    """
    for run in instance.get_runs(dg.RunsFilter(tags={KEY_TAG: key}), limit=1):
        own = run.tags.get(OWN_PROFILE_TAG)
        return (
            Profile.model_validate_json(own)
            if own
            else pipeline.profile(run.tags.get(PROFILE_TAG, DEFAULT))
        )
    return pipeline.profile(DEFAULT)
