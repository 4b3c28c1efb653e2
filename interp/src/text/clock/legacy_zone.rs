//! Abbreviations of zones, as mail has them.

/// Abbreviations of zones by the offset that they mean in `clock scan -format`. They are not always those of free form.
const LEGACY_ZONES: [(&str, &str); 33] = [
    ("+0000", "gmt ut utc wet z"),
    ("+0100", "bst cet met mewt swt fwt a"),
    ("+0200", "cest mest sst fst eet b"),
    ("+0300", "eest bt c"),
    ("+0330", "it"),
    ("+0400", "zp4 d"),
    ("+0500", "zp5 e"),
    ("+0530", "ist"),
    ("+0600", "zp6 f"),
    ("+0700", "wast g"),
    ("+0730", "jt"),
    ("+0800", "wadt cct h"),
    ("+0900", "jst kst i"),
    ("+0930", "cast"),
    ("+1000", "jdt kdt east gst k"),
    ("+1030", "cadt eadt"),
    ("+1100", "l"),
    ("+1200", "nzt nzst idle m"),
    ("+1300", "nzdt"),
    ("-0100", "wat n"),
    ("-0200", "at o"),
    ("-0230", "ndt"),
    ("-0300", "adt p"),
    ("-0330", "nft nst"),
    ("-0400", "ast edt q"),
    ("-0500", "est cdt r"),
    ("-0600", "cst mdt s"),
    ("-0700", "mst pdt t"),
    ("-0800", "pst ydt u"),
    ("-0900", "yst hdt v"),
    ("-1000", "hst cat ahst w"),
    ("-1100", "nt x"),
    ("-1200", "idlw y"),
];

/// The offset that an abbreviation in lower case means in `clock scan -format`.
pub(super) fn legacy_zone(name: &str) -> Option<&'static str> {
    let found = LEGACY_ZONES
        .iter()
        .find(|(_, names)| names.split(' ').any(|known| known == name));
    found.map(|(offset, _)| *offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_of_zones_have_offsets() {
        assert_eq!(legacy_zone("ndt"), Some("-0230"));
        assert_eq!(legacy_zone("z"), Some("+0000"));
        assert_eq!(legacy_zone("j"), None);
        assert_eq!(legacy_zone(""), None);
    }
}
