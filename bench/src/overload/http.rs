//! As much of an HTTP client as the attacks need: a kept connection whose octets are written as they are given.

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub struct Connection {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<u32>,
    /// The server keeps the connection.
    pub kept: bool,
    pub body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Reply> {
        self.stream.write_all(request).await?;
        self.answer().await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> anyhow::Result<Reply> {
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection ended");
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status")?;
        let header = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let retry_after = header("retry-after").and_then(|value| value.parse().ok());
        let kept = header("connection") != Some("close");
        while self.buffer.len() < head + length {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection ended");
        }
        Ok(Reply { status, retry_after, kept, body: self.buffer[head..head + length].to_vec() })
    }

    /// Waits for the server to end the connection, whatever it says before.
    pub async fn ended(&mut self) {
        let mut unread = [0; 4096];
        while matches!(self.stream.read(&mut unread).await, Ok(read) if read > 0) {}
    }
}
