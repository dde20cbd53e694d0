//! The little HTTP that a bench needs besides its load.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The status of a whole HTTP answer; none while it is not whole.
pub fn answer_of(read: &[u8]) -> Option<u16> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let status = std::str::from_utf8(read.get(9..12)?).ok()?.parse().ok()?;
    let text = std::str::from_utf8(&read[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (read.len() >= head + length.unwrap_or(0)).then_some(status)
}

/// Posts a JSON body with a token and expects a 2xx.
pub fn post(address: &str, path: &str, token: &str, body: &Value) -> anyhow::Result<()> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let status = answer_of(&answer).context("no answer")?;
    if !(200..300).contains(&status) {
        bail!("{path}: {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Lets this process and its children open many files: a connection is one at each end.
pub fn raise_open_files() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const ENOUGH: u64 = 65_536;
    let most = Some(getrlimit(Resource::Nofile).maximum.unwrap_or(ENOUGH).max(ENOUGH));
    if setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).is_ok() {
        return Ok(());
    }
    // Without rights, what is allowed.
    let most = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_body() {
        assert_eq!(answer_of(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(204));
        assert_eq!(answer_of(b"HTTP/1.1 204 No Content\r\nx: y\r\n"), None);
        assert_eq!(answer_of(b"HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\na"), None);
        assert_eq!(answer_of(b"HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\nab"), Some(401));
    }
}
