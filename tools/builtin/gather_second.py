"""Look the tables' values up in a second source: `python tools/builtin/gather_second.py SHARED_DATA`.

Writes `second/gathered.tsv`: for each value, what another reference says, in that reference's own words, and its name.
`second/read.tsv` holds what was read by eye from lists that no program here can open; `second/README.md` names every
source. Needs the packages countryinfo, country_converter, us, periodictable, chemicals, pint, inflect, babel and
jplephem, Debian's wordnet-base and dict-freedict-eng-{spa,fra,deu}, and the folder of public data sets. A value that a
source does not hold is left out here, and its statement is then dropped by `make_facts.py`.
"""

from __future__ import annotations

import base64
import calendar
import csv
import gzip
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from make_facts import HERE, read_table

WORDNET = Path("/usr/share/wordnet")
FREEDICT = Path("/usr/share/dictd")
Finding = tuple[str, str, str, str, str]
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]


def countries() -> Iterator[Finding]:
    """Capitals, currencies and languages of `countryinfo`, codes spelled out by `babel`; continents of another list."""
    from babel import Locale
    from countryinfo import CountryInfo

    english, folder = Locale("en"), Path(find_spec("country_converter").origin).parent
    with (folder / "country_data.tsv").open(encoding="utf-8", newline="") as file:
        continents = {row["name_short"]: row["Continent_7"] for row in csv.DictReader(file, delimiter="\t")}
    for row in read_table("countries"):
        info = CountryInfo(row["entity"])
        said = {
            "capital": info.capital(),
            "currency": "; ".join(english.currencies.get(code, code) for code in info.currencies()),
            "language": "; ".join(english.languages.get(code, code) for code in info.languages()),
        }
        for column, value in said.items():
            if column in row:
                yield "countries", column, row["entity"], value, "countryinfo 1.0.1"
        if "continent" in row:
            name = {"Turkey": "Türkiye"}.get(row["entity"], row["entity"])
            yield "countries", "continent", row["entity"], continents[name], "country_converter 1.3.2"


def states() -> Iterator[Finding]:
    """Capitals of the US states."""
    import us

    for row in read_table("states"):
        state = us.states.lookup(row["entity"])
        yield "states", "capital", row["entity"], state.capital, "us 4.0.0"


def elements() -> Iterator[Finding]:
    """Symbols and atomic numbers."""
    import periodictable

    american = {"aluminium": "aluminum", "caesium": "cesium"}
    for row in read_table("elements"):
        element = periodictable.elements.name(american.get(row["entity"], row["entity"]))
        yield "elements", "symbol", row["entity"], element.symbol, "periodictable 2.1.0"
        yield "elements", "number", row["entity"], str(element.number), "periodictable 2.1.0"


def compounds() -> Iterator[Finding]:
    """Formulas by name."""
    from chemicals import search_chemical

    for row in read_table("compounds"):
        yield "compounds", "formula", row["entity"], search_chemical(row["entity"]).formula, "chemicals 1.5.2"


