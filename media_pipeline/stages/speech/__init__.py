"""Speech: the sound, which language is spoken, what is said, when each word is said, subtitles.

One module per stage, in the order of the data: :mod:`audio`, :mod:`language`, :mod:`transcript`,
:mod:`words`, :mod:`subtitles`; :mod:`fusion` holds captions against all that.
"""

from media_pipeline.stages.speech.audio import AUDIO
from media_pipeline.stages.speech.fusion import CAPTION_SPEECH
from media_pipeline.stages.speech.language import LANGUAGE
from media_pipeline.stages.speech.subtitles import SPEECH_SUBTITLES
from media_pipeline.stages.speech.transcript import TRANSCRIPT
from media_pipeline.stages.speech.words import WORDS

__all__ = ["AUDIO", "CAPTION_SPEECH", "LANGUAGE", "SPEECH_SUBTITLES", "TRANSCRIPT", "WORDS"]
