"""Language codes: from the tags of containers, people and engines to ISO 639-1."""

from __future__ import annotations

# ISO 639-1 -> ISO 639-2 codes (bibliographic and terminological) of what streams are tagged with.
_CODES = {
    "af": "afr", "am": "amh", "ar": "ara", "az": "aze", "be": "bel", "bg": "bul", "bn": "ben",
    "bs": "bos", "ca": "cat", "cs": "cze ces", "cy": "wel cym", "da": "dan", "de": "ger deu",
    "el": "gre ell", "en": "eng", "es": "spa", "et": "est", "eu": "baq eus", "fa": "per fas",
    "fi": "fin", "fr": "fre fra", "ga": "gle", "gl": "glg", "gu": "guj", "he": "heb", "hi": "hin",
    "hr": "hrv", "hu": "hun", "hy": "arm hye", "id": "ind", "is": "ice isl", "it": "ita",
    "ja": "jpn", "ka": "geo kat", "kk": "kaz", "km": "khm", "kn": "kan", "ko": "kor", "la": "lat",
    "lo": "lao", "lt": "lit", "lv": "lav", "mk": "mac mkd", "ml": "mal", "mn": "mon", "mr": "mar",
    "ms": "may msa", "my": "bur mya", "ne": "nep", "nl": "dut nld", "no": "nor nob", "nn": "nno",
    "pa": "pan", "pl": "pol", "ps": "pus", "pt": "por", "ro": "rum ron", "ru": "rus", "si": "sin",
    "sk": "slo slk", "sl": "slv", "so": "som", "sq": "alb sqi", "sr": "srp", "sv": "swe",
    "sw": "swa", "ta": "tam", "te": "tel", "tg": "tgk", "th": "tha", "tl": "tgl fil", "tr": "tur",
    "uk": "ukr", "ur": "urd", "uz": "uzb", "vi": "vie", "yi": "yid", "yo": "yor",
    "yue": "yue", "zh": "chi zho cmn",
}  # fmt: skip
_OLD = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "nb": "no", "mo": "ro"}
_SHORT = {
    **{code: code for code in _CODES},
    **{long: code for code, longs in _CODES.items() for long in longs.split()},
    **_OLD,
}


def language_code(tag: str | None) -> str | None:
    """The ISO 639-1 code behind a language tag, or None where it says no known language.

    >>> [language_code(t) for t in ("eng", "zh-Hans", "pt_BR", "und", "ger", None)]
    ['en', 'zh', 'pt', None, 'de', None]
    """
    if not tag:
        return None
    return _SHORT.get(tag.strip().lower().replace("_", "-").partition("-")[0])
