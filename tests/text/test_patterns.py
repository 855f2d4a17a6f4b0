"""Alternatives in braces, and placeholders."""

from motiongpt.text.patterns import expand, expand_all, fill, sides_of, unique


def test_alternatives() -> None:
    assert expand("{a|the} person {quickly |}walks") == [
        "a person quickly walks",
        "a person walks",
        "the person quickly walks",
        "the person walks",
    ]
    assert expand("<Caption_Placeholder>") == ["<Caption_Placeholder>"]
    assert expand_all(["{a|b}", "{b|c}"]) == ["a", "b", "c"]
    assert unique("abba") == ["a", "b"]


def test_placeholders() -> None:
    assert (
        fill("GO to the SIDE, not the OTHER, CLOCK", "right", GO="step") == "step to the right, not the left, clockwise"
    )
    assert fill("GO forward", GO="step") == "step forward"
    # Placeholders that are named come first: what they stand for may have a side itself.
    assert fill("HOW", "left", HOW="to the SIDE") == "to the left"


def test_sides_to_fill_patterns_with() -> None:
    assert sides_of("turn SIDE", "turn") == ("left", "right")
    assert sides_of("turn around") == ("",)
