//! A growing array of shared values that is read without locks while one writer fills it.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

/// Slots per chunk. A chunk never moves; only the list of chunks is replaced when one is added.
const CHUNK: usize = 512;

type Chunk<T> = Arc<[ArcSwapOption<T>]>;

pub(super) struct Slots<T> {
    chunks: ArcSwap<Vec<Chunk<T>>>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { chunks: ArcSwap::from_pointee(Vec::new()) }
    }
}

impl<T> Slots<T> {
    pub fn get(&self, index: u32) -> Option<Arc<T>> {
        let index = index as usize;
        let chunks = self.chunks.load();
        chunks.get(index / CHUNK)?.get(index % CHUNK)?.load_full()
    }

    /// Looks at a value without counting a reference to it.
    pub fn with<R>(&self, index: u32, look: impl FnOnce(&T) -> R) -> Option<R> {
        let index = index as usize;
        let chunks = self.chunks.load();
        let value = chunks.get(index / CHUNK)?.get(index % CHUNK)?.load();
        value.as_deref().map(look)
    }

    /// One writer at a time.
    pub fn set(&self, index: u32, value: Option<Arc<T>>) {
        let index = index as usize;
        let chunks = self.chunks.load();
        if let Some(slot) = chunks.get(index / CHUNK).and_then(|chunk| chunk.get(index % CHUNK)) {
            slot.store(value);
            return;
        }
        let mut grown = Vec::clone(&chunks);
        while grown.len() <= index / CHUNK {
            grown.push((0..CHUNK).map(|_| ArcSwapOption::empty()).collect());
        }
        grown[index / CHUNK][index % CHUNK].store(value);
        self.chunks.store(Arc::new(grown));
    }

    /// Bytes of the slots themselves, without what they hold.
    pub fn bytes(&self) -> usize {
        self.chunks.load().len() * (CHUNK * size_of::<ArcSwapOption<T>>() + size_of::<Chunk<T>>())
    }
}
