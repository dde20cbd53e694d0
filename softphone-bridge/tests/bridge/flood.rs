//! One address floods, others call: they are served as if it were not there, and what it may hold of ours is bounded.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream, UdpSocket},
};

use crate::support::{Answer, House, LINE, Phone, Wire, house};

/// Sends from 127.0.0.2 as fast as it can until told to stop, from a thread of its own; counts what was sent and what
/// was answered 503 with Retry-After.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    told: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Flood {
    fn start(house: &House, method: &'static str, uri: String) -> Self {
        let (stop, sent, told) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let socket = std::net::UdpSocket::bind("127.0.0.2:0").unwrap();
        socket.connect(house.bridge.address()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let thread = std::thread::spawn({
            let (stop, sent, told) = (stop.clone(), sent.clone(), told.clone());
            move || {
                let local = socket.local_addr().unwrap();
                let mut buffer = [0; 4096];
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..64 {
                        let n = sent.fetch_add(1, Ordering::Relaxed);
                        let via = format!("SIP/2.0/UDP {local};branch=z9hG4bKflood{n};rport");
                        let _ = socket
                            .send(Wire::request(method, &uri, &via, &format!("flood-{n}")).text().as_bytes());
                    }
                    while let Ok(length) = socket.recv(&mut buffer) {
                        let answer = Answer::parse(&buffer[..length]);
                        if answer.status == 503 && answer.header("Retry-After").is_some() {
                            told.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        });
        Self { stop, sent, told, thread: Some(thread) }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Calls one after the other, each with the repetitions of RFC 3261 (timer A), until it rings; then gives up.
async fn call(house: &House) {
    let phone = Phone::new(house).await;
    let invite = phone.invite(LINE);
    let mut pause = Duration::from_millis(500);
    loop {
        phone.send(&invite).await;
        let ringing = tokio::time::timeout(pause, phone.expect(180)).await;
        if ringing.is_ok() {
            break;
        }
        pause *= 2;
        assert!(pause < Duration::from_secs(32), "a caller was not served");
    }
    let mut cancel = invite.clone().set("CSeq", "1 CANCEL");
    cancel.start = invite.start.replacen("INVITE", "CANCEL", 1);
    // The flood may take it as it may take the INVITE, so it is repeated as well (timer E).
    let mut pause = Duration::from_millis(500);
    let end = loop {
        phone.send(&cancel).await;
        if let Ok(end) = tokio::time::timeout(pause, phone.expect(487)).await {
            break end;
        }
        pause *= 2;
        assert!(pause < Duration::from_secs(32), "no end");
    };
    phone.ack(&invite, &end).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_served_beside_a_flood_of_invites() {
    let house = house(|settings| {
        settings.ringing_limit = 100;
        settings.ring_timeout = Duration::from_secs(60);
    })
    .await;
    let flood = Flood::start(&house, "INVITE", format!("sip:{LINE}@127.0.0.1"));
    while flood.told.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        call(&house).await;
    }
    let sent = flood.sent.load(Ordering::Relaxed);
    assert!(sent > 5_000, "no flood: {sent}");
    // The flood holds its share of the ringing calls and no more.
    let flooding =
        house.fake.facts().iter().filter(|fact| fact.provider_call_id.starts_with("flood-")).count();
    assert_eq!(flooding, 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_served_beside_a_flood_of_options_and_of_octets() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(60)).await;
    for method in ["OPTIONS", "REGISTER", "CANCEL", "BYE"] {
        let flood = Flood::start(&house, method, "sip:127.0.0.1".to_owned());
        while flood.sent.load(Ordering::Relaxed) < 1_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for _ in 0..5 {
            call(&house).await;
        }
    }
}

async fn connect(house: &House, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(from.parse().unwrap()).unwrap();
    socket.connect(house.bridge.address()).await.unwrap()
}

/// Whether the server has closed it.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut octet = [0];
    !matches!(
        tokio::time::timeout(Duration::from_millis(20), stream.read(&mut octet)).await,
        Err(_) | Ok(Ok(1))
    )
}

#[tokio::test]
async fn silent_connections_are_few_and_short_lived() {
    let house = house(|settings| {
        settings.tcp_limit = 300;
        settings.tcp_limit_per_source = 50;
        settings.tcp_message = Duration::from_secs(3);
    })
    .await;
    let mut silent = Vec::new();
    for n in 0..500 {
        silent.push(connect(&house, &format!("127.0.0.{}:0", 2 + n % 5)).await);
    }
    let mut open = 0;
    for stream in &mut silent {
        open += usize::from(!is_closed(stream).await);
    }
    assert!(open <= 250, "{open}");

    // Others connect and call meanwhile, over both transports.
    call(&house).await;
    let mut line = crate::tcp::Line::new(&house).await;
    let options = Wire::request("OPTIONS", "sip:127.0.0.1", &line.via, "beside").text();
    line.send(options.as_bytes()).await;
    assert_eq!(line.answer().await.map(|answer| answer.status), Some(200));

    // A connection that has been used is left alone, one that never was is not.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let mut last = silent.pop().unwrap();
    for stream in silent.iter_mut().chain([&mut last]) {
        while !is_closed(stream).await {
            assert!(tokio::time::Instant::now() < deadline, "a silent connection stays open");
        }
    }
    line.send(options.as_bytes()).await;
    assert_eq!(line.answer().await.map(|answer| answer.status), Some(200));
}

/// What answers arrive at: the source, or the address and port that the Via names.
#[tokio::test]
async fn answers_go_where_the_via_says() {
    let house = house(|_| {}).await;
    let listening = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = listening.local_addr().unwrap().port();
    let sending = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (method, uri, status) in [
        ("OPTIONS", "sip:127.0.0.1".to_owned(), "200"),
        ("INVITE", format!("sip:{LINE}@127.0.0.1"), "100"),
        ("INVITE", "sip:nobody@127.0.0.1".to_owned(), "404"),
    ] {
        for (rport, arrives_at) in [("", &listening), (";rport", &sending)] {
            let branch = uuid::Uuid::new_v4().simple();
            let via = format!("SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch}{rport}");
            let request = Wire::request(method, &uri, &via, &branch.to_string());
            sending.send_to(request.text().as_bytes(), house.bridge.address()).await.unwrap();
            let mut buffer = [0; 4096];
            // Later answers to the calls before are on their way as well.
            loop {
                let receive = tokio::time::timeout(Duration::from_secs(5), arrives_at.recv(&mut buffer));
                let length = receive.await.unwrap_or_else(|_| panic!("{method}{rport}: nothing")).unwrap();
                let answer = Answer::parse(&buffer[..length]);
                if answer.header("Call-ID") == Some(&branch.to_string()) {
                    assert_eq!(answer.status.to_string(), status, "{method}{rport}");
                    break;
                }
            }
        }
    }
}
