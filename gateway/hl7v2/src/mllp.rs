//! MLLP frames (HL7 Transport Specification: MLLP, Release 1): VT, a message, FS, CR.
//!
//! Sans I/O: bytes go in as they come, frames come out whole. A fault ends the stream, since what
//! follows it cannot be told apart; nothing half read is ever given out. What peers are known to get
//! wrong without any doubt about the message is taken if [`Decoder::lenient`] says so. Not here:
//! time-outs, which the owner of the socket keeps with [`Decoder::is_in_frame`].

const VT: u8 = 0x0b;
const FS: u8 = 0x1c;
const CR: u8 = 0x0d;
const LF: u8 = 0x0a;
const NUL: u8 = 0x00;

/// What may stand between two frames: line ends, which some senders add.
const JUNK_BYTES_MAX: usize = 16;

/// Why a stream of bytes is not frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Framing {
    /// Something other than a frame and line ends.
    #[error("bytes are outside any frame")]
    Junk,
    /// Another frame begins inside a frame.
    #[error("a frame begins inside a frame")]
    Nested,
    /// FS is followed by something other than CR.
    #[error("the end of a frame is not FS CR")]
    End,
    /// The frame is over the limit.
    #[error("a frame is over the limit")]
    TooLong,
    /// The stream ended inside a frame.
    #[error("the stream ended inside a frame")]
    Half,
}

/// What is kept of a frame that a fault ended.
const BEGUN_BYTES_MAX: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle { junk: usize },
    InFrame,
    AfterFs,
    Dead(Framing),
}

/// What a stream was so far, for who watches over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames given out whole.
    pub frames: u64,
    /// Bytes outside any frame: line ends that were passed over, and the byte that ended the stream.
    pub junk_bytes: u64,
    /// Frames that began and did not end: 1 at most, since the stream ends with it.
    pub half_frames: u64,
    /// Bytes of that frame that came.
    pub half_frame_bytes: u64,
}

/// Bytes in, frames out.
#[derive(Debug)]
pub struct Decoder {
    frame_bytes_max: usize,
    lenient: bool,
    counts: Counts,
    state: State,
    frame: Vec<u8>,
}

impl Decoder {
    /// A decoder of frames of at most so many bytes.
    pub fn new(frame_bytes_max: usize) -> Decoder {
        Decoder {
            frame_bytes_max,
            lenient: false,
            counts: Counts::default(),
            state: State::Idle { junk: 0 },
            frame: Vec::new(),
        }
    }

    /// Whether FS LF ends a frame too, and NUL may stand between frames like a line end.
    #[must_use]
    pub fn lenient(mut self, lenient: bool) -> Decoder {
        self.lenient = lenient;
        self
    }

    /// What came so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes bytes up to the end of one frame: how many were taken, and the frame if it is whole.
    /// After a fault it takes nothing more.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(usize, Option<Vec<u8>>), Framing> {
        let mut taken = 0;
        while let Some(byte) = bytes.get(taken) {
            match self.state {
                State::Dead(why) => return Err(why),
                State::Idle { junk } => {
                    taken += 1;
                    let passes = matches!(*byte, CR | LF) || (self.lenient && *byte == NUL);
                    if *byte == VT {
                        self.state = State::InFrame;
                        continue;
                    }
                    self.counts.junk_bytes += 1;
                    if !passes || junk == JUNK_BYTES_MAX {
                        return self.die(Framing::Junk);
                    }
                    self.state = State::Idle { junk: junk + 1 };
                }
                State::InFrame => {
                    let rest = &bytes[taken..];
                    let end = rest.iter().position(|b| matches!(*b, VT | FS)).unwrap_or(rest.len());
                    if self.frame.len() + end > self.frame_bytes_max {
                        return self.die(Framing::TooLong);
                    }
                    self.frame.extend_from_slice(&rest[..end]);
                    taken += end;
                    match rest.get(end) {
                        None => {}
                        Some(&FS) => {
                            taken += 1;
                            self.state = State::AfterFs;
                        }
                        Some(_) => return self.die(Framing::Nested),
                    }
                }
                State::AfterFs => {
                    if *byte != CR && !(self.lenient && *byte == LF) {
                        return self.die(Framing::End);
                    }
                    return Ok((taken + 1, Some(self.whole())));
                }
            }
        }
        Ok((taken, None))
    }

    /// The stream ended. A frame whose CR alone is missing is whole.
    pub fn finish(&mut self) -> Result<Option<Vec<u8>>, Framing> {
        match self.state {
            State::Idle { .. } => Ok(None),
            State::AfterFs => Ok(Some(self.whole())),
            State::InFrame => self.die(Framing::Half),
            State::Dead(why) => Err(why),
        }
    }

    /// Whether a frame has begun and is not whole.
    pub fn is_in_frame(&self) -> bool {
        matches!(self.state, State::InFrame | State::AfterFs)
    }

    /// How the frame began that a fault ended: enough to know whom to answer, and no more.
    pub fn begun(&self) -> &[u8] {
        &self.frame
    }

    fn whole(&mut self) -> Vec<u8> {
        self.counts.frames += 1;
        self.state = State::Idle { junk: 0 };
        std::mem::take(&mut self.frame)
    }

    fn die<T>(&mut self, why: Framing) -> Result<T, Framing> {
        if self.is_in_frame() {
            self.counts.half_frames += 1;
            self.counts.half_frame_bytes = self.frame.len() as u64;
        }
        self.state = State::Dead(why);
        self.frame.truncate(BEGUN_BYTES_MAX);
        self.frame.shrink_to_fit();
        Err(why)
    }
}

