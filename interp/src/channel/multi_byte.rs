//! The East Asian encodings of one to three bytes a character, over encoding_rs. The only file that names that crate.
//!
//! Their mappings are the WHATWG ones, a little wider than tclsh's tables: shiftjis is cp932, gb2312 and euc-cn are
//! cp936, euc-kr is cp949, big5 is cp950 with the Hong Kong additions.

use crate::text::utf;

/// One such encoding.
pub(super) struct MultiByte {
    /// Tcl's name of it.
    pub(super) name: &'static str,
    mapping: &'static encoding_rs::Encoding,
}

/// By name.
pub(super) const MULTI_BYTE: &[MultiByte] = &[
    MultiByte {
        name: "big5",
        mapping: encoding_rs::BIG5,
    },
    MultiByte {
        name: "cp932",
        mapping: encoding_rs::SHIFT_JIS,
    },
    MultiByte {
        name: "cp936",
        mapping: encoding_rs::GBK,
    },
    MultiByte {
        name: "cp949",
        mapping: encoding_rs::EUC_KR,
    },
    MultiByte {
        name: "cp950",
        mapping: encoding_rs::BIG5,
    },
    MultiByte {
        name: "euc-cn",
        mapping: encoding_rs::GBK,
    },
    MultiByte {
        name: "euc-jp",
        mapping: encoding_rs::EUC_JP,
    },
    MultiByte {
        name: "euc-kr",
        mapping: encoding_rs::EUC_KR,
    },
    MultiByte {
        name: "gb2312",
        mapping: encoding_rs::GBK,
    },
    MultiByte {
        name: "shiftjis",
        mapping: encoding_rs::SHIFT_JIS,
    },
];

impl MultiByte {
    /// How many bytes a character that begins with `lead` has.
    fn char_bytes(&self, lead: u8) -> usize {
        let is_shift_jis = self.mapping == encoding_rs::SHIFT_JIS;
        match lead {
            0..=0x7F => 1,
            0xA0..=0xDF if is_shift_jis => 1,
            0x80 | 0xFF => 1,
            0xFD..=0xFE if is_shift_jis => 1,
            0x8F if self.mapping == encoding_rs::EUC_JP => 3,
            _ => 2,
        }
    }

    /// The one character that `bytes` are, if they are one.
    fn whole_char(&self, bytes: &[u8]) -> Option<String> {
        let text = self
            .mapping
            .decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(text.into_owned())
    }

    /// See [`super::Encoding::decode`].
    pub(super) fn decode(&self, bytes: &[u8], out: &mut String, is_final: bool) -> usize {
        let mut used = 0;
        while let Some((&lead, _)) = bytes.get(used..).and_then(<[u8]>::split_first) {
            if lead < 0x80 {
                out.push(char::from(lead));
                used += 1;
                continue;
            }
            let length = self.char_bytes(lead);
            let whole = bytes.get(used..used + length);
            if whole.is_none() && !is_final {
                break;
            }
            match whole.and_then(|whole| self.whole_char(whole)) {
                Some(text) => {
                    utf::push_external(out, &text);
                    used += length;
                }
                None => {
                    out.push(char::from(lead));
                    used += 1;
                }
            }
        }
        used
    }

    /// See [`super::Encoding::encode`].
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) {
        let mut place = [0; 4];
        for character in text.chars() {
            if character.is_ascii() {
                out.push(character as u8);
                continue;
            }
            let (bytes, _, is_missing) = self.mapping.encode(character.encode_utf8(&mut place));
            if is_missing {
                out.push(b'?')
            } else {
                out.extend_from_slice(&bytes)
            }
        }
    }
}
