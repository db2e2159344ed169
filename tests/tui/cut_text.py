"""Looks over a screen for what a person could not read or reach: text that is cut, widgets covered or outside, keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Input, Static
from textual.widgets._footer import FooterKey

from tests.tui.wizards import painted, until
from vmm_wizard.tui.widgets.choice import Choice
from vmm_wizard.wizard.actions import ACTIONS


def faults(screen: Screen[object]) -> list[str]:
    """A sentence for each thing that is wrong; empty for a good screen."""
    shown = [widget for widget in screen.query("*").results(Widget) if widget.is_on_screen or widget.region]
    return [
        *(fault for widget in shown if visible(widget) for fault in of_widget(widget)),
        *ellipses(screen),
    ]


def visible(widget: Widget) -> bool:
    return bool(widget.region) and all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))


def of_widget(widget: Widget) -> Iterator[str]:
    """What is wrong with one of them."""
    name = f"{type(widget).__name__} {widget.id or ''} of {widget.parent}"
    if isinstance(widget, Static | Choice) and type(widget).__name__ not in ("HelpPanel",):
        size = widget.content_size
        needed = widget.get_content_height(size, size, size.width)
        if needed > size.height and not scrolls(widget):
            yield f"{name}: {needed} lines in {size.height}: {str(widget.render())[:70]!r}"
    if isinstance(widget, Choice):
        wide = max(len(line) for line in str(widget.render()).splitlines())
        if wide > widget.content_size.width:
            yield f"{name}: its words are wider than it is"
    if isinstance(widget, Button) and len(str(widget.label)) > widget.content_size.width:
        yield f"{name}: {widget.label!s} is wider than the button"
    if isinstance(widget, Input) and not widget.value and len(widget.placeholder) > widget.content_size.width:
        yield f"{name}: its example {widget.placeholder!r} is wider than it is"
    if isinstance(widget, FooterKey) and widget.region.right > widget.screen.size.width:
        yield f"{name}: {widget.description} stands outside"
    yield from outside(widget, name)


def scrolls(widget: Widget) -> bool:
    return widget.allow_vertical_scroll


def outside(widget: Widget, name: str) -> Iterator[str]:
    """A widget that sticks out of what holds it can be seen only where that scrolls."""
    holder = widget.parent
    if not isinstance(holder, Widget) or widget.styles.dock != "none" or isinstance(widget, FooterKey):
        return
    inside: Region = holder.region
    region = widget.region
    if not holder.allow_vertical_scroll and (region.y < inside.y or region.bottom > inside.bottom):
        yield f"{name}: sticks out of {holder}: rows {region.y} to {region.bottom} of {inside.y} to {inside.bottom}"
    if not holder.allow_horizontal_scroll and (region.x < inside.x or region.right > inside.right):
        yield f"{name}: sticks out of {holder}: columns {region.x} to {region.right} of {inside.x} to {inside.right}"


def ellipses(screen: Screen[object]) -> Iterator[str]:
    """What Textual cuts by itself ends in an ellipsis; our sentences have three full stops."""
    for strip in painted(screen):
        if "…" in strip.text:
            yield f"cut: {strip.text.strip()!r}"


def deaf(screen: Screen[object]) -> list[str]:
    """What scrolls, and neither takes keys nor holds anything that does."""
    return [
        f"{widget} scrolls, and no key does it"
        for widget in screen.query("*").results(Widget)
        if visible(widget) and widget.allow_vertical_scroll and not heard(widget)
    ]


def heard(widget: Widget) -> bool:
    by_dialog = "pagedown" in widget.screen._bindings.key_to_bindings
    return by_dialog or any(widget in focused.ancestors_with_self for focused in widget.screen.focus_chain)


def unbound(screen: Screen[object]) -> list[str]:
    """The keys of actions that do nothing here."""
    active = screen.active_bindings
    return [f"{key} does not {action.id}" for action in ACTIONS for key in action.keys if key not in active]


async def unreached(pilot: Pilot[int]) -> list[str]:
    """What takes keys, and Tab never comes to it, or it stands where nobody sees it."""
    wanted = set(pilot.app.screen.focus_chain)
    missed: list[str] = []
    reached = set()
    for _ in wanted:
        # What Tab does.
        pilot.app.screen.focus_next()
        await pilot.pause()
        focused = pilot.app.focused
        if focused is None:
            missed.append("Tab comes to nothing")
            break
        reached.add(focused)
        try:
            # What is further down is scrolled to after the next repaint.
            await until(pilot, partial(is_in_sight, focused), patience=10)
        except AssertionError:
            missed.append(f"{focused} is out of sight or covered")
    return missed + [f"Tab never comes to {widget}" for widget in wanted - reached]


def seen(widget: Widget) -> Region:
    return widget.region.intersection(widget.screen.size.region)


def is_in_sight(widget: Widget) -> bool:
    shown = seen(widget)
    if shown.height < 1 or shown.width != widget.region.width:
        return False
    in_front, _region = widget.screen.get_widget_at(*shown.offset)
    return widget in in_front.ancestors_with_self
