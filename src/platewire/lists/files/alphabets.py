"""Code pages of list files, and the letters of the languages written in them. Data only.

The letters are those that everyday words and names of a language have beyond A-Z, or its whole
alphabet if it is another one. Letters that hardly any name contains (Slovak ĺ and ŕ) are left out,
because letters of other code pages decode to them.
"""

from typing import NamedTuple

RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
UKRAINIAN = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
BELARUSIAN = "абвгдеёжзійклмнопрстуўфхцчшыьэюя"
BULGARIAN = "абвгдежзийклмнопрстуфхцчшщъьюя"
SERBIAN = "абвгдђежзијклљмнњопрстћуфхцчџш"
MACEDONIAN = "абвгдѓежзѕијклљмнњопрстќуфхцчџш"
GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋ"
HEBREW = "אבגדהוזחטיכלמנסעפצקרשתךםןףץ"
ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ"
GERMAN = "äöüß"
FRENCH = "àâçéèêëîïôùûüœ"
SPANISH = "áéíóúüñ"
PORTUGUESE = "áâãàçéêíóôõú"
ITALIAN = "àèéìòù"
DUTCH = "éëïöüèáó"
SWEDISH = "åäöé"
DANISH = "æøåé"
ICELANDIC = "áðéíóúýþæö"
POLISH = "ąćęłńóśźż"
CZECH = "áčďéěíňóřšťúůýž"
SLOVAK = "áäčďéíľňóôšťúýž"
HUNGARIAN = "áéíóöőúüű"
CROATIAN = "čćđšž"
ROMANIAN = "ăâîşţ"
TURKISH = "çğıöşüâî"
LITHUANIAN = "ąčęėįšųūž"
LATVIAN = "āčēģīķļņšūž"
ESTONIAN = "äöõüšž"

WESTERN = (*(GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH, SWEDISH, DANISH, ICELANDIC),)
CENTRAL = (POLISH, CZECH, SLOVAK, HUNGARIAN, CROATIAN, ROMANIAN, GERMAN)
CYRILLIC = (RUSSIAN, UKRAINIAN, BELARUSIAN, BULGARIAN, SERBIAN, MACEDONIAN)

RARE = frozenset("фщъцэёшюх")
"""Russian letters that are less than one in a hundred each: many of them, and it is no Russian."""
UNUSUAL = frozenset({ICELANDIC, LITHUANIAN, LATVIAN, ESTONIAN})
"""Languages of so few people that another one of the same bytes is likelier."""

PLATE_LETTERS = frozenset("ÄÖÜÅÆØČĆŽŠĐ")
"""Letters beyond A-Z on plates in Latin script: Germany, Austria, the north, the Adriatic."""
PLATE_COUNTRIES = {
    "CYRILLIC": frozenset({"BA", "BG", "BY", "KG", "KZ", "ME", "MK", "RS", "RU", "TJ", "UA"}),
    "GREEK": frozenset({"CY", "GR"}),
}
"""Whose plates have letters that look alike in another script."""


class CodePage(NamedTuple):
    name: str
    languages: tuple[str, ...]
    rarity: float = 0.0
    """What speaks against it beforehand, in words that make no sense."""


CODE_PAGES: tuple[CodePage, ...] = (
    CodePage("cp1252", WESTERN),
    CodePage("cp1251", CYRILLIC),
    CodePage("cp1250", CENTRAL),
    CodePage("cp1254", (TURKISH,)),
    CodePage("cp1257", (LITHUANIAN, LATVIAN, ESTONIAN)),
    CodePage("cp1253", (GREEK,)),
    CodePage("cp866", CYRILLIC, 1),
    CodePage("cp850", WESTERN, 1),
    CodePage("cp852", CENTRAL, 1),
    CodePage("iso8859_2", CENTRAL, 1),
    CodePage("cp1255", (HEBREW,), 1),
    CodePage("cp1256", (ARABIC,), 1),
    CodePage("koi8_u", CYRILLIC, 1),
    CodePage("iso8859_5", CYRILLIC, 1),
    CodePage("mac_cyrillic", CYRILLIC, 1),
    CodePage("mac_roman", WESTERN, 1),
)
"""The likeliest first: those of Windows, of DOS, of Unix, of old Macs."""
