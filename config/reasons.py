"""What a chatter is told: the rule in plain words and the Record to cite, never the words themselves."""

from __future__ import annotations

from filters.types import Category

LANGUAGES: dict[str, tuple[str, dict[Category, str]]] = {
    "en": (
        "Automatic: {rule}. Record #{record}.",
        {
            Category.HATE: "hateful language",
            Category.HARASSMENT: "harassment",
            Category.SEXUAL: "sexual content",
            Category.SPAM: "spam or a scam",
            Category.PRIVACY: "personal information",
            Category.SELF_HARM: "encouraging self-harm",
            Category.CHILD_SAFETY: "child safety",
            Category.ILLEGAL_GOODS: "illegal goods",
            Category.PROFANITY: "strong language",
            Category.CHANNEL_RULE: "a rule of this channel",
        },
    ),
    "de": (
        "Automatisch: {rule}. Vorgang #{record}.",
        {
            Category.HATE: "Hassrede",
            Category.HARASSMENT: "Belästigung",
            Category.SEXUAL: "sexuelle Inhalte",
            Category.SPAM: "Spam oder Betrug",
            Category.PRIVACY: "persönliche Daten",
            Category.SELF_HARM: "Aufruf zur Selbstverletzung",
            Category.CHILD_SAFETY: "Schutz von Kindern",
            Category.ILLEGAL_GOODS: "verbotene Waren",
            Category.PROFANITY: "Kraftausdrücke",
            Category.CHANNEL_RULE: "eine Regel dieses Kanals",
        },
    ),
    "es": (
        "Automático: {rule}. Registro #{record}.",
        {
            Category.HATE: "lenguaje de odio",
            Category.HARASSMENT: "acoso",
            Category.SEXUAL: "contenido sexual",
            Category.SPAM: "spam o estafa",
            Category.PRIVACY: "datos personales",
            Category.SELF_HARM: "incitación a la autolesión",
            Category.CHILD_SAFETY: "protección de menores",
            Category.ILLEGAL_GOODS: "productos ilegales",
            Category.PROFANITY: "lenguaje soez",
            Category.CHANNEL_RULE: "una norma de este canal",
        },
    ),
    "pt": (
        "Automático: {rule}. Registro nº {record}.",
        {
            Category.HATE: "discurso de ódio",
            Category.HARASSMENT: "assédio",
            Category.SEXUAL: "conteúdo sexual",
            Category.SPAM: "spam ou golpe",
            Category.PRIVACY: "dados pessoais",
            Category.SELF_HARM: "incentivo à automutilação",
            Category.CHILD_SAFETY: "proteção de crianças",
            Category.ILLEGAL_GOODS: "produtos ilegais",
            Category.PROFANITY: "linguagem ofensiva",
            Category.CHANNEL_RULE: "uma regra deste canal",
        },
    ),
    "fr": (
        "Automatique : {rule}. Dossier nº {record}.",
        {
            Category.HATE: "propos haineux",
            Category.HARASSMENT: "harcèlement",
            Category.SEXUAL: "contenu sexuel",
            Category.SPAM: "spam ou arnaque",
            Category.PRIVACY: "données personnelles",
            Category.SELF_HARM: "incitation à l'automutilation",
            Category.CHILD_SAFETY: "protection des enfants",
            Category.ILLEGAL_GOODS: "produits illégaux",
            Category.PROFANITY: "langage grossier",
            Category.CHANNEL_RULE: "une règle de cette chaîne",
        },
    ),
}
"""Per language code: the sentence, and each Category in plain words."""


def reason(category: Category, record: int, language: str = "en") -> str:
    """The text Twitch shows to the chatter; Twitch's limit is 500 characters. KeyError for an unknown language."""
    sentence, rules = LANGUAGES[language]
    return sentence.format(rule=rules[category], record=record)
