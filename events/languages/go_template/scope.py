"""The variables of one template while it is read: which are in sight, and where a run keeps them."""

from __future__ import annotations

UNDEFINED = -1
"""The slot of a name that has no value where it is used: in its own declaration, or after a body that did not run."""


class Scope:
    """What the parser knows of the template that it is in.

    Each declaration has its own slot, so a run needs no search by name. `loops` counts the `range` blocks around,
    `deepest` is the deepest nesting seen and `called` the functions named.
    """

    def __init__(self) -> None:
        self._names = ["$"]
        self._slots: dict[str, list[int]] = {"$": [0]}
        self.slots = 1
        self.loops = 0
        self.deepest = 0
        self.called: set[str] = set()

    def mark(self) -> int:
        """Where to release to."""
        return len(self._names)

    def release(self, mark: int) -> None:
        """Forget the variables declared since."""
        while len(self._names) > mark:
            self._slots[self._names.pop()].pop()

    def hide(self, mark: int) -> None:
        """What was declared since has not run where we are now, in an `else`: its names stay, its values do not."""
        names = self._names[mark:]
        self.release(mark)
        for name in names:
            self.announce(name)

    def find(self, name: str) -> int | None:
        """The slot of a variable; None when the name is not in sight."""
        slots = self._slots.get(name)
        if not slots:
            return None
        if slots[-1] == UNDEFINED and len(slots) > 1:  # never two of them in a row
            return slots[-2]
        return slots[-1]

    def announce(self, name: str) -> None:
        """A declaration begins: the name may be used in it, but has no value yet."""
        if self._slots.get(name, [0])[-1:] != [UNDEFINED]:
            self._push(name, UNDEFINED)

    def settle(self, name: str, *, assign: bool) -> int:
        """A declaration or an assignment is read: the slot that it fills."""
        slot = self.find(name)
        if not assign:
            slot = self.slots
            self.slots += 1
            self._push(name, slot)
        return UNDEFINED if slot is None else slot

    def _push(self, name: str, slot: int) -> None:
        self._names.append(name)
        self._slots.setdefault(name, []).append(slot)
