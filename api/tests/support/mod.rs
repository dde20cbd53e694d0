//! A real mail server, as small as one can be: takes what SMTP brings and hands it to the test.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use switchroom_api::{Mailer, testing::App};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// One mail as it came.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    /// Headers and text.
    pub text: String,
}

impl Mail {
    /// What follows the `#` of the one link in it.
    #[track_caller]
    pub fn token(&self) -> String {
        let line =
            self.text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("{self:?}"));
        line.trim_end().split_once('#').unwrap().1.to_owned()
    }
}

pub struct MailServer {
    mails: UnboundedReceiver<Mail>,
    refuses: Arc<AtomicBool>,
}

impl MailServer {
    /// An API whose mail goes to this server.
    pub async fn with_app() -> (App, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (sender, mails) = unbounded_channel();
        let refuses = Arc::new(AtomicBool::new(false));
        let refusing = Arc::clone(&refuses);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, sender.clone(), Arc::clone(&refusing)));
            }
        });
        let mailer = Mailer::new(&url, "Switchroom <switchroom@calls.example>").unwrap();
        let app = App::with_config(|config| config.mailer = Some(mailer)).await;
        (app, Self { mails, refuses })
    }

    /// The next mail that comes.
    pub async fn next(&mut self) -> Mail {
        let waited = tokio::time::timeout(Duration::from_secs(60), self.mails.recv()).await;
        waited.expect("a mail within a minute").unwrap()
    }

    /// Whether a mail has come that nobody looked at.
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }

    /// From now on no recipient is known here, or all are again.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

async fn serve(
    stream: TcpStream,
    mails: UnboundedSender<Mail>,
    refuses: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test ESMTP\r\n").await?;
    let (mut to, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" if refuses.load(Ordering::SeqCst) => "550 no such mailbox\r\n",
            "RCPT" => {
                to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 fine\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    text.push_str(&line);
                }
                if text.contains("quoted-printable") {
                    // Long lines come broken (RFC 2045 §6.7).
                    text = text.replace("=\r\n", "").replace("=3D", "=");
                }
                let _ = mails.send(Mail { to: to.clone(), text });
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
