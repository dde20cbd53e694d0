//! What the program is measured against: a bare answerer on the same SIP library, and Kamailio.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rsipstack::{
    EndpointBuilder,
    sip::{Method, SipMessage, StatusCode},
    transport::{TransportLayer, udp::UdpConnection},
};
use tokio_util::sync::CancellationToken;

/// A child that ends with this value.
pub struct Peer {
    pub address: SocketAddr,
    child: Child,
    folder: Option<PathBuf>,
}

impl Peer {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// This very program as the bare answerer, in a process of its own.
pub fn bare() -> anyhow::Result<Peer> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--answer")
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
    let address = line.trim().parse().context("the bare answerer tells no address")?;
    Ok(Peer { address, child, folder: None })
}

/// User parts of what the bare answerer sends on, and of what rings for as long as [`RINGS`].
pub const SENDS_ON: &str = "sends-on";
pub const KEEPS_RINGING: &str = "keeps-ringing";
pub const RINGS: Duration = Duration::from_secs(1);

/// 100, 180, and 487 when the caller gives up, or 302 or 480 as the callee says: the library's own sockets, parser and transactions, and nothing else.
pub async fn answer() -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let layer = TransportLayer::new(stop.clone());
    let udp =
        UdpConnection::create_connection("127.0.0.1:0".parse()?, None, Some(stop.child_token())).await?;
    println!("{}", udp.get_addr().get_socketaddr()?);
    layer.add_transport(udp.into());
    let endpoint = EndpointBuilder::new()
        .with_user_agent("bare")
        .with_transport_layer(layer)
        .with_cancel_token(stop.clone())
        .build();
    let mut incoming = endpoint.incoming_transactions()?;
    let serving = endpoint.inner.clone();
    tokio::spawn(async move { serving.serve().await });
    while let Some(mut transaction) = incoming.recv().await {
        tokio::spawn(async move {
            if transaction.original.method != Method::Invite {
                return transaction.reply(StatusCode::OK).await;
            }
            transaction.send_trying().await?;
            transaction.reply(StatusCode::Ringing).await?;
            match transaction.original.uri.user() {
                Some(SENDS_ON) => transaction.reply(StatusCode::MovedTemporarily).await?,
                Some(KEEPS_RINGING) => {
                    tokio::time::sleep(RINGS).await;
                    transaction.reply(StatusCode::TemporarilyUnavailable).await?;
                }
                _ => {}
            }
            while let Some(message) = transaction.receive().await {
                if matches!(&message, SipMessage::Request(request) if request.method == Method::Cancel) {
                    transaction.reply(StatusCode::RequestTerminated).await?;
                }
            }
            Ok(())
        });
    }
    Ok(())
}

/// Kamailio with transactions: 180, then 200 at once.
pub fn kamailio() -> anyhow::Result<Peer> {
    // Taken and given back: it is asked for at once, and nobody else here asks for ports by number.
    let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let folder = std::env::temp_dir()
        .join(format!("switchroom-bench-kamailio-{:012x}", switchroom_bench::random() >> 16));
    fs::create_dir(&folder)?;
    let config = folder.join("kamailio.cfg");
    let modules = fs::read_dir("/usr/lib")?
        .flatten()
        .map(|entry| entry.path().join("kamailio/modules"))
        .find(|path| path.is_dir())
        .context("Kamailio's modules are not where Debian puts them")?;
    fs::write(
        &config,
        format!(
            r#"debug=-1
log_stderror=yes
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:{address}
mpath="{}/"
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
request_route {{
    if ($rm == "INVITE") {{
        t_newtran();
        t_reply("180", "Ringing");
        t_reply("200", "OK");
        exit;
    }}
    if ($rm == "ACK") exit;
    sl_send_reply("200", "OK");
}}
"#,
            modules.display()
        ),
    )?;
    let binary = ["/usr/sbin/kamailio", "/usr/local/sbin/kamailio"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .unwrap_or("kamailio");
    let child = Command::new(binary)
        .arg("-f")
        .arg(&config)
        .args(["-m", "6144", "-DD", "-E", "-P"])
        .arg(folder.join("pid"))
        .arg("-Y")
        .arg(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log"))?)
        .spawn()
        .context("kamailio does not start: dev/setup bench")?;
    let mut peer = Peer { address, child, folder: Some(folder.clone()) };
    let probe = UdpSocket::bind("127.0.0.1:0")?;
    probe.set_read_timeout(Some(Duration::from_millis(200)))?;
    let local = probe.local_addr()?;
    for attempt in 0..50 {
        let options = format!(
            "OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKp{attempt}\r\nMax-Forwards: 70\r\n\
             From: <sip:p@{local}>;tag=1\r\nTo: <sip:{address}>\r\nCall-ID: p{attempt}\r\nCSeq: 1 OPTIONS\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let _ = probe.send_to(options.as_bytes(), address);
        if probe.recv(&mut [0; 2048]).is_ok() {
            return Ok(peer);
        }
        if let Some(status) = peer.child.try_wait()? {
            bail!(
                "kamailio ended with {status}: {}",
                fs::read_to_string(folder.join("log")).unwrap_or_default()
            );
        }
    }
    bail!("kamailio does not answer: {}", fs::read_to_string(folder.join("log")).unwrap_or_default())
}
