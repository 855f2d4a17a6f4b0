"""Skeletons with names that nobody has written: words of many languages in many styles, on bodies of many builds.

Every skeleton comes from one seed: one of five bodies, a language, a spelling (case, separator, place of the side, what
all names share), a number of spine joints, joints that are missing, and bones that are no joints of the body (twists,
controls, fingers, hair, tips). What is what is known, so the recognition can be marked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rigs import ABOVE, LIMB, PLACES, Rig

# Words of (left, right), then of each joint: pelvis, spine, neck, head, and LIMB in order; "|" separates synonyms.
Vocabulary = dict[str, tuple[str, str, str]]
FIRST: Vocabulary = {
    "english": (
        "left right|l r|L R|lf rt",
        "hips|pelvis|hip", "spine|chest|torso;neck;head;clavicle|shoulder|collar;upper arm|arm;forearm|lower arm|elbow;"
        "hand|wrist;thigh|up leg|upper leg;shin|calf|lower leg|knee;foot|ankle;toe|toes|ball|toe base",
    ),
    "english joints": (
        "left right|l r", "root|hips|pelvis", "abdomen|back|spine;neck;head;collar;shoulder;elbow;wrist;hip;knee;ankle;"
        "foot|toe",
    ),
    "german": (
        "links rechts|l r", "becken|hüfte", "wirbelsäule|brust|bauch;hals|nacken;kopf;schlüsselbein|schulter;oberarm;"
        "unterarm|ellbogen;hand|handgelenk;oberschenkel;unterschenkel|knie;fuß|knöchel;zehen|zehe",
    ),
    "french": (
        "gauche droite|gauche droit", "bassin", "colonne|torse|poitrine;cou;tête;clavicule|épaule;bras;"
        "avant bras|coude;main|poignet;cuisse;jambe|genou|mollet;pied|cheville;orteils|orteil",
    ),
    "spanish": (
        "izquierda derecha|izq der|l r", "pelvis|cadera", "columna|pecho|torso;cuello;cabeza;clavícula|hombro;brazo;"
        "antebrazo|codo;mano|muñeca;muslo;pantorrilla|rodilla|espinilla;pie|tobillo;dedos del pie|punta",
    ),
    "italian": (
        "sinistra destra|sx dx", "bacino|pelvis", "spina|torace|busto;collo;testa;clavicola|spalla;braccio;"
        "avambraccio|gomito;mano|polso;coscia;polpaccio|ginocchio|gamba;piede|caviglia;dita|punta",
    ),
    "japanese": (
        "左 右", "下半身|腰|骨盤",
        "上半身|胸|背骨;首;頭;肩|鎖骨;腕|上腕;ひじ|前腕|肘;手首|手;"
        "足|太もも|大腿;ひざ|すね|膝;足首;つま先",
    ),
}  # fmt: skip
SECOND: Vocabulary = {
    "latin": (
        "left right|L R|lft rgt", "pelvis|cog", "lumbar|thorax|vertebra;cervical|neck;skull|head;scapula|clavicle;"
        "humerus;radius|ulna;carpus|wrist|hand;femur;tibia;foot|ankle;toes|ball",
    ),
    "english of games": (
        "l r|left right|lt rt|Lft Rgt", "hips|pelvis|waist", "spine|body|torso|ribcage|stomach;neck;head;"
        "shoulder|collarbone|clav;bicep|up arm|upper arm;fore arm|low arm|elbow;palm|hand|fist;thigh|leg upper|femur;"
        "shank|leg lower|knee|calf;foot|ankle;toe|toe tip|ball",
    ),
    "dutch": (
        "links rechts|l r", "bekken|heup", "ruggengraat|rug|borst;nek|hals;hoofd;sleutelbeen|schouder;bovenarm;"
        "onderarm|elleboog;hand|pols;dijbeen|dij|bovenbeen;onderbeen|scheenbeen|knie;voet|enkel;tenen|teen",
    ),
    "portuguese": (
        "esquerda direita|esq dir", "quadril|bacia|pélvis", "coluna|peito|abdómen;pescoço;cabeça;clavícula|ombro;"
        "braço|úmero;antebraço|cotovelo;mão|pulso;coxa;canela|joelho|panturrilha;pé|tornozelo;dedos|ponta",
    ),
    "swedish": (
        "vänster höger", "bäcken|höft", "ryggrad|bröst|mage;nacke|hals;huvud;nyckelben|axel;överarm;underarm|armbåge;"
        "hand|handled;lår;underben|vad|knä;fot|fotled;tå|tår",
    ),
    "polish": (
        "lewa prawa|l p", "miednica|biodra", "kręgosłup|klatka|brzuch;szyja|kark;głowa;obojczyk|bark;ramię;"
        "przedramię|łokieć;dłoń|nadgarstek;udo;łydka|kolano|goleń;stopa|kostka;palce",
    ),
    "russian": (
        "левая правая|л п|лев прав", "таз", "позвоночник|грудь|живот;шея;голова;ключица;плечо;предплечье|локоть;"
        "кисть|запястье;бедро;голень|колено;стопа|ступня|лодыжка;носок|пальцы",
    ),
    "chinese": (
        "左 右", "骨盆|髋部", "脊柱|胸|腰椎|上身;颈|脖子;头|头部;锁骨|肩;上臂|大臂;前臂|小臂|肘;"
        "手|手腕;大腿;小腿|膝盖;脚|脚踝;脚趾|脚尖",
    ),
    "korean": (
        "왼쪽 오른쪽|왼 오른", "골반|엉덩이", "척추|가슴|허리;목;머리;쇄골|어깨;위팔|상완;아래팔|팔꿈치|전완;"
        "손|손목;허벅지;종아리|무릎;발|발목;발가락",
    ),
}  # fmt: skip
CASES = ("lower", "UPPER", "Title", "camel")
SEPARATORS = ("", "_", "-", ".", " ")
SHARED = (
    "",
    "",
    "",
    "mixamorig:",
    "mixamorig7:",
    "Bip01 ",
    "Character1_",
    "rig|",
    "DEF-",
    "hero_",
    "jnt_",
    "CC_Base_",
    "NPC ",
)
ENDINGS = ("", "", "", "", "_jnt", "_bone", "JNT", ".x", "_#")


@dataclass(frozen=True)
class Style:
    """How names are written. ``side`` is "before" or "after" the part."""

    case: str
    separator: str
    side: str
    start: str
    ending: str

    def name(self, words: list[str], number: int) -> str:
        """A name of some words; ``number`` is its place in the file."""
        words = [word for text in words for word in text.split() if word]
        if self.case == "UPPER":
            words = [word.upper() for word in words]
        elif self.case == "Title" or self.case == "camel":
            words = [word[:1].upper() + word[1:] for word in words]
            if self.case == "camel":
                words[0] = words[0][:1].lower() + words[0][1:]
        return self.start + self.separator.join(words) + self.ending.replace("#", f"{number:03d}")


Place = tuple[float, float, float]


def _arms_lowered(degrees: float) -> Callable[[Place], Place]:
    """The arms of a body in a T-pose turned down at the shoulders."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def place(at: Place) -> Place:
        along = abs(at[0]) - 18
        if along <= 0 or at[1] < 130:
            return at
        return (float(np.sign(at[0]) * (18 + cosine * along)), float(at[1] - sine * along), at[2])

    return place


