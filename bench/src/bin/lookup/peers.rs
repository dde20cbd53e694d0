//! What others answer from: Postgres and Redis, each over a Unix socket, with the same numbers.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use switchroom_bench::{SPREAD, Seeded, number, postgres::Socket, program::Program};

/// Two tables in the program's private Postgres: one indexed by number, one as the ILIKE way has it.
pub struct Postgres {
    socket: Socket,
    folder: PathBuf,
}

impl Postgres {
    pub fn fill(program: &Program, count: u64) -> anyhow::Result<Self> {
        let socket = Socket::of(program)?;
        socket.sql(
            "CREATE TABLE bench_lookup (e164 text NOT NULL, kind text NOT NULL, id uuid NOT NULL);
             CREATE TABLE bench_json (id uuid NOT NULL, phones jsonb NOT NULL)",
        )?;
        let row = |n: u64| format!("{}\tindividual\t{:032x}\n", number(n), n + 1);
        socket.copy("COPY bench_lookup FROM STDIN", (0..count).map(row))?;
        socket.sql(
            "CREATE INDEX ON bench_lookup (e164);
             INSERT INTO bench_json SELECT id, jsonb_build_array(jsonb_build_object('number', e164)) FROM bench_lookup;
             ANALYZE bench_lookup; ANALYZE bench_json",
        )?;
        Ok(Self { socket, folder: program.folder().to_owned() })
    }

    /// Nanoseconds a query.
    pub fn indexed(&self, seconds: u32) -> anyhow::Result<f64> {
        // The French fifth of the numbers.
        let script = format!(
            "\\set number 33600000000 + random(0, 199999) * {SPREAD} % 100000000
            SELECT kind, id FROM bench_lookup WHERE e164 = '+' || :number::text;\n"
        );
        self.measure(&script, &["-T", &seconds.to_string()])
    }

    pub fn ilike(&self, times: u32) -> anyhow::Result<f64> {
        let script = format!(
            "\\set number 600000000 + random(0, 199999) * {SPREAD} % 100000000
            SELECT id FROM bench_json WHERE phones::text ILIKE '%' || :number::text || '%';\n"
        );
        self.measure(&script, &["-t", &times.to_string()])
    }

    fn measure(&self, script: &str, length: &[&str]) -> anyhow::Result<f64> {
        let file = self.folder.join("query.sql");
        fs::write(&file, script)?;
        let mut pgbench = self.socket.command("pgbench");
        pgbench.args(["-n", "-M", "prepared", "-c", "1"]).args(length).arg("-f").arg(&file);
        let output = pgbench.output().context("pgbench does not start: run dev/setup bench")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let average = said.lines().find_map(|line| {
            line.strip_prefix("latency average = ")?.strip_suffix(" ms")?.parse::<f64>().ok()
        });
        let Some(average) = average.filter(|_| output.status.success()) else {
            bail!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr));
        };
        Ok(average * 1e6)
    }
}

/// A server of its own, which saves nothing.
pub struct Redis {
    server: Child,
    folder: PathBuf,
    stream: BufReader<UnixStream>,
    count: u64,
    random: Seeded,
}

impl Redis {
    pub fn fill(count: u64) -> anyhow::Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("switchroom-redis-{:012x}", switchroom_bench::random() >> 16));
        fs::create_dir(&folder)?;
        let socket = folder.join("redis.sock");
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start: run dev/setup bench")?;
        let deadline = Instant::now() + Duration::from_secs(10);
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let mut redis = Self { server, folder, stream: BufReader::new(stream), count, random: Seeded(4) };
        for batch in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let mut commands = String::new();
            for n in batch {
                let (field, value) = (number(*n).to_string(), format!("individual {:032x}", n + 1));
                commands += &command(&["HSET", "contacts", &field, &value]);
            }
            redis.stream.get_mut().write_all(commands.as_bytes())?;
            for _ in batch {
                ensure!(redis.line()?.starts_with(':'), "redis refused a row");
            }
        }
        Ok(redis)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "redis hung up");
        Ok(line)
    }

    /// Nanoseconds a question.
    pub fn measure(&mut self, times: u32) -> anyhow::Result<f64> {
        let began = Instant::now();
        for _ in 0..times {
            let n = self.random.below(self.count);
            let command = command(&["HGET", "contacts", &number(n).to_string()]);
            self.stream.get_mut().write_all(command.as_bytes())?;
            self.line()?;
            let answer = self.line()?;
            ensure!(answer.trim_end().ends_with(&format!("{:032x}", n + 1)), "redis says {answer}");
        }
        Ok(began.elapsed().as_nanos() as f64 / f64::from(times))
    }
}

/// In the protocol's own form.
fn command(words: &[&str]) -> String {
    let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{words}", words.matches('$').count())
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It keeps nothing that a kill could lose.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
