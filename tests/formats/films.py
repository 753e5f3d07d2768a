"""The films in the table of docs/formats.md: how a sample of each is made, and which result is expected."""

from __future__ import annotations

from dataclasses import dataclass

from tests.formats.table import Row


@dataclass(frozen=True, slots=True)
class Sample:
    """A film that `ffmpeg` makes, and what is expected of its result."""

    format: str
    """As the table names it."""
    name: str
    """Of the file."""
    arguments: str
    """Of ffmpeg, between its inputs and the file's name; `{…}` names a file of `EXTRAS`."""
    codec: str
    container: str
    kept: str = ""
    luma: bool = True
    """Whether every luma sample must be the original's: not where frames are deinterlaced, or are no Y'CbCr."""
    readable: bool = True
    """Whether every ffmpeg of today decodes the result."""
    lost: tuple[str, ...] = ()
    """Tags that the result's container cannot hold."""
    became: tuple[tuple[str, str], ...] = ()
    """Codecs of the streams that are converted, and what they become; nothing for those that are left out."""

    matrix: tuple[int, ...] | None = None
    """Display matrix that the sample is given, which ffmpeg of today cannot."""

    @property
    def row(self) -> Row:
        """As the table tells it."""
        return Row("films", self.format, "ffmpeg", f"{self.codec} in {self.container}", self.kept)


GREY = "-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds},hue=s=0,scale=s={size}"
SOUND = "-f lavfi -i sine=f=440:d={seconds}:r=48000"

EXTRAS = {
    "words.srt": "1\n00:00:00,100 --> 00:00:00,300\nHello\n\n2\n00:00:00,320 --> 00:00:00,390\nyou\n",
    "chapters.txt": (
        ";FFMETADATA1\ntitle=Reel 7\ncomment=From the attic\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=200\nEND=400\ntitle=Two\n"
    ),
}
"""Files that samples are made of, beside pictures and sound."""


def _grey(size: str = "96x64", rate: str = "25", seconds: str = "0.4") -> str:
    return GREY.format(size=size, rate=rate, seconds=seconds)


def _both(size: str = "96x64", rate: str = "25", seconds: str = "0.4") -> str:
    return _grey(size, rate, seconds) + " " + SOUND.format(seconds=seconds)


_PAL = _both("720x576", "50", "0.2") + " -vf interlace,setfield=tff,setsar=64/45"
_X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2"
_DEINTERLACED = "interlaced: deinterlaced, or kept as fields by configuration"

