"""Languages as discs name them (two letters, ISO 639-1) and as films do (three letters, ISO 639-2, bibliographic)."""

from __future__ import annotations

_CODES = """
aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bhbih bibis bmbam
bnben botib brbre bsbos cacat ceche chcha cocos crcre cscze cuchu cvchv cywel dadan deger dvdiv dzdzo eeewe
elgre eneng eoepo esspa etest eubaq faper ffful fifin fjfij fofao frfre fyfry gagle gdgla glglg gngrn guguj
gvglv hahau heheb hihin hohmo hrhrv hthat huhun hyarm hzher iaina idind ieile igibo iiiii ikipk inind ioido
isice itita iuiku iwheb jajpn jiyid jvjav jwjav kageo kgkon kikik kjkua kkkaz klkal kmkhm knkan kokor krkau
kskas kukur kvkom kwcor kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah mimao mkmac
mlmal mnmon momol mrmar msmay mtmlt mybur nanau nbnob ndnde nenep ngndo nldut nnnno nonor nrnbl nvnav nynya
ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor quque rmroh rnrun rorum rurus rwkin sasan scsrd
sdsnd sesme sgsag sisin skslo slslv smsmo snsna sosom sqalb srsrp ssssw stsot susun svswe swswa tatam tetel
tgtgk ththa titir tktuk tltgl tntsn toton trtur tstso tttat twtwi tytah uguig ukukr ururd uzuzb veven vivie
vovol wawln wowol xhxho yiyid yoyor zazha zhchi zuzul
"""
"""ISO 639-1 with the retired codes of old discs (in, iw, ji, jw, mo), each with its code of ISO 639-2:
https://www.loc.gov/standards/iso639-2/php/code_list.php."""

_THREE_LETTERS = {code[:2]: code[2:] for code in _CODES.split()}


def three_letters(two: bytes) -> str:
    """The code of three letters for one of two; empty where there is none."""
    return _THREE_LETTERS.get(two.decode("ascii", "replace").lower(), "")
