"""Groups of options. A verb takes a whole group as one parameter:

@grouped
def predict(file: MotionFile, sampling: CompletionSampling, model: ModelOptions, seed: Seed = 0) -> None: ...
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import fields
from typing import Annotated, Any, ClassVar, get_args, get_type_hints


class Group:
    """Base of the dataclasses whose fields are options: named as the arguments of calls, None when not given.

    Attributes:
        panel: title of these options in the help of a verb.
    """

    panel: ClassVar[str]

    def chosen(self) -> dict[str, Any]:
        """The options that the user gave, as keyword arguments."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @classmethod
    def parameters(cls) -> list[inspect.Parameter]:
        """The options as parameters of a function, annotated as typer expects."""
        hints = get_type_hints(cls, include_extras=True)
        return [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=cls._titled(hints[field.name]),
            )
            for field in fields(cls)  # type: ignore[arg-type]
        ]

    @classmethod
    def _titled(cls, hint: Any) -> Any:
        kind, option = get_args(hint)
        option = copy(option)
        option.rich_help_panel = cls.panel
        return Annotated[kind, option]


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Let ``verb`` take groups of options: typer sees the fields of a `Group` parameter as options of their own.

    They follow the verb's own arguments and options in its help.
    """
    hints = get_type_hints(verb, include_extras=True)
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in inspect.signature(verb).parameters.values()
    ]
    groups: dict[str, list[inspect.Parameter]] = {
        one.name: one.annotation.parameters()
        for one in own
        if isinstance(one.annotation, type) and issubclass(one.annotation, Group)
    }
    parameters = [one for one in own if one.name not in groups] + [one for group in groups.values() for one in group]

    @functools.wraps(verb)
    def call(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = hints[name](**{option.name: values.pop(option.name) for option in group})
        verb(**values)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call
