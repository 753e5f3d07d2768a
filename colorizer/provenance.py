"""What made the colour, said in a result's metadata: tintd's version, the weights, the settings."""

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
"""IPTC's word for pictures whose content is as it was, changed by an algorithm."""
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'


def made_with(weights: str, settings: ColourSettings) -> str:
    """One line of what made the colour.

    Args:
        weights: hash of the weights.
        settings: how colour is chosen.

    """
    chosen = f"vividness {settings.vividness}, working size {settings.working_size}"
    return f"tintd {version('tintd')}, weights {weights[:12]}, {chosen}"


def with_provenance(packet: bytes | None, maker: str) -> bytes:
    """Add to an XMP packet what made the colour (xmp:CreatorTool, before the tool there) and the source type.

    Raises:
        ValueError: the packet is no XMP.

    """
    root = _parse(packet) if packet else ET.Element(f"{{{_META}}}xmpmeta")
    rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        rdf = ET.SubElement(root, f"{{{_RDF}}}RDF")
    before = _take(rdf, f"{{{_XMP}}}CreatorTool")
    _take(rdf, f"{{{_IPTC}}}DigitalSourceType")
    told = ET.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": _about(rdf)})
    ET.SubElement(told, f"{{{_XMP}}}CreatorTool").text = f"{maker}; {before}" if before else maker
    ET.SubElement(told, f"{{{_IPTC}}}DigitalSourceType").text = _SOURCE_TYPE
    for prefix, space in {"x": _META, "rdf": _RDF, "xmp": _XMP, "Iptc4xmpExt": _IPTC}.items():
        ET.register_namespace(prefix, space)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return _HEAD + written + _TAIL


def _parse(packet: bytes) -> ET.Element:
    text = packet.rstrip(b"\x00 ")
    try:
        spaces = ET.iterparse(io.BytesIO(text), ["start-ns"])  # noqa: S314 (expat limits the growth of entities)
        for _, (prefix, space) in spaces:
            if not prefix.startswith("ns"):  # which the library keeps for itself
                ET.register_namespace(prefix, space)
        return ET.fromstring(text)  # noqa: S314 (likewise)
    except ET.ParseError as error:
        raise ValueError(f"no XMP: {error}") from error


def _take(rdf: ET.Element, name: str) -> str:
    """Remove a property, which is an attribute or an element; what it said."""
    said = ""
    for description in rdf.findall(f"{{{_RDF}}}Description"):
        said = description.attrib.pop(name, said)
        for element in description.findall(name):
            said = element.text or element.get(f"{{{_RDF}}}resource") or said
            description.remove(element)
    return said


def _about(rdf: ET.Element) -> str:
    """What the packet's descriptions are of: all say the same (XMP, part 1, 7.4)."""
    description = rdf.find(f"{{{_RDF}}}Description")
    return "" if description is None else description.get(f"{{{_RDF}}}about", "")
