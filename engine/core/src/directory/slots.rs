//! A growing array that is read without locks while one writer adds to it. What is in it never moves, and reading an
//! element costs one read of memory beyond the few lines that stay in the cache.

use std::sync::OnceLock;

/// Elements of the first level; every further level holds twice as many.
const FIRST: usize = 256;
/// From this level on chunks are larger: the list of them stays small, and a chunk is still a small part of the whole.
const LARGE_FROM: u32 = 9;
const SMALL_CHUNK: usize = 256;
const LARGE_CHUNK: usize = 1_024;
/// Enough for every 31-bit index.
const LEVELS: usize = 24;

type Level<T> = Box<[OnceLock<Box<[T]>>]>;

pub(super) struct Slots<T> {
    levels: [OnceLock<Level<T>>; LEVELS],
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { levels: std::array::from_fn(|_| OnceLock::new()) }
    }
}

/// Level, chunk within it, element within that.
fn place(index: u32) -> (usize, usize, usize) {
    let index = index as usize + FIRST;
    let level = (index / FIRST).ilog2();
    let inside = index - (FIRST << level);
    if level < LARGE_FROM {
        (level as usize, inside / SMALL_CHUNK, inside % SMALL_CHUNK)
    } else {
        (level as usize, inside / LARGE_CHUNK, inside % LARGE_CHUNK)
    }
}

fn chunk_size(level: usize) -> usize {
    if level < LARGE_FROM as usize { SMALL_CHUNK } else { LARGE_CHUNK }
}

impl<T: Default> Slots<T> {
    pub fn get(&self, index: u32) -> Option<&T> {
        let (level, chunk, element) = place(index);
        self.levels.get(level)?.get()?.get(chunk)?.get()?.get(element)
    }

    /// The element, made where it is not there yet.
    pub fn make(&self, index: u32) -> &T {
        let (level, chunk, element) = place(index);
        let size = chunk_size(level);
        let chunks = self.levels[level]
            .get_or_init(|| (0..(FIRST << level) / size).map(|_| OnceLock::new()).collect());
        &chunks[chunk].get_or_init(|| (0..size).map(|_| T::default()).collect())[element]
    }

    /// Bytes of the elements themselves, without what they point to.
    pub fn bytes(&self) -> usize {
        let of_level = |(level, chunks): (usize, &Level<T>)| {
            let made = chunks.iter().filter(|chunk| chunk.get().is_some()).count();
            size_of_val(&**chunks) + made * chunk_size(level) * size_of::<T>()
        };
        self.levels.iter().enumerate().filter_map(|(at, level)| Some((at, level.get()?))).map(of_level).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let slots = Slots::<AtomicU32>::default();
        assert!(slots.get(0).is_none());
        for index in 0..300_000 {
            slots.make(index).store(index, Ordering::Relaxed);
        }
        for index in 0..300_000 {
            assert_eq!(slots.get(index).unwrap().load(Ordering::Relaxed), index);
        }
        assert!(slots.bytes() >= 300_000 * 4 && slots.bytes() < 310_000 * 4);
        assert!(slots.get(u32::MAX >> 1).is_none());
    }
}
