//! Passwords: Argon2id beside the reactor, behind a small semaphore, so that a storm of sign-ins delays sign-ins and
//! never a call.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

#[derive(Debug, thiserror::Error)]
#[error("password hashing failed")]
pub struct HashFailed;

/// The hasher of the house.
pub struct Passwords {
    argon2: Argon2<'static>,
    permits: Arc<Semaphore>,
    /// Verified where nobody has the e-mail, so that the answer takes as long as for somebody.
    decoy: String,
}

impl Passwords {
    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
    pub fn new() -> Result<Self, HashFailed> {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| HashFailed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash_with(&argon2, "nobody has this password")?;
        Ok(Self { argon2, permits: Arc::new(Semaphore::new(2)), decoy })
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

    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashFailed> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| HashFailed)?;
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a client that gives up does not free the place of a hash still running.
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| HashFailed)
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &str) -> Result<String, HashFailed> {
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| HashFailed)
}

/// Hashes outside a running server (commands).
pub fn hash_blocking(password: &str) -> Result<String, HashFailed> {
    hash_with(&Passwords::new()?.argon2, password)
}

#[cfg(test)]
mod tests {
    use super::*;

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