def moons() -> Iterator[Finding]:
    """Planets of moons, by the hundreds of the identifiers that NASA's NAIF gives to bodies."""
    from jplephem.names import target_names

    planets = {3: "Earth", 4: "Mars", 5: "Jupiter", 6: "Saturn", 7: "Uranus", 8: "Neptune"}
    bodies = {name.upper(): number for number, name in target_names.items() if 300 < number < 900}
    for row in read_table("moons"):
        number = bodies.get(row["entity"].upper())
        if number:
            yield "moons", "planet", row["entity"], planets[number // 100], "NASA NAIF identifiers, jplephem"


def units() -> Iterator[Finding]:
    """Counts that are conversions of units."""
    import pint

    registry = pint.UnitRegistry()
    numbers = {"a": 1, "an": 1, "two": 2, "three": 3, "five": 5, "half a": 0.5}
    names = {"avoirdupois pound": "pound", "tonnes": "metric_ton", "right angle": "0.25 turn", "full circle": "turn"}
    names |= {"half turn": "0.5 turn", "feet": "foot", "inches": "inch", "days": "day", "weeks": "week"}
    for row in read_table("counts"):
        found = re.fullmatch(r"(\w+) in (half a|an|a|two|three|five) (.+)", row["entity"])
        if not found:
            continue
        one, many, other = found.groups()
        try:
            ratio = (numbers[many] * registry(names.get(other, other))).to(names.get(one, one)).magnitude
        except pint.errors.PintError:
            continue
        yield "counts", "count", row["entity"], f"{ratio:.6g}", "pint 0.25.3"


def order() -> Iterator[Finding]:
    """Months and days of the week."""
    months, days = list(calendar.month_name)[1:], list(calendar.day_name)
    for i, month in enumerate(months):
        yield "months", "order", month, ORDINALS[i], "Python's calendar"
        if i < 11:
            yield "months", "next", month, months[i + 1], "Python's calendar"
    for i, day in enumerate(days):
        yield "weekdays", "next", day, days[(i + 1) % 7], "Python's calendar"


def cities(shared: Path) -> Iterator[Finding]:
    """Countries of cities."""
    with (shared / "geometry-of-truth" / "cities.csv").open(encoding="utf-8") as file:
        known = {row["city"]: row["correct_country"] for row in csv.DictReader(file)}
    for row in read_table("cities"):
        if row["entity"] in known:
            yield "cities", "country", row["entity"], known[row["entity"]], "Geometry of Truth, cities"
        else:
            yield from by_gloss("cities", "country", row, row["entity"], row["country"].removeprefix("the "))


@cache
def wordnet() -> tuple[dict[str, list[str]], dict[str, tuple[list[str], str, list[tuple[str, str]]]]]:
    """Return WordNet 3.0 as synsets of each word, and words, gloss and pointers of each synset."""
    of_word, synsets = defaultdict(list), {}
    for pos, letter in (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")):
        for line in (WORDNET / f"data.{pos}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition("|")
            parts = head.split()
            count = int(parts[3], 16)
            words = [re.sub(r"\(.*\)", "", parts[4 + 2 * i]).replace("_", " ").lower() for i in range(count)]
            rest = parts[5 + 2 * count :]
            pointers = [(rest[i], rest[i + 2] + rest[i + 1]) for i in range(0, 4 * int(parts[4 + 2 * count]), 4)]
            synsets[letter + parts[0]] = (words, gloss.strip(), pointers)
            for word in words:
                of_word[word].append(letter + parts[0])
    return dict(of_word), synsets


def by_gloss(table: str, column: str, row: dict[str, str], word: str, needle: str) -> Iterator[Finding]:
    """Yield the value when a gloss of `word` holds `needle`."""
    of_word, synsets = wordnet()
    for name in of_word.get(plain(word), []):
        if re.search(rf"\b{re.escape(needle.lower())}", synsets[name][1].lower()):
            yield table, column, row["entity"], row[column], f"WordNet 3.0: {plain(word)}"
            return


def plain(text: str) -> str:
    """Return `text` in lower case and without accents, as WordNet has its words."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def above(name: str) -> set[str]:
    """Return the words of every synset above `name`."""
    _, synsets = wordnet()
    found, left = set(), [name]
    while left:
        words, _, pointers = synsets[left.pop()]
        found.update(words)
        left += [to.replace("s", "a") for kind, to in pointers if kind in ("@", "@i")]
    return found


def classes() -> Iterator[Finding]:
    """Classes of animals, families of instruments and professions: what stands above them in WordNet."""
    import inflect

    engine, (of_word, _) = inflect.engine(), wordnet()
    families = {"string": "stringed instrument", "percussion": "percussion instrument", "molluscs": "mollusk"}
    for table, column in (("animals", "class"), ("instruments", "family"), ("people", "profession")):
        for row in read_table(table):
            entity, value = plain(row["entity"]), row[column]
            names = [entity, engine.singular_noun(entity) or entity, "kettledrum" if "timpani" in entity else entity]
            wanted = families.get(value, engine.singular_noun(value) or value)
            places = [name for word in names for name in of_word.get(word, []) if wanted in above(name)]
            if places:
                yield table, column, row["entity"], value, f"WordNet 3.0: {wanted}"
            elif table == "people":
                yield from by_gloss(table, column, row, row["entity"], value)


def named() -> Iterator[Finding]:
    """Young animals, gods and shapes, by their glosses."""
    for row in read_table("young"):
        yield from by_gloss("young", "young", row, row["young"], row["entity"])
    for row in read_table("gods"):
        yield from by_gloss("gods", "counterpart", row, row["counterpart"], f"counterpart of Greek {row['entity']}")
    words = ["three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    for row, count in zip(read_table("polygons"), words, strict=True):
        yield from by_gloss("polygons", "sides", row, row["entity"], f"{count}-sided")


def opposites() -> Iterator[Finding]:
    """Antonyms."""
    of_word, synsets = wordnet()
    for row in read_table("opposites"):
        for name in of_word.get(row["entity"], []):
            others = [synsets[to.replace("s", "a")][0] for kind, to in synsets[name][2] if kind == "!"]
            if any(row["opposite"] in words for words in others):
                yield "opposites", "opposite", row["entity"], row["opposite"], "WordNet 3.0: antonyms"
                break


def forms() -> Iterator[Finding]:
    """Irregular plurals and past tenses; regular plurals by rule."""
    import inflect

    engine = inflect.engine()
    for table, column, name in (("plurals", "plural", "noun"), ("pasts", "past", "verb")):
        lines = (WORDNET / f"{name}.exc").read_text(encoding="utf-8").split("\n")
        known = {tuple(line.split()[:2]) for line in lines if line}
        for row in read_table(table):
            if (row[column], row["entity"]) in known:
                yield table, column, row["entity"], row[column], f"WordNet 3.0: {name} exceptions"
            elif table == "plurals":
                yield table, column, row["entity"], engine.plural_noun(row["entity"]), "inflect 7.6.0"


def words() -> Iterator[Finding]:
    """Translations, by FreeDict's dictionaries from English."""
    for column, code in (("Spanish", "spa"), ("French", "fra"), ("German", "deu")):
        text = gzip.decompress((FREEDICT / f"freedict-eng-{code}.dict.dz").read_bytes())
        entries = defaultdict(list)
        for line in (FREEDICT / f"freedict-eng-{code}.index").read_text(encoding="utf-8").splitlines():
            word, start, length = line.split("\t")[:3]
            entries[word.lower()].append((_number(start), _number(length)))
        for row in read_table("words"):
            said = " ".join(text[a : a + n].decode("utf-8", "replace") for a, n in entries.get(row["entity"], []))
            value = row.get(column)
            if value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said):
                yield "words", column, row["entity"], value, f"FreeDict English-{column}"


def _number(text: str) -> int:
    """Return a number of a dictd index: base 64, digits A-Z a-z 0-9 + /."""
    digits = "".join(chr(c) for c in range(65, 91)) + "".join(chr(c) for c in range(97, 123)) + "0123456789+/"
    assert len(digits) == len(base64.b64encode(bytes(48))) == 64
    total = 0
    for character in text:
        total = total * 64 + digits.index(character)
    return total


ALL: tuple[Callable[[], Iterator[Finding]], ...] = (
    countries,
    states,
    elements,
    compounds,
    moons,
    units,
    order,
    classes,
    named,
    opposites,
    forms,
    words,
)


def main(shared: Path) -> None:
    """Write what was found, sorted."""
    found = sorted({finding for gather in (*ALL, lambda: cities(shared)) for finding in gather()})
    with (HERE / "second" / "gathered.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["table", "column", "entity", "value", "source"])
        writer.writerows(found)
    print(f"{len(found)} values of {len({f[0] for f in found})} tables", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
