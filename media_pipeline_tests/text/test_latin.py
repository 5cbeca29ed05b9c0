from __future__ import annotations

import pytest

from media_pipeline.text.latin import latin_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is that in your hand? I told you not to touch it.", "en"),
        ("Qu'est-ce que c'est ? Je ne sais pas ce que vous avez dans la main.", "fr"),
        ("Ich weiß nicht, was du mit dem Auto gemacht hast, aber es ist kaputt.", "de"),
        ("No sé qué has hecho con el coche, pero ya no funciona.", "es"),
        ("Non so cosa hai fatto con la macchina, ma non va più.", "it"),
        ("Eu não sei o que você fez com o carro, mas ele não funciona mais.", "pt"),
        ("Ik weet niet wat je met de auto hebt gedaan, maar hij doet het niet meer.", "nl"),
        ("Jag vet inte vad du har gjort med bilen, men den går inte.", "sv"),
        ("Nie wiem, co zrobiłeś z samochodem, ale już nie działa.", "pl"),
        ("Bu araba için ne yaptın bilmiyorum ama çok kötü bir şey.", "tr"),
        ("Aku tidak tahu apa yang kau lakukan dengan mobil itu.", "id"),
        ("Tôi không biết anh đã làm gì với chiếc xe này.", "vi"),
        ("Netflix 2024", None),
        ("你好", None),
        ("", None),
    ],
)
def test_function_words_tell_the_language(text: str, language: str | None) -> None:
    assert latin_language(text) == language