/// The payload would end its own frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload holds a byte that frames a message")]
pub struct Unframeable;

/// A frame around a payload.
pub fn frame(payload: &[u8]) -> Result<Vec<u8>, Unframeable> {
    if payload.iter().any(|byte| matches!(*byte, VT | FS)) {
        return Err(Unframeable);
    }
    let mut frame = Vec::with_capacity(payload.len() + 3);
    frame.push(VT);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&[FS, CR]);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every frame of the pieces, and how the stream ended.
    fn frames(pieces: &[&[u8]], max: usize) -> (Vec<Vec<u8>>, Result<(), Framing>) {
        let (found, end, _) = decode(Decoder::new(max), pieces);
        (found, end)
    }

    fn decode(
        mut decoder: Decoder,
        pieces: &[&[u8]],
    ) -> (Vec<Vec<u8>>, Result<(), Framing>, Counts) {
        let mut found = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                match decoder.push(rest) {
                    Ok((taken, frame)) => {
                        rest = &rest[taken..];
                        found.extend(frame);
                    }
                    Err(why) => return (found, Err(why), decoder.counts()),
                }
            }
        }
        let end = decoder.finish().map(|frame| found.extend(frame));
        (found, end, decoder.counts())
    }

    fn check(bytes: &[u8], whole: &[&str], end: Result<(), Framing>) {
        let whole: Vec<Vec<u8>> = whole.iter().map(|one| one.as_bytes().to_vec()).collect();
        assert_eq!(frames(&[bytes], 10), (whole, end), "{bytes:?}");
    }

    #[test]
    fn frames_and_what_is_none() {
        check(b"", &[], Ok(()));
        check(b"\x0ba\x1c\x0d", &["a"], Ok(()));
        check(b"\x0ba\x1c\x0d\x0bb\x1c\x0d", &["a", "b"], Ok(()));
        check(b"\r\n\x0ba\x1c\x0d\r\n", &["a"], Ok(()));
        check(b"\x0b\x1c\x0d", &[""], Ok(()));
        check(b"\x0b1234567890\x1c\x0d", &["1234567890"], Ok(()));
        // The last CR missing at the end of the stream.
        check(b"\x0ba\x1c", &["a"], Ok(()));
        check(b"\x0b12345678901\x1c\x0d", &[], Err(Framing::TooLong));
        check(b"\x0ba\x1c\x0dx", &["a"], Err(Framing::Junk));
        check(b"\x1c\x0d\x0b", &[], Err(Framing::Junk));
        check(b"\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r", &[], Err(Framing::Junk));
        check(b"\x0ba\x0bb\x1c\x0d", &[], Err(Framing::Nested));
        check(b"\x0ba\x1cb\x1c\x0d", &[], Err(Framing::End));
        check(b"\x0ba\x1c\n", &[], Err(Framing::End));
        check(b"\x0ba", &[], Err(Framing::Half));
        check(b"\x0ba\x1c\x0d\x0bb", &["a"], Err(Framing::Half));
    }

    #[test]
    fn a_lenient_decoder_takes_what_leaves_no_doubt() {
        let check = |bytes: &[u8], whole: &[&str], end: Result<(), Framing>| {
            let whole: Vec<Vec<u8>> = whole.iter().map(|one| one.as_bytes().to_vec()).collect();
            let (found, ended, _) = decode(Decoder::new(10).lenient(true), &[bytes]);
            assert_eq!((found, ended), (whole, end), "{bytes:?}");
        };
        check(b"\x0ba\x1c\n\x0bb\x1c\r\n\x0bc\x1c\n\r", &["a", "b", "c"], Ok(()));
        check(b"\0\0\x0ba\x1c\r\0", &["a"], Ok(()));
        check(b"\x0ba\x1c", &["a"], Ok(()));
        check(&[0; JUNK_BYTES_MAX + 1], &[], Err(Framing::Junk));
        // All else is as strict as ever.
        check(b"\x0ba\x1cb", &[], Err(Framing::End));
        check(b"\x0ba\x1c\0", &[], Err(Framing::End));
        check(b"\x0ba\x0bb", &[], Err(Framing::Nested));
        check(b"a", &[], Err(Framing::Junk));
        let strict = decode(Decoder::new(10).lenient(false), &[b"\0"]);
        assert_eq!(strict.1, Err(Framing::Junk));
    }

    #[test]
    fn what_came_is_counted() {
        let counts = |bytes: &[u8]| {
            let found = decode(Decoder::new(10), &[bytes]).2;
            (found.frames, found.junk_bytes, found.half_frames, found.half_frame_bytes)
        };
        assert_eq!(counts(b"\r\n\x0ba\x1c\r\n\x0bb\x1c\r"), (2, 3, 0, 0));
        assert_eq!(counts(b"\rx"), (0, 2, 0, 0));
        assert_eq!(counts(b"\x0ba\x1c\r\x0babc"), (1, 0, 1, 3));
        assert_eq!(counts(b"\x0babc\x0b"), (0, 0, 1, 3));
        assert_eq!(counts(b"\x0babc\x1cx"), (0, 0, 1, 3));
        assert_eq!(counts(b"\x0babc\x1c"), (1, 0, 0, 0));
    }

    #[test]
    fn one_byte_at_a_time_is_the_same() {
        let bytes = b"\r\x0bMSH|1\x1c\r\n\x0bMSH|2\0\x1c\r\x0b";
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let found = decode(Decoder::new(10), &single);
        assert_eq!(found, decode(Decoder::new(10), &[bytes]));
        assert_eq!((found.0.len(), found.1), (2, Err(Framing::Half)));
    }

    #[test]
    fn after_a_fault_nothing_is_read() {
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.push(b"x"), Err(Framing::Junk));
        assert_eq!(decoder.push(b"\x0ba\x1c\x0d"), Err(Framing::Junk));
        assert_eq!(decoder.finish(), Err(Framing::Junk));
        assert_eq!(decoder.begun(), b"");
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.push(b"\x0bMSH|a\x0bMSH|b"), Err(Framing::Nested));
        assert_eq!(decoder.begun(), b"MSH|a");
    }

    #[test]
    fn a_payload_cannot_end_its_own_frame() {
        assert_eq!(frame(b"a\x1c\x0d\x0bb"), Err(Unframeable));
        assert_eq!(frame(b"a\x0b"), Err(Unframeable));
        assert_eq!(frame(b"a\r").unwrap(), b"\x0ba\r\x1c\x0d");
    }

    proptest! {
        #[test]
        fn any_split_of_bytes_gives_the_same_frames(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>().prop_filter("framing", |b| *b != VT && *b != FS), 0..30), 0..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|one| frame(one).unwrap()).collect();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(frames(&pieces, 30), (payloads, Ok(())));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![Just(VT), Just(FS), Just(CR), any::<u8>()], 0..60)) {
            let (found, _) = frames(&[&bytes], 30);
            prop_assert!(found.iter().all(|one| one.len() <= 30 && frame(one).is_ok()));
        }
    }
}
