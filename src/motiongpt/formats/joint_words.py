"""What the name of a joint says: its side, its place in the body, and whether it is a joint of the body at all.

A name is cut into words at separators, capitals and digits, and words without any of these by the vocabulary
("lshldrbend" is l, shldr, bend). What most names of a rig share at their beginning or end, namespaces, and running
numbers are left out. Words are English, German, Dutch, French, Spanish, Italian, Portuguese, Swedish, Polish,
Russian, Japanese, Chinese and Korean.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

# Words of each meaning: a side, a modifier ("upper"), a key of PARTS, or a kind of name that is no joint of the body.
_WORDS = {
    "left": "lewa lewy lewe left lft lt links linke linker linkes gauche izquierda izquierdo izq sinistra "
    "sinistro sx esquerda esquerdo esq vanster левый левая левое лев 左 왼쪽 왼",
    "right": "prawa prawy prawe right rgt rt rechts rechte rechter rechtes droite droit derecha derecho der "
    "destra destro dx direita direito dir hoger правый правая правое прав 右 오른쪽 오른",
    "upper": "upper up ober oberer boven over superior upr",
    "lower": "lower low lo lwr unter onder under inferior fore",
    "pelvis": "miednica biodra bacia quadris backen 骶 hips pelvis becken bekken bassin bacino cog fianchi "
    "таз 骨盤 骨盆 下半身 臀 골반",
    "hip": "hip huft hufte huefte heup hanche cadera anca quadril hoft 髋 腰",
    "hipjoint": "hipjoint buttock",
    "spine": "kregoslup klatka brzuch mage stomach vertebrae живот 上身 腰椎 椎 躯干 몸통 spine spina chest "
    "torso thorax torax abdomen abdominal ab belly waist back ribs ribcage rib sternum lumbar vertebra trunk "
    "wirbelsaule wirbelsaeule ruckgrat rueckgrat ruecken rucken brust bauch colonne poitrine torse dos taille "
    "ventre columna pecho cintura espalda colonna schiena petto torace busto vita coluna peito ryggrad rygg "
    "brost ruggengraat rug borst позвоночник спина грудь 上半身 背骨 脊柱 脊椎 胸 腹 척추 가슴 허리 spn",
    "neck": "szyja kark neck nck hals nacken nek cou nuque cuello collo pescoco nacke cervical шея 首 颈 頸 "
    "脖子 목",
    "head": "glowa skalle head skull kopf hoofd tete cabeza testa cabeca huvud голова 頭 头 머리",
    "face": "face",
    "leg": "leg legs bein been jambe pierna gamba perna ben нога 다리",
    "thigh": "udo thigh upleg upperleg femur thighbend oberschenkel bovenbeen dij cuisse muslo coscia coxa "
    "lar overben bedro бедро 大腿 太もも 허벅지",
    "shin": "lydka goleni underben smalben scheenbeen shin calf lowleg loleg lowerleg foreleg tibia crus "
    "knee shank kne unterschenkel onderbeen scheen kuit wade knie genou mollet pantorrilla espinilla rodilla "
    "polpaccio stinco ginocchio canela panturrilha joelho kna голень колено 膝 ひざ すね 小腿 下腿 종아리 "
    "무릎",
    "ankle": "kostka ankle ankel knochel knoechel enkel cheville tobillo caviglia tornozelo fotled лодыжка "
    "足首 踝 脚踝 발목",
    "foot": "stopa fod foot feet fuss voet pied pie piede pe fot стопа ступня 脚 발",
    "ashi": "足",
    "toe": "palce dedos ponta toe toes toebase ball zeh zehe zehen teen tenen orteil orteils dedosdelpie "
    "dedospie dedo punta dita tar ta носок пальцы つま先 足先 脚趾 脚尖 발가락",
    "collar": "obojczyk clavicle collar collarbone clav scapula schlusselbein schluesselbein sleutelbeen "
    "clavicule clavicula clavicola nyckelben ключица 鎖骨 锁骨 쇄골",
    "shoulder": "bark shoulder schulter schouder epaule hombro spalla ombro axel 肩 어깨",
    "upperarm": "ramie umero omero upperarm uparm humerus shldr bicep biceps oberarm bovenarm overarm плечо "
    "上腕 上臂 大臂 腕 위팔 상완",
    "arm": "arm bras brazo braccio braco рука 臂 팔",
    "forearm": "przedramie lokiec forearm lowarm loarm lowerarm elbow radius ulna unterarm onderarm "
    "ellbogen ellenbogen elleboog avantbras avant coude antebrazo codo avambraccio gomito antebraco cotovelo "
    "underarm armbage предплечье локоть 肘 ひじ 前腕 前臂 小臂 아래팔 전완 팔꿈치",
    "wrist": "nadgarstek carpus wrist handgelenk pols poignet muneca polso pulso handled запястье 手首 手腕 "
    "손목",
    "hand": "dlon hand hands palm fist main mano mao кисть 手 손",
    "helper": "ik fk ctrl ctl control controller target pole twist roll helper mch org vis tweak master "
    "socket slot handle jiggle phys physics breast bust boob pectoral pec skirt hair eye eyes jaw mouth lip "
    "tongue ear ears teeth cheek brow nose cloth cape wing weapon sword shield gun prop aux dummy attach "
    "muscle glute corrective correction share volume scale offset space constraint driver heel trg mesh skin "
    "geo marker hat helmet braid ribbon collider bank drvr buffer locator null ponytail eyelid eyebrow "
    "rollbone twistbone ＩＫ 捩 親 スカート 髪 目 helperbone",
    "finger": "thumb index middle ring pinky little finger fingers mid metacarpal meta digit pouce pulgar "
    "pollice daumen zeigefinger mittelfinger ringfinger indexfinger carpal 指 親指 手指",
    "end": "end nub leaf tip site effector endsite endeffector endbone",
    "animal": "paw hoof hind rear front frontleg hindleg rearleg forelimb muzzle snout tail fin flipper "
    "tentacle wingtip foreleg pastern fetlock cannon",
    "noise": "base bend joint jnt jt bone bones bn bip biped skel skeleton rig mixamorig root def deform "
    "armature human character body model bind pivot node anim",
}  # fmt: skip
_VOCABULARY = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
_LONGEST = max(map(len, _VOCABULARY))
# Short words count only where they stand alone.
_ALONE = {"ab", "pe", "ta", "lo", "der", "dir", "esq", "ik", "fk", "ben", "pie", "geo", "org", "def", "bn", "jt"}
_ALONE |= {
    "bark",
    "rib",
    "rig",
    "vad",
    "tar",
    "ear",
    "lip",
    "lt",
    "rt",
    "sx",
    "dx",
    "end",
    "tip",
    "fin",
    "pec",
    "dij",
    "cou",
}
_ALONE |= {"dos", "main", "rug", "dita", "coxa", "anca", "vita", "nub", "over", "hat", "gun", "eye", "mid"}

_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE"})

# Scores of the places in the body that a name may mean; topology decides between them.
PARTS: dict[str, dict[str, float]] = {
    "pelvis": {"pelvis": 1.0},
    "hip": {"hip": 0.8, "pelvis": 0.85},
    "hipjoint": {"hip": 0.5},
    "spine": {"spine": 1.0},
    "neck": {"neck": 1.0},
    "head": {"head": 1.0},
    "face": {"head": 0.4},
    "leg": {"knee": 0.8, "hip": 0.75, "ankle": 0.35},
    "thigh": {"hip": 1.0},
    "shin": {"knee": 1.0},
    "ankle": {"ankle": 1.0},
    "foot": {"ankle": 0.9, "foot": 0.6},
    "ashi": {"hip": 0.8, "ankle": 0.7},
    "toe": {"foot": 1.0},
    "collar": {"collar": 1.0},
    "shoulder": {"shoulder": 0.75, "collar": 0.7},
    "upperarm": {"shoulder": 1.0},
    "arm": {"shoulder": 0.85, "elbow": 0.4, "wrist": 0.2},
    "forearm": {"elbow": 1.0},
    "wrist": {"wrist": 1.0},
    "hand": {"wrist": 0.9},
}
# Words that say most, first: "handgelenk" beats "hand", "toe" beats "foot" in "FootToe".
_STRONGEST = (
    "toe", "ankle", "wrist", "foot", "forearm", "upperarm", "collar", "shoulder", "shin", "thigh", "hand", "arm", "leg",
    "ashi", "head", "neck", "face", "hipjoint", "hip", "spine", "pelvis",
)  # fmt: skip
# The tip of a bone is the next joint.
_TIPS = {"ankle": "foot", "foot": "foot", "knee": "ankle", "elbow": "wrist", "neck": "head"}


@dataclass(frozen=True)
class Label:
    """What a name says.

    Attributes:
        side: "left", "right" or "" where the name does not tell.
        parts: places in the body that it may mean, with a score up to 1.
        helper: no joint of the body: a control, twist, finger, tip, hair, weapon and the like.
        animal: it names a part that people do not have.
    """

    side: str = ""
    parts: dict[str, float] = field(default_factory=dict)
    helper: bool = False
    animal: bool = False


def plain(name: str) -> str:
    """A name without case, namespace, accents and width of letters."""
    name = unicodedata.normalize("NFKD", re.split(r"[:|]", name)[-1].translate(_LETTERS))
    return unicodedata.normalize("NFKC", re.sub("[\u0300-\u036f]", "", name))


@lru_cache(maxsize=4096)
def _split(word: str) -> tuple[str, ...]:
    """A word in lower case as known words; unknown ones are kept whole, between them.

    "l" and "r" are sides at the beginning or end of a word that is known otherwise.
    """
    if word in _VOCABULARY or (len(word) < 3 and word.isascii()):
        return (word,)
    if word.isascii() and len(word) > 40:
        return (word,)
    for side, rest in ((word[0], word[1:]), (word[-1], word[:-1])):
        if side in "lr" and rest in _VOCABULARY and rest not in _ALONE:
            return (side, rest)
    # best[i]: letters that are unknown in word[:i], number of pieces, and the pieces
    best: list[tuple[int, int, tuple[str, ...]]] = [(0, 0, ())]
    for i in range(1, len(word) + 1):
        unknown, count, pieces = best[i - 1]
        options = [(unknown + 1, count + 1, (*pieces, word[i - 1]))]
        for j in range(max(0, i - _LONGEST), i):
            piece = word[j:i]
            if piece in _VOCABULARY and (piece not in _ALONE):
                unknown, count, pieces = best[j]
                options.append((unknown, count + 1, (*pieces, piece)))
        best.append(min(options, key=lambda option: option[:2]))
    unknown, _, pieces = best[-1]
    ends = {pieces[0], pieces[-1]} & {"l", "r"}
    letters = "".join(piece for piece in pieces if piece not in _VOCABULARY)
    if not unknown or (len(letters) == 1 and ends) or unknown <= len(word) // 2:
        sure = len(letters) <= 2
        return tuple(piece for piece in pieces if piece in _VOCABULARY or (sure and piece in "lruf"))
    return (word,)


def tokens(name: str) -> list[str]:
    """The words and numbers of a name, in lower case."""
    cut = re.sub(r"([a-z])([A-Z])", r"\1 \2", plain(name))
    cut = re.sub(r"([A-Z])([A-Z][a-z])", r"\1 \2", cut)
    cut = re.sub(r"([A-Za-z]+|\d+)", r" \1 ", cut)
    result: list[str] = []
    for word in re.sub(r"[\W_]+", " ", cut).lower().split():
        result += [word] if word.isdigit() else list(_split(word))
    return result


def _common(names: Sequence[str], most: float) -> str:
    """The longest beginning that this share of the names have."""
    common = ""
    while True:
        longer = Counter(name[: len(common) + 1] for name in names if len(name) > len(common) + 1)
        longer = Counter({start: count for start, count in longer.items() if start.startswith(common)})
        if not longer or longer.most_common(1)[0][1] < most * len(names):
            return common
        common = longer.most_common(1)[0][0]


def strip(names: Sequence[str]) -> list[str]:
    """Names without what most of them share: namespace, prefix, suffix, running number."""
    result = [re.sub(r"(?i)^mixamorig\d*[:_]?", "", plain(name)) for name in names]
    if len(result) < 8:
        return result
    numbers = [match.group(1) for name in result if (match := re.search(r"[_\-. ](\d+)$", name))]
    if len(numbers) > 0.6 * len(names) and len(set(numbers)) > 0.8 * len(numbers):
        result = [re.sub(r"[_\-. ]\d+$", "", name) for name in result]
    numbers = [match.group(0) for name in result if (match := re.match(r"\d+(?=[_\-. ])", name))]
    if len(numbers) > 0.6 * len(names):
        result = [re.sub(r"^\d+[_\-. ]+", "", name) for name in result]
    for suffix in (False, True):
        bodies = [name for name in result if not name.endswith(" end")]
        shared = _common([name[::-1] if suffix else name for name in bodies], 0.75)
        if not shared:
            continue
        # What all share may be a letter of their words, too: cut where most words are known, as far out as that goes.
        cuts = [(shared[:length][::-1] if suffix else shared[:length]) for length in range(len(shared) + 1)]
        known = [_telling([_without(name, cut, suffix) for name in bodies[:80]]) for cut in cuts]
        cut = cuts[max(range(len(cuts)), key=lambda length: (known[length], length))]
        result = [_without(name, cut, suffix) for name in result]
    return result


def _telling(names: Sequence[str]) -> int:
    """Number of words in names that say a side or a place in the body, without those that most names have."""
    said = Counter(
        word
        for name in names
        for word in set(tokens(name))
        if _VOCABULARY.get(word, "noise") != "noise" or word in ("l", "r")
    )
    return sum(count for count in said.values() if count < 0.75 * len(names))


def _without(name: str, shared: str, suffix: bool) -> str:
    """A name without the shared prefix or suffix, also before the " end" of an End Site."""
    body, end = (name[:-4], " end") if name.endswith(" end") else (name, "")
    rest = body.removesuffix(shared) if suffix else body.removeprefix(shared)
    return (rest or body) + end


@lru_cache(maxsize=4096)
def label(name: str) -> Label:
    """What one name says; what a rig shares is stripped from it before (see :func:`strip`)."""
    words = tokens(name)
    meanings = [_VOCABULARY.get(word, word) for word in words]
    side = ""
    for i, (word, meaning) in enumerate(zip(words, meanings, strict=True)):
        if meaning in ("left", "right"):
            side = meaning
        elif re.fullmatch("[lr][ulf]?", word) and not side:
            side = "left" if word[0] == "l" else "right"
            # LUArm, LLLeg; in LFArm the order on the limb tells.
            meanings[i] = {"u": "upper", "l": "lower"}.get(word[1:], "")
        elif word == "u":
            meanings[i] = "upper"
    said = set(meanings)
    end = "end" in said
    animal = "animal" in said
    part = next((meaning for meaning in _STRONGEST if meaning in said), "")
    if part == "hip" and "joint" in words:
        part = "hipjoint"
    if not side and "spine" in said:  # "SpineShoulder", "MiddleSpine"
        part, said = "spine", said - {"finger"}
    # "Twist" and "roll" bones lie along a limb, but the neck of Character Creator is "NeckTwist01".
    helper = "finger" in said or (
        "helper" in said and not (part in ("neck", "spine") and "twist" in words and not side)
    )
    if part == "arm" and said & {"upper", "lower"}:
        part = "upperarm" if "upper" in said else "forearm"
    elif part == "leg" and said & {"upper", "lower"}:
        part = "thigh" if "upper" in said else "shin"
    parts = {} if helper else dict(PARTS.get(part, {}))
    if end and not helper:
        parts = {_TIPS[place]: 0.4 * score for place, score in parts.items() if place in _TIPS}
        helper = not parts
    if side:
        parts.pop("pelvis", None)
    elif part == "hip":
        parts["hip"] = 0.4
    return Label(side, parts, helper, animal)


def labels(names: Sequence[str]) -> list[Label]:
    """What the names of a rig say, together."""
    return [label(name) for name in strip(names)]
