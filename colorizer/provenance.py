"""Record in the metadata of a result what made its colour: tintd's version, the weights, the settings."""

from __future__ import annotations

import io
from importlib.metadata import version
from xml.etree import ElementTree as ET

from colorizer.settings import ColourSettings

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC's term for a picture that an algorithm changed without changing its content."""
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'


def made_with(weights: str, settings: ColourSettings) -> str:
    """Describe in one line what made the colour.

    Args:
        weights: hash of the weights, in hexadecimal.
        settings: settings by which colour is chosen.

    """
    chosen = f"vividness {settings.vividness}, working size {settings.working_size}"
    return f"tintd {version('tintd')}, weights {weights[:12]}, {chosen}"


def with_provenance(packet: bytes | None, maker: str) -> bytes:
    """Add the tool that made the colour (xmp:CreatorTool, before an earlier tool) and the source type to an XMP packet.

    Args:
        packet: existing packet, or None.
        maker: text from `made_with`.

    Raises:
        ValueError: the packet is not XMP.

    """
    root = _parse(packet) if packet else ET.Element(f"{{{_META}}}xmpmeta")
    rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        rdf = ET.SubElement(root, f"{{{_RDF}}}RDF")
    earlier = _take(rdf, f"{{{_XMP}}}CreatorTool")
    _take(rdf, f"{{{_IPTC}}}DigitalSourceType")
    description = ET.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": _about(rdf)})
    ET.SubElement(description, f"{{{_XMP}}}CreatorTool").text = f"{maker}; {earlier}" if earlier else maker
    ET.SubElement(description, f"{{{_IPTC}}}DigitalSourceType").text = _SOURCE_TYPE
    for prefix, space in {"x": _META, "rdf": _RDF, "xmp": _XMP, "Iptc4xmpExt": _IPTC}.items():
        ET.register_namespace(prefix, space)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return _HEAD + written + _TAIL


def _parse(packet: bytes) -> ET.Element:
    text = packet.rstrip(b"\x00 ")
    try:
        spaces = ET.iterparse(io.BytesIO(text), ["start-ns"])  # noqa: S314 (expat limits the growth of entities)
        for _, (prefix, space) in spaces:
            if not prefix.startswith("ns"):  # reserved by the library
                ET.register_namespace(prefix, space)
        return ET.fromstring(text)  # noqa: S314 (likewise)
    except ET.ParseError as error:
        raise ValueError(f"its XMP cannot be read: {error}") from error


def _take(rdf: ET.Element, name: str) -> str:
    """Remove a property, which is an attribute or an element, and return its value."""
    value = ""
    for description in rdf.findall(f"{{{_RDF}}}Description"):
        value = description.attrib.pop(name, value)
        for element in description.findall(name):
            value = element.text or element.get(f"{{{_RDF}}}resource") or value
            description.remove(element)
    return value


def _about(rdf: ET.Element) -> str:
    """The subject of the packet's descriptions, which is the same in all of them (XMP, part 1, 7.4)."""
    description = rdf.find(f"{{{_RDF}}}Description")
    return "" if description is None else description.get(f"{{{_RDF}}}about", "")
