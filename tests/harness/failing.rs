//! The power that fails at every point of a recorded run, each time on a disk of its own.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Dice, Disk, Op};

const THREADS: usize = 2;

/// A recorded run under a power that fails.
pub struct Failing<'a> {
    /// The folder that was recorded.
    pub root: &'a Path,
    /// The disk when recording began.
    pub start: &'a Disk,
    /// Each change, after how many bytes of the trace.
    pub ops: &'a [(usize, Op)],
    /// Which syncs hold.
    pub durable: &'a (dyn Fn(&Path) -> bool + Sync),
    /// What chance is made of.
    pub seed: u64,
}

impl Failing<'_> {
    /// Fails at each of these points, which ascend; `look` is given the number, the image that is left and
    /// how long the trace was then.
    pub fn at_each(&self, points: &[usize], look: &(dyn Fn(usize, &Path, usize) + Sync)) {
        let folder = tempfile::tempdir().unwrap();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let (mut disk, mut done) = (self.start.clone(), 0);
                    loop {
                        let n = next.fetch_add(1, Ordering::SeqCst);
                        let Some(point) = points.get(n) else { return };
                        for (_, op) in &self.ops[done..*point] {
                            if !matches!(op, Op::Sync(path) if !(self.durable)(path)) {
                                disk.apply(op);
                            }
                        }
                        done = *point;
                        let image = folder.path().join(format!("image-{n}"));
                        disk.crash(self.root, &image, &mut Dice(self.seed ^ n as u64));
                        let end = point.checked_sub(1).map_or(0, |last| self.ops[last].0);
                        look(n, &image, end);
                        fs::remove_dir_all(&image).unwrap();
                    }
                });
            }
        });
    }
}
