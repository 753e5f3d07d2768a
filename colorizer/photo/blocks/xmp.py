"""XMP (ISO 16684-1): true of a coloured copy, with what made the colour, and divided where a JPEG needs it.

A packet is parsed and written again; no property is lost, whatever its namespace.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

from colorizer.photo.blocks.blocks import Truth

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_META = "{adobe:ns:meta/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_NOTE = "{http://ns.adobe.com/xmp/note/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_TIFF, _EXIF = "{http://ns.adobe.com/tiff/1.0/}", "{http://ns.adobe.com/exif/1.0/}"
_PHOTOSHOP, _RAW = "{http://ns.adobe.com/photoshop/1.0/}", "{http://ns.adobe.com/camera-raw-settings/1.0/}"
_CAMERA = "{http://ns.google.com/photos/1.0/camera/}"
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC's term for a picture that an algorithm changed without changing its content."""
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'
EXTENDED = f"{_NOTE}HasExtendedXMP"
"""Property of the main packet of a JPEG that names its extended part (XMP, part 3, 1.1.3.1)."""

_UNTRUE = {
    *(EXTENDED, f"{_XMP}Thumbnails", f"{_PHOTOSHOP}ICCProfile", f"{_EXIF}Gamma"),
    *(f"{_TIFF}{name}" for name in ("TransferFunction", "WhitePoint", "PrimaryChromaticities", "ReferenceBlackWhite")),
}
"""Properties of the profile, and copies, of the grey picture."""
_APPENDED = (
    *(f"{_CAMERA}MotionPhoto", f"{_CAMERA}MicroVideo", "{http://ns.google.com/photos/1.0/container/"),
    *("{http://ns.google.com/photos/dd/1.0/container/", "{http://ns.adobe.com/hdr-gain-map/1.0/}"),
    "{http://ns.apple.com/HDRGainMap/1.0/}",
)
"""Beginnings of the names of properties that announce what is appended to a photograph: a film, a gain map."""
_CHANGED = {
    *(f"{_XMP}CreatorTool", f"{_IPTC}DigitalSourceType", f"{_PHOTOSHOP}ColorMode", f"{_RAW}ConvertToGrayscale"),
    *(f"{_EXIF}{name}" for name in ("ColorSpace", "PixelXDimension", "PixelYDimension")),
    *(f"{_TIFF}{name}" for name in ("SamplesPerPixel", "BitsPerSample", "PhotometricInterpretation", "Orientation")),
}
"""Properties that have another value in a coloured copy."""


def parse(packet: bytes) -> ET.Element:
    """Read a packet.

    Raises:
        ValueError: it is not XMP.

    """
    text = packet.rstrip(b"\x00 ")
    try:
        spaces = ET.iterparse(io.BytesIO(text), ["start-ns"])  # noqa: S314 (expat limits the growth of entities)
        for _, (prefix, space) in spaces:
            if not prefix.startswith("ns"):  # reserved by the library
                ET.register_namespace(prefix, space)
        root = ET.fromstring(text)  # noqa: S314 (likewise)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise ValueError(f"its XMP cannot be read: {error}") from error
    return root


def serialise(root: ET.Element) -> bytes:
    """Write a packet."""
    for prefix, space in {"x": _META, "rdf": _RDF, "xmp": _XMP, "Iptc4xmpExt": _IPTC, "xmpNote": _NOTE}.items():
        ET.register_namespace(prefix, space[1:-1])
    written: bytes = ET.tostring(root, encoding="utf-8")
    return _HEAD + written + _TAIL


def new_packet() -> ET.Element:
    """A packet without properties."""
    return ET.Element(f"{_META}xmpmeta")


def make_true(root: ET.Element, truth: Truth) -> list[str]:
    """Change what colouring made untrue; returns names of what was appended to the file and is announced no more."""
    announced = _remove(root, lambda name: name.startswith(_APPENDED))
    _remove(root, _UNTRUE.__contains__)
    grey = [bits for bits in root.iter(f"{_TIFF}BitsPerSample") if len(list(bits.iter(f"{_RDF}li"))) == 1]
    _remove(root, lambda name: name == f"{_TIFF}BitsPerSample" and bool(grey))
    values = {
        f"{_PHOTOSHOP}ColorMode": "3",
        f"{_RAW}ConvertToGrayscale": "False",
        f"{_TIFF}SamplesPerPixel": "3",
        f"{_TIFF}PhotometricInterpretation": "2",
        f"{_EXIF}ColorSpace": "1" if truth.is_srgb else "65535",
    }
    if truth.was_turned:
        values[f"{_TIFF}Orientation"] = "1"
    if truth.size is not None:
        values |= {f"{_EXIF}PixelXDimension": str(truth.size[0]), f"{_EXIF}PixelYDimension": str(truth.size[1])}
    for element in root.iter():
        for name, value in values.items():
            if name in element.attrib:
                element.set(name, value)
        if element.tag in values:
            element.text = values[element.tag]
    return _appended(announced)


