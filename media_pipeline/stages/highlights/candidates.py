"""The moments of a film that stand out, ranked: rules on measured values, without any model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pydantic import Field, field_validator

from media_pipeline.stages.base import StageParams
from media_pipeline.stages.highlights.choose import pick
from media_pipeline.stages.highlights.edges import Landmarks
from media_pipeline.stages.highlights.signals import WEIGHTS, Signals, score
from media_pipeline.stages.highlights.sound import STEP, Array

_SPARE = 3  # times as many candidates as highlights
_MOST_ACTIONS, _ACTION_CHARS = 50, 5


class Params(StageParams):
    """What to look for."""

    count: int = Field(5, ge=1, le=10, description="how many highlights at most")
    clip_duration: float = Field(
        15.0,
        ge=3.0,
        le=60.0,
        description="seconds that a highlight should last; it will last 60 to 140 % of it",
    )
    min_score: float = Field(
        0.18,
        ge=0.0,
        le=1.0,
        description="moments under this score are left out, except the best",
    )
    weights: dict[str, float] = Field(
        default_factory=dict,
        description=f"how much each signal counts, where not as usual: {WEIGHTS}",
    )
    keywords: list[str] = Field(
        default_factory=list,
        description="words whose being said or shown counts like an exclamation",
    )

    enable_action_recog: bool = Field(
        False, description="look for the actions in custom_actions; needs an engine for them"
    )
    custom_actions: list[str] = Field(
        default_factory=list,
        max_length=_MOST_ACTIONS,
        description="actions to tag, such as Fight, of at most 5 characters each",
    )

    @field_validator("custom_actions")
    @classmethod
    def _short_actions(cls, actions: list[str]) -> list[str]:
        for action in actions:
            if not 0 < len(action.strip()) <= _ACTION_CHARS:
                raise ValueError(f"the action {action!r} is not 1 to {_ACTION_CHARS} characters")
        return [action.strip() for action in actions]

    @field_validator("weights")
    @classmethod
    def _known_signals(cls, weights: dict[str, float]) -> dict[str, float]:
        for name, weight in weights.items():
            if name not in WEIGHTS:
                raise ValueError(f"no signal {name!r}; there are {', '.join(WEIGHTS)}")
            if not 0 <= weight <= 10:
                raise ValueError(f"the weight of {name} is {weight}, allowed are 0 to 10")
        return weights


@dataclass(frozen=True, slots=True)
class Highlight:
    """A moment that stands out, in seconds.

    ``score`` is 0-1: the mean of the saturating score over the highlight, on the same scale for
    every film. ``signals`` holds the mean of each normalised signal.
    """

    start: float
    end: float
    score: float
    signals: dict[str, float] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def rank_moments(
    signals: Signals, landmarks: Landmarks, params: Params | None = None
) -> list[Highlight]:
    """The moments that stand out, the best first: three times as many as are asked for.

    Those beyond ``count`` take the places of moments that turn out to show the same as others.
    Parameters are those of :func:`find_highlights`.
    """
    params = params or Params()
    total = score(signals, WEIGHTS | params.weights)
    spans = pick(
        total,
        landmarks,
        count=_SPARE * params.count,
        clip_duration=params.clip_duration,
        min_score=params.min_score,
    )
    return [_describe(start, end, total, signals) for start, end in spans]


def find_highlights(
    signals: Signals, landmarks: Landmarks, params: Params | None = None
) -> list[Highlight]:
    """Find the moments that stand out.

    Parameters
    ----------
    signals : normalised, on the 0.1 s grid (see :func:`combine`).
    landmarks : where the edges may go; ``landmarks.duration`` is the end of the film.
    params : count, clip duration, weights.

    Returns
    -------
    list of Highlight
        in film order, without tags; empty when nothing stands out.
    """
    params = params or Params()
    best = rank_moments(signals, landmarks, params)[: params.count]
    return sorted(best, key=lambda h: h.start)


def _describe(start: float, end: float, total: Array, signals: Signals) -> Highlight:
    first = min(int(start / STEP), len(total) - 1)
    cells = slice(first, max(first + 1, round(end / STEP)))
    means = {name: float(values[cells].mean()) for name, values in signals.as_dict().items()}
    return Highlight(start, end, float(np.clip(total[cells].mean(), 0, 1)), means)
