"""Songs with known beats, bars and sections: many styles, played by simple synthesisers."""

from media_pipeline_tests.generators.songs.forms import FORMS, make_whole_song, whole_songs
from media_pipeline_tests.generators.songs.song import ANY, RATE, Song, Tempo, make_song
from media_pipeline_tests.generators.songs.styles import STYLES, Style

__all__ = [
    "ANY",
    "FORMS",
    "RATE",
    "STYLES",
    "Song",
    "Style",
    "Tempo",
    "make_song",
    "make_whole_song",
    "whole_songs",
]