def _stylised(at: Place) -> Place:
    """Short legs, wide shoulders, a large head."""
    x, y, z = at
    return (1.3 * x, 0.6 * y if y < 88 else y - 35 + (0.5 * (y - 145) if y > 145 else 0), z)


# The skeletons: where the joints of an adult in a T-pose are in each.
BODIES: dict[str, Callable[[Place], Place]] = {
    "adult": lambda at: at,
    "A-pose": _arms_lowered(45),
    "arms at the sides": _arms_lowered(80),
    "child in metres": lambda at: (0.006 * at[0], 0.0055 * at[1], 0.006 * at[2]),
    "stylised": _stylised,
}


def mutation(seed: int, vocabulary: Vocabulary = FIRST) -> tuple[str, Rig]:
    """A description and the skeleton of one seed."""
    rng = np.random.default_rng([seed, 14])

    def pick(options: tuple[str, ...] | list[str]) -> str:
        return str(options[int(rng.integers(len(options)))])

    language = pick(list(vocabulary))
    sides, pelvis, rest = vocabulary[language]
    spine, neck, head, *limb = rest.split(";")
    # One synonym of each part for the whole rig; collar and shoulder must differ.
    words = {part: pick(options.split("|")) for part, options in zip(LIMB, limb, strict=True)}
    words |= {"pelvis": pick(pelvis.split("|")), "neck": neck, "head": head}
    left, right = pick(sides.split("|")).split()
    case = pick(CASES)
    # Without capitals or separators only a reader of the language can tell words apart; few rigs are so.
    separator = pick(SEPARATORS) if case in ("lower", "UPPER") else pick(SEPARATORS[:2])
    style = Style(case, separator, pick(["before", "after"]), pick(SHARED), pick(ENDINGS))
    spines = int(rng.integers(1, 7))
    lost = {part for part in ("neck", "collar", "foot", "head", "wrist") if rng.random() < 0.1}
    extras = {kind for kind in ("twist", "ik", "finger", "end", "hair", "chain twist", "root") if rng.random() < 0.35}
    result = _build(rng, style, words, spine.split("|"), (left, right), spines, lost, extras)
    body = list(BODIES)[seed % len(BODIES)]
    result.places = [BODIES[body](place) for place in result.places]
    names = f"{language}, {style}, {spines} spine joints, without {lost or 'none'}, with {extras or 'none'}"
    what = f"seed {seed}: {body}, {names}"
    return what, result


