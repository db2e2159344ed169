"""Headings inside of the longer pages, by the answer that each stands above. Data."""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.texts import text

#: From this answer on, the page of the connection need not be looked at where nothing is unusual.
OPTIONAL_FROM = "connection.directory_server"

SECTIONS: Mapping[str, str] = {
    OPTIONAL_FROM: text("pages.section.unusual"),
    "media.path": text("pages.section.media"),
    "ports.console": text("pages.section.ports"),
    "registration.product_key": text("pages.section.registration"),
    "order.by_hand": text("pages.section.started"),
}
