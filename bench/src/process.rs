//! What the system knows of a process: the CPU time it used, the memory it holds. Linux only, as the peers are.

use std::{fs, io, time::Duration};

/// The CPU time (user and system, all threads) of a process so far. Resolution: one tick of the kernel, 10 ms.
pub fn cpu(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command may hold spaces and brackets; the fields are counted behind its last one.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err(io::Error::other("the kernel's account of the process cannot be read"));
    };
    Ok(Duration::from_millis((user + system) * 10))
}

/// The CPU time of the threads that a process has now, to the nanosecond: for short runs of processes whose threads
/// stay.
pub fn cpu_exact(pid: u32) -> io::Result<Duration> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end between the listing and the look.
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(sum))
}

/// The CPU time of a process and of all that descend from it and live (Postgres: the postmaster and its backends). A
/// child that has ended counts where its parent has waited for it.
pub fn cpu_of_tree(pid: u32) -> io::Result<Duration> {
    let mut sum = cpu_with_reaped(pid)?;
    let mut open = vec![pid];
    while let Some(parent) = open.pop() {
        for child in children(parent) {
            // Gone meanwhile: its parent has its time.
            if let Ok(time) = cpu_with_reaped(child) {
                sum += time;
                open.push(child);
            }
        }
    }
    Ok(sum)
}

fn cpu_with_reaped(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let ticks: u64 =
        fields.get(11..15).unwrap_or_default().iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

/// Resident memory in bytes.
pub fn resident(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::other("the kernel does not tell the process's memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_cpu_and_memory() {
        let me = std::process::id();
        let before = cpu(me).expect("readable");
        let mut random = crate::Seeded(1);
        while cpu(me).expect("readable") < before + Duration::from_millis(30) {
            std::hint::black_box((0..100_000).map(|_| random.next_u64()).fold(0, u64::wrapping_add));
        }
        assert!(cpu_of_tree(me).expect("readable") >= before);
        assert!(cpu_exact(me).expect("readable") >= Duration::from_millis(20));
        assert!(resident(me).expect("readable") > 100_000);
    }
}