def _build(
    rng: np.random.Generator,
    style: Style,
    words: dict[str, str],
    spine: list[str],
    sides: tuple[str, str],
    spines: int,
    lost: set[str],
    extras: set[str],
) -> Rig:
    """The skeleton itself."""
    result = Rig()

    def add(texts: list[str], parent: str | None, place: tuple[float, float, float]) -> str:
        name = style.name(texts, len(result.names))
        result.add(name, parent, place)
        return name

    def sided(side: str, *texts: str) -> list[str]:
        return [side, *texts] if style.side == "before" else [*texts, side]

    top = add(["root" if words["pelvis"] != "root" else "world"], None, (0, 0, 0)) if "root" in extras else None
    pelvis = add([words["pelvis"]], top, PLACES["pelvis"])
    result.truth["pelvis"] = pelvis
    chest = pelvis
    one = spine[int(rng.integers(len(spine)))]
    for i in range(spines):
        # Numbered from 0, 1 or 01, the first one often without a number.
        number = "" if i == 0 and rng.random() < 0.5 else f"{i + 1}"
        chest = add([one, number] if number else [one], chest, (0, 95 + 40 * (i + 1) / (spines + 1), -1))
        result.trunk.append(chest)
    above = chest
    for part in ("neck", "head"):
        if part not in lost:
            above = add([words[part]], above, PLACES[part])
            result.truth[part] = above
    if "hair" in extras:
        add(["hair", "1"], above, (0, 170, -5))
    order = [("left", sides[0], 1), ("right", sides[1], -1)]
    if rng.random() < 0.5:
        order.reverse()
    for side, word, sign in order:
        names: dict[str, str] = {}
        for part in LIMB:
            if part in lost:
                continue
            over = names.get(ABOVE.get(part, ""), "") or (chest if part in ("collar", "shoulder") else pelvis)
            x, y, z = PLACES[part]
            if part in ("elbow", "knee") and "chain twist" in extras:
                px, py, pz = result.places[result.names.index(over)]
                middle = ((px + sign * x) / 2, (py + y) / 2, (pz + z) / 2)
                over = add(sided(word, words[ABOVE[part]], "twist"), over, middle)
            names[part] = add(sided(word, words[part]), over, (sign * x, y, z))
            result.truth[f"{side}_{part}"] = names[part]
            if part in ("shoulder", "hip") and "twist" in extras:
                add(sided(word, words[part], "roll"), names[part], (sign * x, y, z))
        if "finger" in extras and "wrist" in names:
            for finger in ("thumb", "index"):
                knuckle = add(sided(word, finger, "1"), names["wrist"], (sign * 78, 143, 2))
                add(sided(word, finger, "2"), knuckle, (sign * 82, 143, 2))
        if "ik" in extras:
            for part in [one for one in ("ankle", "wrist") if one in names]:
                x, y, z = PLACES[part]
                add(sided(word, words[part], "ik"), top or pelvis, (sign * x, y, z))
        if "end" in extras and "foot" in names:
            add([*sided(word, words["foot"]), "end"], names["foot"], (sign * 10, 1, 18))
    if len(set(result.names)) < len(result.names):
        raise ValueError(f"two joints of one name: {sorted(result.names)}")
    return result
