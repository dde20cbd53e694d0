//! The pure rules of the SIP door: what a request must look like before a transaction is opened for it, who is calling
//! whom, and what a SIP ending means in the words of a call centre. No socket, no clock, no SIP library.
//!
//! Why requests are looked at here although a library parses them: the library is generous (a wrong Content-Length or
//! a second Call-ID passes), and generosity about framing and identity is how one party is made to see another message
//! than the next. What this room lets through is unambiguous.

pub mod address;
pub mod ending;
pub mod identity;
mod list;
pub mod message;
pub mod refuse;
pub mod share;
pub mod trust;
pub mod via;

pub use message::{Examined, Message, Transport, examine, frame_length};
pub use refuse::{ALLOW, Refused, USER_AGENT, stateless};
pub use trust::{Network, Trust};
