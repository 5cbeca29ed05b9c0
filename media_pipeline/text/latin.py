"""Which language a text in Latin letters is written in, by its function words.

Film captions are full of them: a few lines are enough. Languages outside the list are not guessed.
"""

from __future__ import annotations

from media_pipeline.text.scripts import main_script, tokens

_FUNCTION_WORDS = {
    "en": """the and you that it is was of to in i what for not are this have with be on my me your
        we do he she they but so know just can get don't i'm it's no all at about if there were""",
    "fr": """le la les de des un une et est pas que je vous tu il elle nous ce qui dans pour sur
        avec mais ne au du on ça c'est j'ai plus moi mon ma suis être fait comme tout""",
    "de": """der die das und ist nicht ich sie du wir es ein eine zu mit auf für den dem von was
        wie aber wenn hat haben sind mir mich auch noch nur kann wird bin hier""",
    "es": """el la los las de que y no un una es en por con para lo se me te mi su qué pero como
        más está esto eso bien aquí cuando muy todo fue hay ser""",
    "it": """il lo la gli le di che e non un una è in per con mi ti si ma come più questo sono ho
        hai cosa bene qui quando anche della nel ci ne molto""",
    "pt": """o a os as de que e não um uma é em por com para se me eu você ele ela mas como mais
        está isso bem aqui quando muito foi meu minha do da no na""",
    "nl": """de het een en van is niet ik je dat die we hij zij te in op met voor maar als ook nog
        wat er zijn heb heeft naar kan hier wel""",
    "sv": """och att det är inte jag du vi som en ett på med för av den de har till om men han hon
        kan här så vad var mig dig""",
    "pl": """nie to się i w na że jest do co z jak ale za tak ja ty mi go czy jestem był tym już
        dla po tylko może tu""",
    "tr": """bir ve bu ne için ben sen o da de mi var yok çok ama gibi daha değil şey kadar evet
        hayır onu bana sana""",
    "id": """yang dan di itu ini tidak aku kau kamu saya ke dari untuk dengan akan ada apa bisa
        sudah kita mereka dia juga""",
    "vi": """là của và không tôi anh em có được cho này một người đó những với các đã ở thì mà
        gì rồi""",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_LEAD = 1.4  # by how much the best must be ahead of the second


def latin_language(text: str) -> str | None:
    """The language of a text in Latin letters, ISO 639-1, or None when it cannot be told.

    >>> latin_language("What is that in your hand?")
    'en'
    >>> latin_language("Je ne sais pas ce que vous avez dans la main.")
    'fr'
    """
    words = [w.strip("\"'“”.,;:!?…()[]«»¿¡-♪").lower().replace("’", "'") for w in tokens(text)]
    words = [w for w in words if main_script(w) == "latin"]
    hits = {lang: sum(w in known for w in words) for lang, known in _WORDS.items()}
    ranked = sorted(hits.values(), reverse=True)
    if ranked[0] == 0 or ranked[0] < _LEAD * ranked[1]:
        return None
    return max(hits, key=lambda language: hits[language])
