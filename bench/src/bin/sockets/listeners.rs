//! The relay's listeners, in a process of their own: one process may not have the files open that ten thousand of them
//! and ten thousand supervisors are.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, bail};
use switchroom_bench::load::{Door, Sockets};

/// The first argument of a bench that is started to be them.
const ROLE: &str = "be-listeners";

/// Dropping them ends them.
pub struct Listeners {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Listeners {
    /// So many, on the relay at this address.
    pub fn start(address: SocketAddr, count: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ROLE, &address.to_string(), &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut listeners = Self { child, ask, answers };
        listeners.answer()?;
        Ok(listeners)
    }

    /// Milliseconds from asking the relay to the last listener.
    pub fn broadcast(&mut self) -> anyhow::Result<f64> {
        self.ask.write_all(b"\n")?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<f64> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim().parse().context("void: the relay's listeners are gone")
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listens where this process was started to; false where it was not.
pub fn was_them() -> anyhow::Result<bool> {
    let args: Vec<String> = std::env::args().collect();
    let [_, role, address, count] = args.as_slice() else { return Ok(false) };
    if role != ROLE {
        return Ok(false);
    }
    let address = address.parse()?;
    let mut listeners = Sockets::open(address, &Door::Relay { count: count.parse()? })?;
    let mut sender = TcpStream::connect(address)?;
    println!("0");
    for asked in std::io::stdin().lines() {
        asked?;
        println!("{}", broadcast(&mut sender, &mut listeners)?);
    }
    Ok(true)
}

fn broadcast(sender: &mut TcpStream, listeners: &mut Sockets) -> anyhow::Result<f64> {
    let body = r#"{"call_id":"b-00000000000000","agent":{"extension":"10001"}}"#;
    // In one piece: a second one would wait for the first to be acknowledged.
    let request = format!("POST /all HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let asked = Instant::now();
    sender.write_all(request.as_bytes())?;
    let last = Sockets::all_hear(std::slice::from_mut(listeners), super::SOON, |_| Some(0))?;
    if sender.read(&mut [0; 256])? == 0 {
        bail!("the relay is gone");
    }
    Ok((last - asked).as_secs_f64() * 1e3)
}