def _appended(announced: list[str]) -> list[str]:
    """Names for people of what was announced."""
    film = any(name.startswith(_CAMERA) for name in announced)
    light = any("hdr-gain-map" in name or "HDRGainMap" in name for name in announced)
    names = {"a film (motion photo)": film, "a map of light (HDR gain map)": light}
    return [name for name, is_there in names.items() if is_there]


def _remove(root: ET.Element, wanted: Callable[[str], bool]) -> list[str]:
    """Remove properties, which are attributes or elements, by their names; returns the names of those."""
    removed = []
    for element in list(root.iter()):
        for name in [name for name in element.attrib if wanted(name)]:
            removed.append(name)
            del element.attrib[name]
        for child in [child for child in element if wanted(child.tag)]:
            removed.append(child.tag)
            element.remove(child)
    return removed


def add_provenance(root: ET.Element, maker: str) -> None:
    """Add the tool that made the colour (xmp:CreatorTool, before an earlier tool) and the source type.

    Args:
        root: the packet.
        maker: text from `made_with`.

    """
    rdf = _rdf(root)
    earlier = _take(rdf, f"{_XMP}CreatorTool")
    _take(rdf, f"{_IPTC}DigitalSourceType")
    description = ET.SubElement(rdf, f"{_RDF}Description", {f"{_RDF}about": _about(rdf)})
    ET.SubElement(description, f"{_XMP}CreatorTool").text = f"{maker}; {earlier}" if earlier else maker
    ET.SubElement(description, f"{_IPTC}DigitalSourceType").text = _SOURCE_TYPE


def merge(main: ET.Element, extended: ET.Element) -> None:
    """Add the properties of the extended part to the main packet."""
    _rdf(main).extend(_rdf(extended).findall(f"{_RDF}Description"))


def divide(root: ET.Element, most: int) -> bytes:
    """Move the largest properties into an extended part until the rest fits.

    Args:
        root: the packet, which loses what is moved.
        most: bytes that it may have.

    Returns:
        The extended part, without the wrapper of a packet.

    """
    about, rdf = _about(_rdf(root)), _rdf(root)
    extended = new_packet()
    moved = ET.SubElement(_rdf(extended), f"{_RDF}Description", {f"{_RDF}about": about})
    properties = [(len(ET.tostring(child)), owner, child) for owner in rdf for child in owner]
    for _, owner, child in sorted(properties, key=lambda found: -found[0]):
        if len(serialise(root)) <= most:
            break
        owner.remove(child)
        moved.append(child)
    written: bytes = ET.tostring(extended, encoding="utf-8")
    return written


def name_extended(root: ET.Element, guid: str) -> None:
    """Name the extended part in the main packet."""
    rdf = _rdf(root)
    ET.SubElement(rdf, f"{_RDF}Description", {f"{_RDF}about": _about(rdf), EXTENDED: guid})


def properties(root: ET.Element) -> Iterator[tuple[str, str]]:
    """Name and text of each value in a packet, for comparison; the order of a list is that of the packet."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if not name.startswith((_RDF, _META, "{http://www.w3.org/XML/")):
                yield name, value
        if not element.tag.startswith((_RDF, _META)) or element.tag == f"{_RDF}li":
            text = (element.text or "").strip()
            if text:
                yield element.tag, text


def is_changed(name: str) -> bool:
    """Whether a property is not the same in a coloured copy."""
    return name in _CHANGED or name in _UNTRUE or name.startswith(_APPENDED)


def _rdf(root: ET.Element) -> ET.Element:
    if root.tag == f"{_RDF}RDF":
        return root
    found = root.find(f"{_RDF}RDF")
    return ET.SubElement(root, f"{_RDF}RDF") if found is None else found


def _take(rdf: ET.Element, name: str) -> str:
    """Remove a property, which is an attribute or an element, and return its value."""
    value = ""
    for description in rdf.findall(f"{_RDF}Description"):
        value = description.attrib.pop(name, value)
        for element in description.findall(name):
            value = element.text or element.get(f"{_RDF}resource") or value
            description.remove(element)
    return value


def _about(rdf: ET.Element) -> str:
    """The subject of the packet's descriptions, which is the same in all of them (XMP, part 1, 7.4)."""
    description = rdf.find(f"{_RDF}Description")
    return "" if description is None else description.get(f"{_RDF}about", "")
