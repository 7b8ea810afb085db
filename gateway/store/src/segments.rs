//! The log's folder: its segments, what is in which, and reading frames from them.
//!
//! A segment is named by its first frame, twenty digits and `.seg`. It has its name only once its head
//! is durable. The newest is written; the others are never touched again, and checked from beginning
//! to end before anything is read from them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::files::write_durably;
use crate::proofs::proofs;
use crate::segment::{Index, Link, NO_LINK, Scanned, Window, scan, segment_head};
use crate::{Frame, Outage, Stored};

/// Segments, oldest first, by their first frame; the index of one that was looked into.
#[derive(Debug)]
pub(crate) struct Segments {
    dir: PathBuf,
    known: RwLock<Vec<(u64, Option<Index>)>>,
}

/// The newest segment as it was found: its file, and whether a torn write has to be cut off.
pub(crate) struct Newest {
    pub path: PathBuf,
    pub index: Index,
    pub torn: bool,
}

impl Segments {
    /// Looks at the folder, which has a first segment when this returns, and checks the newest one.
    pub(crate) fn open(dir: &Path) -> Result<(Segments, Newest), Outage> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(Outage::disk)? {
            let path = entry.map_err(Outage::disk)?.path();
            if path.extension().is_some_and(|end| end == "seg") {
                let name = path.file_stem().and_then(|name| name.to_str());
                let first = name.filter(|name| name.len() == 20).and_then(|name| name.parse().ok());
                names.push(first.ok_or(Outage::Damaged("a segment's name"))?);
            }
        }
        names.sort_unstable();
        let segments = Segments { dir: dir.to_owned(), known: RwLock::default() };
        if names.is_empty() {
            segments.create(0, &NO_LINK)?;
            names.push(0);
        }
        if names.first() != Some(&0) {
            return Err(Outage::Damaged("the first segment of the log is missing"));
        }
        let newest = names.last().copied().unwrap_or_default();
        let path = segments.path(newest);
        let bytes = fs::read(&path).map_err(Outage::disk)?;
        let (index, torn) = match scan(&bytes, newest) {
            Scanned::Whole(index) => (index, false),
            Scanned::Torn(index) => (index, true),
            Scanned::Corrupt(sequence) => return Err(Outage::Corrupt { sequence }),
            Scanned::NoSegment => return Err(Outage::Damaged("the newest segment has no head")),
        };
        let mut known: Vec<_> = names.into_iter().map(|first| (first, None)).collect();
        if let Some(last) = known.last_mut() {
            last.1 = Some(index.clone());
        }
        *segments.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok((segments, Newest { path, index, torn }))
    }

    /// Makes the segment that begins with a frame; durable when it returns.
    pub(crate) fn create(&self, first: u64, link: &Link) -> Result<PathBuf, Outage> {
        let path = self.path(first);
        write_durably(&path, &segment_head(first, link), 0o600).map_err(Outage::disk)?;
        Ok(path)
    }

    /// A new segment begins; its file is there.
    pub(crate) fn begin(&self, first: u64, link: Link) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.push((first, Some(Index::empty(first, link))));
    }

    /// A record of so many bytes is durable in the newest segment: from here on it is read.
    pub(crate) fn push(&self, record_bytes: u64, link: Link) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, Some(index))) = known.last_mut() {
            index.push(record_bytes, link);
        }
    }

    fn path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("{first:020}.seg"))
    }

    /// Where a frame is; none past the end.
    fn locate(&self, sequence: u64) -> Result<Option<Located>, Outage> {
        loop {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let n = known.partition_point(|(first, _)| *first <= sequence);
            let Some(n) = n.checked_sub(1) else { return Ok(None) };
            let (first, index) = &known[n];
            if let Some(index) = index {
                let place = index.before(sequence).filter(|_| sequence < index.next);
                return Ok(place.map(|place| Located { first: *first, place, end: index.end }));
            }
            let (first, next) = (*first, known.get(n + 1).map(|(next, _)| *next));
            drop(known);
            self.look_into(n, first, next)?;
        }
    }

    /// Checks a segment that is not the newest, against the ones beside it too.
    fn look_into(&self, n: usize, first: u64, next: Option<u64>) -> Result<(), Outage> {
        let bytes = fs::read(self.path(first)).map_err(Outage::disk)?;
        let index = match scan(&bytes, first) {
            Scanned::Whole(index) if Some(index.next) == next => index,
            // Cut short, or its end is damaged: what follows is in the next segment.
            Scanned::Whole(Index { next: sequence, .. })
            | Scanned::Torn(Index { next: sequence, .. })
            | Scanned::Corrupt(sequence) => return Err(Outage::Corrupt { sequence }),
            Scanned::NoSegment => return Err(Outage::Corrupt { sequence: first }),
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let link = |n: usize| known.get(n).and_then(|(_, index)| index.as_ref());
        let before = n.checked_sub(1).and_then(link).map(|index| index.links.1);
        let after = link(n + 1).map(|index| index.links.0);
        if before.is_some_and(|before| before != index.links.0)
            || after.is_some_and(|after| after != index.links.1)
            || (n == 0 && index.links.0 != NO_LINK)
        {
            return Err(Outage::Damaged("a segment is of another log"));
        }
        known[n].1 = Some(index);
        Ok(())
    }

    /// A frame and its proofs; none past the end.
    pub(crate) fn read(
        &self,
        sequence: u64,
        window: &Mutex<Window>,
    ) -> Result<Option<Stored>, Outage> {
        let Some(at) = self.locate(sequence)? else { return Ok(None) };
        let payload = match window.try_lock() {
            Ok(mut window) => self.payload(sequence, at, &mut window),
            // Somebody else reads by it.
            Err(_) => self.payload(sequence, at, &mut Window::default()),
        };
        let payload = payload.map_err(Outage::disk)?.ok_or(Outage::Corrupt { sequence })?;
        let frame =
            Frame::decode(&payload).map_err(|_| Outage::Damaged("a frame does not decode"))?;
        if frame.sequence != sequence {
            return Err(Outage::Damaged("a frame is not where it belongs"));
        }
        let committed = proofs(&frame);
        Ok(Some(Stored { frame, committed }))
    }

    fn payload(
        &self,
        sequence: u64,
        at: Located,
        window: &mut Window,
    ) -> io::Result<Option<Vec<u8>>> {
        if !window.is_of(at.first) {
            *window = Window::of(at.first, File::open(self.path(at.first))?);
        }
        window.read(sequence, at.place, at.end)
    }
}

/// Where a frame is.
#[derive(Debug, Clone, Copy)]
struct Located {
    /// The first frame of its segment.
    first: u64,
    /// A frame at or before it, and where that one begins.
    place: (u64, u64),
    /// Where the records of its segment end.
    end: u64,
}
