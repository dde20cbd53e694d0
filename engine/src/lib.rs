//! Runtime: ingest, the shard loop, log appender, directory sync, timers.

pub mod ingest;
