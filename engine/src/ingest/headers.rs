//! Request headers without an HTTP library's type, so that `hook-verify` and the HTTP door fill the same thing.

/// Names in lower case, in the order they came. A value that is no UTF-8 is left out: no scheme we know signs with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn push(&mut self, name: &str, value: &[u8]) {
        if let Ok(value) = std::str::from_utf8(value) {
            self.0.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The only value of this header. A header that came twice counts as absent: two signatures in two headers are
    /// an attempt to have one checked and the other believed.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}

impl<'a, V: AsRef<[u8]>> FromIterator<(&'a str, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, V)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name, value.as_ref());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_caseless_and_doubles_are_absent() {
        let headers: Headers = [("X-A", "1"), ("x-b", " 2 "), ("X-B", "3")].into_iter().collect();
        assert_eq!(headers.get("x-a"), Some("1"));
        assert_eq!(headers.get("x-b"), None);
        let headers: Headers = [("X-C", &b"\xff"[..])].into_iter().collect();
        assert_eq!(headers.get("x-c"), None);
    }
}
