"""Headings inside of the longer pages, by the answer that each stands above. Data."""

from __future__ import annotations

from collections.abc import Mapping

#: From this answer on, the page of the connection need not be looked at where nothing is unusual.
OPTIONAL_FROM = "connection.directory_server"

SECTIONS: Mapping[str, str] = {
    OPTIONAL_FROM: "Only where your network wants it:",
    "media.path": "On each node:",
    "ports.console": "TCP ports, for ever:",
    "registration.product_key": "Registration:",
    "order.by_hand": "How setup is started:",
}
