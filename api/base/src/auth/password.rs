//! Passwords: Argon2id on threads of its own, which get what the calls leave of the cores, so that a storm of sign-ins
//! delays sign-ins and never a call.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::oneshot;

/// Hashes under way at once; each holds 19 MiB.
const HASHERS: usize = 2;
/// Hashes that wait. On an idle machine the last of them is done within two seconds; beyond them nobody is helped by
/// waiting too.
const WAITING: usize = 64;
/// How much they yield to others (`setpriority`): about a tenth of a core beside a thread that wants all of it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Why there is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashFailed {
    /// Too many wait already; later there may be room.
    #[error("too many passwords are waiting to be hashed")]
    Full,
    #[error("password hashing failed")]
    Failed,
}

/// The hasher of the house.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// To the hashers, which end with it.
    work: mpsc::SyncSender<Work>,
    /// Verified where nobody has the e-mail, so that the answer takes as long as for somebody.
    decoy: String,
}

impl Passwords {
    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
    pub fn new() -> Result<Self, HashFailed> {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| HashFailed::Failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash_with(&argon2, "nobody has this password")?;
        Ok(Self { argon2, work: start_hashers()?, decoy })
    }

    pub async fn hash(&self, password: &str) -> Result<String, HashFailed> {
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        self.beside(move || hash_with(&argon2, &password)).await?
    }

    /// Whether the password fits. `stored` None (nobody, or no password set) takes as long and is always false.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, HashFailed> {
        let argon2 = self.argon2.clone();
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let password = password.to_owned();
        let fits = self
            .beside(move || {
                PasswordHash::new(&stored)
                    .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(fits && known)
    }

    /// Does the work on one of the hashers. Once begun it is done to the end; whoever gives up before frees the place.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashFailed> {
        let (done, answer) = oneshot::channel();
        let work = move || {
            if !done.is_closed() {
                // Whoever asked may give up meanwhile.
                let _ = done.send(work());
            }
        };
        self.work.try_send(Box::new(work)).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => HashFailed::Full,
            mpsc::TrySendError::Disconnected(_) => HashFailed::Failed,
        })?;
        answer.await.map_err(|_| HashFailed::Failed)
    }
}

type Work = Box<dyn FnOnce() + Send>;

fn start_hashers() -> Result<mpsc::SyncSender<Work>, HashFailed> {
    let (sender, queue) = mpsc::sync_channel::<Work>(WAITING);
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..HASHERS {
        let queue = Arc::clone(&queue);
        let hasher = move || {
            step_back();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                match next {
                    // A panic would be a bug of a library; it is one failed hash and not the end of hashing.
                    Ok(work) => drop(catch_unwind(AssertUnwindSafe(work))),
                    Err(mpsc::RecvError) => break,
                }
            }
        };
        thread::Builder::new().name("hasher".to_owned()).spawn(hasher).map_err(|_| HashFailed::Failed)?;
    }
    Ok(sender)
}

/// Lets every other thread go first. Elsewhere than on Linux a priority is a whole process's.
fn step_back() {
    #[cfg(target_os = "linux")]
    use rustix::process::{getpriority_process, setpriority_process};

    #[cfg(target_os = "linux")]
    if getpriority_process(None).is_ok_and(|niceness| niceness < NICENESS)
        && let Err(error) = setpriority_process(None, NICENESS)
    {
        tracing::warn!(%error, "hashes of passwords run at the priority of calls");
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &str) -> Result<String, HashFailed> {
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| HashFailed::Failed)
}

/// Hashes outside a running server (commands).
pub fn hash_blocking(password: &str) -> Result<String, HashFailed> {
    hash_with(&Passwords::new()?.argon2, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashes_yield_to_calls() {
        let own = rustix::process::getpriority_process(None).unwrap();
        let passwords = Passwords::new().unwrap();
        let niceness =
            passwords.beside(|| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(niceness, own.max(NICENESS));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), own, "of those threads only");
    }

    #[tokio::test]
    async fn those_beyond_the_queue_are_told_at_once() {
        let passwords = Arc::new(Passwords::new().unwrap());
        // The hashers are held up, so that what is asked for waits.
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..HASHERS + WAITING + 10 {
            let (passwords, held) = (Arc::clone(&passwords), Arc::clone(&held));
            let work = move || {
                let _ = held.lock().unwrap().recv();
            };
            asking.spawn(async move { passwords.beside(work).await });
        }
        for _ in 0..10 {
            assert_eq!(asking.join_next().await.unwrap().unwrap(), Err(HashFailed::Full));
        }
        drop(release);
        asking.join_all().await;
        assert_eq!(passwords.verify("x", None).await, Ok(false), "there is room again");
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("grün 🔑").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("grün 🔑", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("grun", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("x", Some("not a hash")).await.unwrap());
        assert!(!passwords.verify("nobody has this password", None).await.unwrap());
    }
}
