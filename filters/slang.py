"""What English chat says for the words it may not say: clippings, blends and spellings by dialect that no rule derives.

From common knowledge; Wiktionary has most of them under "alternative forms" of the root. A form that is an everyday
word of its own in some language (ho, homo, pedo, puss) is left out.
"""

from __future__ import annotations

SLANG = {
    "asshole": "ahole asshat asswipe",
    "bastard": "barstard basterd bastid bastud baztad baztard",
    "bitch": "beyotch biatch biotch bish bishes biznatch bizatch bizzatch btch byotch",
    "bollocks": "ballocks bollix bollox bollucks bollux",
    "bullshit": "bullcrap bullshyt",
    "clitoris": "clitty clits",
    "cock": "cawk cawks cocc coccs coks",
    "cunt": "cnut cnuts kunts",
    "dick": "dicc diccs diks dikhead dikheads",
    "ejaculate": "ejakulate",
    "ejaculation": "ejakulation",
    "faggot": "fagets faggit faggits faggort faggott fagit fagits fagget faggets fagort fagz phag phags",
    "fuck": "effed effing feck fecker feckers fecking fkd fked fker fkers fkin fking fkker fkkers fkn fuq fugly fuxk",
    "homosexual": "homos homoz",
    "jiggaboo": "jigaboo jigaboos jigga jiggas zigaboo zigaboos",
    "knob": "knobend knobends knobhead knobheads nobend nobhead nobheads nobjockey nobjockeys",
    "masturbate": "masterb8 masturb8",
    "masturbation": "masturb8ion masturb8n",
    "motherfucker": "mfer mfers mfker mfkers mofo mofoe mofoes mofos mofucker mofuckers muhfucka muhfugga",
    "nigger": "nicca niccas nigg niggah niggahs niggaz niglet niglets nigs nigz niqqa niqqas niqqer niqqers",
    "nigga": "nicca niccas niggah niggahs niggaz nigs nigz niqqa niqqas",
    "paki": "pakis pakkis",
    "pedophile": "paedo paedos pdfile pdfiles pedofile pedofiles pedos pedoz",
    "paedophile": "paedo paedos pdfile pdfiles paedofile paedofiles pedos pedoz",
    "penis": "peen peens penor penors",
    "pussy": "poosy poonani punani",
    "rape": "raep raeped raeping",
    "retard": "libtard libtards rtard rtards tards",
    "shit": "shiet shieet sheit shyt shyte shite shites",
    "slut": "sloots slutz",
    "tits": "tiddies titties",
    "vagina": "vajayjay vajayjays",
    "wank": "wanka wankas wnk wnker wnkers",
    "whore": "hooer hooers whoar whoars whor whors",
}
"""The forms of each root, parted by spaces."""

TEXTED = {"u": "you", "ya": "you", "ur": "your", "yr": "your", "urself": "yourself", "yaself": "yourself"}
"""How words that stand in phrases are written by those in a hurry."""