SAMPLES = (
    # What cameras, telephones and editors make today.
    Sample("MP4: H.264 with B-frames, AAC", "h264.mp4", f"{_both()} {_X264} -c:a aac", "H.264", "MP4"),
    Sample(
        "MP4: H.264, fragmented",
        "fragmented.mp4",
        f"{_both()} {_X264} -c:a aac -movflags frag_keyframe+empty_moov",
        "H.264",
        "MP4",
    ),
    Sample(
        "MP4: HEVC, 10 bit",
        "hevc.mp4",
        f"{_both()} -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a aac",
        "HEVC",
        "MP4",
        "10 bit stays 10 bit",
    ),
    Sample("MP4: AV1, Opus", "av1.mp4", f"{_both()} -c:v libaom-av1 -cpu-used 8 -c:a libopus", "H.264", "MP4"),
    Sample("WebM: VP9, Opus", "vp9.webm", f"{_both()} -c:v libvpx-vp9 -deadline realtime -c:a libopus", "H.264", "MKV"),
    Sample(
        "WebM: VP8, Vorbis",
        "vp8.webm",
        f"{_both()} -c:v libvpx -threads 1 -deadline realtime -c:a libvorbis",
        "H.264",
        "MKV",
    ),
    Sample(
        "MP4: variable frame rate",
        "variable.mp4",
        f"{_both()} -vf 'setpts=if(eq(mod(N\\,3)\\,0)\\,PTS\\,PTS+0.013/TB)' -vsync vfr {_X264} -c:a aac",
        "H.264",
        "MP4",
    ),
    Sample("MP4: picture begins late", "late.mp4", f"-itsoffset 0.3 {_both()} {_X264} -c:a aac", "H.264", "MP4"),
    Sample("MP4: edit list", "edited.mp4", "-ss 0.13 -i {h264.mp4} -c copy", "H.264", "MP4"),
    Sample(
        "MP4: turned by a display matrix", "turned.mp4", "-i {h264.mp4} -c copy -metadata:s:v rotate=90", "H.264", "MP4"
    ),
    Sample(
        "MP4: mirrored and turned by a display matrix",
        "mirrored.mp4",
        "-i {h264.mp4} -c copy",
        "H.264",
        "MP4",
        matrix=(0, -65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
    ),
    Sample(
        "MP4: cover art, timed text, two languages",
        "cover.mp4",
        f"{_both()} -f lavfi -i color=red:s=32x32:d=0.04:r=25 -i {{words.srt}} -i {{chapters.txt}} "
        "-map 0 -map 1 -map 1 -map 3 -map 2 -map_metadata 4 "
        f"{_X264} -c:a aac -c:s mov_text -c:v:1 mjpeg -bf:v:1 0 -pix_fmt:v:1 yuvj420p -disposition:v:1 attached_pic "
        "-metadata:s:a:0 language=ger -metadata:s:a:1 language=eng -metadata:s:s language=fre",
        "H.264",
        "MP4",
        "cover, texts, chapters and languages are kept",
    ),
    Sample(
        "MKV: chapters, attachments, subtitles, several sounds",
        "much.mkv",
        f"{_both()} -i {{words.srt}} -i {{chapters.txt}} -map 0 -map 1 -map 1 -map 2 -map_metadata 3 {_X264} "
        "-c:a:0 aac -c:a:1 flac -c:s srt -attach {words.srt} -metadata:s:t mimetype=text/plain "
        "-metadata:s:a:0 language=ger -metadata:s:a:1 language=eng -disposition:a:1 default -disposition:a:0 0",
        "H.264",
        "MKV",
        "all are kept",
    ),
    Sample(
        "MKV: two pictures",
        "twice.mkv",
        f"{_grey()} {_grey('64x48')} -map 0 -map 1 {_X264}",
        "H.264",
        "MKV",
        "the larger is coloured, the other copied",
    ),
    Sample("MOV: with timecode", "timecode.mov", f"{_grey()} {_X264} -timecode 01:00:00:00", "H.264", "MOV"),
    Sample(
        "MP4: colour tags, full range",
        "tags.mp4",
        f"{_grey()} -vf scale=out_range=full:out_color_matrix=bt709 {_X264} -color_range pc -colorspace bt709 "
        "-color_primaries bt709 -color_trc bt709",
        "H.264",
        "MP4",
    ),
    Sample("MP4: one frame", "one.mp4", f"{_grey()} -frames:v 1 {_X264}", "H.264", "MP4"),
    Sample("MP4: 16 x 16", "tiny.mp4", f"{_grey('16x16')} {_X264}", "H.264", "MP4"),
    Sample("MKV: odd size, 4:4:4", "odd.mkv", f"{_grey('97x65')} -c:v libx264 -pix_fmt yuv444p", "H.264", "MKV"),
    Sample(
        "WebM: odd size, 4:2:0",
        "odd.webm",
        f"{_grey('97x65')} -c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p",
        "H.264",
        "MP4",
        "H.264 takes odd sizes as 4:4:4",
    ),
    # Broadcast, discs and camcorders.
    Sample("MPEG-PS: MPEG-1, MP2", "mpeg1.mpg", f"{_both()} -c:v mpeg1video -c:a mp2", "H.264", "MKV"),
    Sample(
        "MPEG-TS: MPEG-2 interlaced, AC-3",
        "broadcast.ts",
        f"{_PAL} -c:v mpeg2video -flags +ilme+ildct -b:v 6M -c:a ac3",
        "H.264",
        "MP4",
        _DEINTERLACED,
        luma=False,
    ),
    Sample(
        "MPEG-PS (VOB): MPEG-2 interlaced, AC-3",
        "disc.vob",
        f"{_PAL} -c:v mpeg2video -flags +ilme+ildct -b:v 6M -c:a ac3",
        "H.264",
        "MP4",
        _DEINTERLACED,
        luma=False,
    ),
    Sample("MPEG-TS: H.264, AAC", "h264.ts", f"{_both()} {_X264} -c:a aac", "H.264", "MP4"),
    Sample(
        "DV: 4:1:1 (NTSC)",
        "ntsc.dv",
        f"{_both('720x480', '30000/1001', '0.2')} -target ntsc-dv",
        "H.264",
        "MKV",
        _DEINTERLACED,
        luma=False,
    ),
    Sample(
        "DV: 4:2:0 (PAL), anamorphic",
        "pal.dv",
        f"{_both('720x576', '25', '0.2')} -target pal-dv -aspect 16:9",
        "H.264",
        "MKV",
        _DEINTERLACED,
        luma=False,
    ),
    Sample(
        "DV: without sound",
        "silent.dv",
        f"{_grey('720x576', '25', '0.2')} -target pal-dv",
        "H.264",
        "MP4",
        _DEINTERLACED,
        luma=False,
    ),
    Sample(
        "AVI: DV",
        "dv.avi",
        f"{_both('720x576', '25', '0.2')} -c:v dvvideo -pix_fmt yuv420p -c:a pcm_s16le",
        "H.264",
        "MKV",
        _DEINTERLACED,
        luma=False,
    ),
    Sample(
        "MXF: MPEG-2 4:2:2, PCM",
        "mpeg2.mxf",
        f"{_both('720x576', '25', '0.2')} -c:v mpeg2video -pix_fmt yuv422p -b:v 8M -c:a pcm_s16le "
        "-timecode 10:00:00:00",
        "H.264",
        "MKV",
        lost=("product_uid", "modification_date"),
    ),
    Sample(
        "MXF: DNxHD",
        "dnxhd.mxf",
        f"{_both('1280x720', '25', '0.12')} -c:v dnxhd -b:v 60M -pix_fmt yuv422p -c:a pcm_s16le",
        "H.264",
        "MKV",
    ),
    # What computers made around the turn of the century.
    Sample("AVI: MPEG-4 ASP, MP3", "asp.avi", f"{_both()} -c:v mpeg4 -vtag XVID -bf 2 -c:a libmp3lame", "H.264", "MP4"),
    Sample("AVI: MS-MPEG-4 v3 (DivX 3)", "divx3.avi", f"{_both()} -c:v msmpeg4 -c:a libmp3lame", "H.264", "MP4"),
    Sample("AVI: Cinepak", "cinepak.avi", f"{_grey()} -c:v cinepak -pix_fmt yuv420p", "H.264", "MP4", luma=False),
    Sample("MOV: Sorenson (SVQ1)", "svq1.mov", f"{_grey()} -c:v svq1 -pix_fmt yuv410p", "H.264", "MOV"),
    Sample("FLV: Sorenson Spark, MP3", "spark.flv", f"{_both()} -ar 44100 -c:v flv1 -c:a libmp3lame", "H.264", "MP4"),
    Sample("3GP: H.263", "h263.3gp", f"{_grey('128x96')} -c:v h263", "H.264", "MP4"),
    Sample("WMV: WMV 2, WMA 2", "wmv2.wmv", f"{_both()} -c:v wmv2 -c:a wmav2", "H.264", "MKV"),
    Sample("AVI: Motion JPEG, ADPCM", "adpcm.avi", f"{_both()} -c:v mjpeg -c:a adpcm_ms", "H.264", "MKV"),
    Sample(
        "FLV: Sorenson Spark, Nellymoser",
        "nelly.flv",
        f"{_both()} -ar 22050 -ac 1 -c:v flv1 -c:a nellymoser",
        "H.264",
        "MKV",
        "sound becomes FLAC",
        became=(("nellymoser", "flac"),),
    ),
    Sample("OGG: Theora, Vorbis", "theora.ogv", f"{_both()} -c:v libtheora -q:v 8 -c:a libvorbis", "H.264", "MKV"),
    # Editing and archives.
    Sample("MJPG: Motion JPEG, no container", "row.mjpg", f"{_grey()} -c:v mjpeg -f mjpeg", "H.264", "MP4"),
    Sample("MOV: MJPEG, PCM", "mjpeg.mov", f"{_both()} -c:v mjpeg -pix_fmt yuvj422p -c:a pcm_s16le", "H.264", "MOV"),
    Sample("MOV: ProRes 4:2:2, 10 bit", "prores.mov", f"{_grey()} -c:v prores_ks -pix_fmt yuv422p10le", "HEVC", "MOV"),
    Sample(
        "MOV: ProRes 4:4:4:4",
        "alpha.mov",
        f"{_grey()} -vf format=yuva444p10le -c:v prores_ks -pix_fmt yuva444p10le",
        "FFV1",
        "MKV",
        "transparency is kept; as 12 bits with transparency, which FFmpeg 5.1 does not decode",
        readable=False,
    ),
    Sample(
        "MOV: Animation (QuickTime RLE) with alpha",
        "rle.mov",
        f"{_grey()} -vf format=argb -c:v qtrle",
        "FFV1",
        "MKV",
        "R'G'B' becomes Y'CbCr",
        luma=False,
    ),
    Sample(
        "MKV: FFV1, 8 bit",
        "ffv1.mkv",
        f"{_grey()} -c:v ffv1 -pix_fmt yuv422p",
        "FFV1",
        "MKV",
        "lossless stays lossless",
    ),
    Sample(
        "MKV: FFV1, 10 bit grey",
        "ffv1-10.mkv",
        f"{_grey()} -c:v ffv1 -pix_fmt gray10le",
        "FFV1",
        "MKV",
        "lossless stays lossless",
    ),
    Sample(
        "MKV: FFV1, 16 bit grey",
        "ffv1-16.mkv",
        f"{_grey()} -c:v ffv1 -pix_fmt gray16le",
        "FFV1",
        "MKV",
        "lossless stays lossless",
    ),
    Sample("AVI: uncompressed, 8 bit", "raw.avi", f"{_grey()} -c:v rawvideo -pix_fmt yuv420p", "FFV1", "MKV"),
    Sample("AVI: uncompressed, grey", "grey.avi", f"{_grey()} -c:v rawvideo -pix_fmt gray", "FFV1", "MKV"),
    Sample("MOV: uncompressed, 10 bit (v210)", "v210.mov", f"{_grey()} -c:v v210 -pix_fmt yuv422p10le", "FFV1", "MKV"),
    Sample("AVI: HuffYUV", "huffyuv.avi", f"{_grey()} -c:v huffyuv -pix_fmt yuv422p", "FFV1", "MKV"),
    Sample("AVI: Ut Video", "utvideo.avi", f"{_grey()} -c:v utvideo -pix_fmt yuv422p", "FFV1", "MKV"),
    Sample(
        "MOV: PNG", "png.mov", f"{_grey()} -c:v png -pix_fmt rgb24", "FFV1", "MKV", "R'G'B' becomes Y'CbCr", luma=False
    ),
)

ROWS = (
    *(sample.row for sample in SAMPLES),
    Row("films", "MPEG-2: closed captions (A53)", "these tests", "H.264 in MP4", "captions are kept in H.264 and HEVC"),
    Row("films", "closed captions, as ProRes, FFV1, AV1", "these tests", "as asked for", "left out, and named"),
    Row("films", "anamorphic MKV", "these tests", "H.264 in MKV", "the size on the screen is kept"),
    Row(
        "films",
        "MKV: crop, projection, BCP 47 languages, editions, nested chapters",
        "these tests",
        "H.264 in MKV",
        "all are kept",
    ),
    Row("films", "times in the order of decoding (VC-1 in MOV, old FLV, packed AVI)", "these tests", "as the file"),
    Row("films", "H.264 that breaks off", "ffmpeg, cut", "playable up to there", "the report says where"),
    Row("films", "PQ, HLG", "ffmpeg", "refused: high dynamic range"),
    Row("films", "sound alone", "ffmpeg", "refused: no moving picture"),
    Row(
        "films", "VC-1 (WMV 9), RealVideo, Indeo, VP6, Dolby Vision", "", "what libav decodes; Dolby Vision is refused"
    ),
    Row("films", "VP8 and VP9 with transparency", "ffmpeg", "transparency is left out, and named"),
    Row(
        "films",
        "VIDEO_TS folders",
        "these tests",
        "H.264 in MP4 or MKV",
        "the longest title set, with what its tables say",
    ),
    Row(
        "films",
        "numbered DPX, TIFF, PNG or EXR in a folder",
        "these tests",
        "FFV1 in MKV, or frames",
        "with the setting `sequences`",
    ),
)
