//! Tables as files: CSV that opens in a spreadsheet as what it says and runs nothing there.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

/// A field as a spreadsheet shows it. What begins like a formula is text there only behind an apostrophe (OWASP ASVS
/// 1.2.10). A telephone number in E.164 begins so too and is left as it is: it is a number wherever it is read, and
/// computes nothing.
pub(crate) fn safe(field: &str) -> Cow<'_, str> {
    let begins = field.trim_start_matches([' ', '\u{a0}']).chars().next();
    let risky = matches!(
        begins,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    );
    let number = field
        .strip_prefix('+')
        .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
    if risky && !number { Cow::Owned(format!("'{field}")) } else { Cow::Borrowed(field) }
}

/// Some lines of CSV.
pub fn lines<'a, I, L>(records: I) -> Bytes
where
    I: IntoIterator<Item = L>,
    L: IntoIterator<Item = &'a str>,
{
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        for field in record {
            // Writing to memory does not fail.
            let _ = writer.write_field(safe(field).as_bytes());
        }
        let _ = writer.write_record(None::<&[u8]>);
    }
    writer.into_inner().unwrap_or_default().into()
}

/// For `Content-Disposition`: only what every file system takes.
fn file_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .take(100)
        .collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// A file to be saved.
pub fn attachment(name: &str, media_type: &'static str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", file_name(name));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_computes() {
        for bad in [
            "=1+1",
            "@SUM(A1)",
            "-2+3",
            "+cmd|' /C calc'!A0",
            "\t=1",
            " =1",
            "\r=1",
            "＝1",
            "+33",
            "+3363998000a",
        ] {
            assert_eq!(safe(bad), format!("'{bad}"), "{bad:?}");
        }
        for fine in ["", "Ann", "a=b", "+33639980001", "1-2", "O'Hara"] {
            assert_eq!(safe(fine), fine);
        }
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let text = lines([vec!["a", "b,c", "d\"e"], vec!["", "x\ny", "=1"]]);
        assert_eq!(&text[..], b"a,\"b,c\",\"d\"\"e\"\r\n,\"x\ny\",'=1\r\n");
        assert_eq!(file_name("liste d'été \"x\".csv"), "liste_d__t___x_.csv");
    }
}
