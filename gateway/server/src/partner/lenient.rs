//! Deviations from the standard that a link may be allowed. None is, unless its file lists it; each
//! leaves no doubt about what the message says, or it would not be here.
//!
//! Taken without being listed, since all senders do it: a byte order mark, LF or CRLF as line ends, MSH-9.3
//! absent or wrong, an event that EVN-1 or the message code gives. Not here: passing over them
//! (`v2/quirks.rs`).

use super::link::Named;

/// A deviation that is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lenient {
    /// FS LF at the end of a frame, NUL between frames.
    FrameEnd,
    /// Empty lines between two segments.
    BlankLines,
    /// Control characters behind the last segment.
    TrailingJunk,
    /// MSH-11 empty.
    ProcessingId,
    /// MSH-12 empty, or not a version.
    Version,
    /// MSH-15 and MSH-16 with a code that table 0155 does not have.
    AckCodes,
    /// Timestamps with the signs of ISO 8601, or with blanks around them.
    Timestamps,
}

impl Lenient {
    /// One sentence for whoever runs the link or the other end of it.
    pub fn sentence(self) -> &'static str {
        match self {
            Lenient::FrameEnd => {
                "A frame may end with FS LF instead of FS CR, and NUL may stand between two frames."
            }
            Lenient::BlankLines => "Empty lines between two segments are passed over.",
            Lenient::TrailingJunk => {
                "Control characters and blanks behind the last segment are passed over."
            }
            Lenient::ProcessingId => "An empty MSH-11 is taken for the mode of the link.",
            Lenient::Version => {
                "An MSH-12 that is empty or no version is taken for the version of the link."
            }
            Lenient::AckCodes => {
                "An MSH-15 or MSH-16 other than AL, NE, ER and SU is taken for an empty one."
            }
            Lenient::Timestamps => {
                "Dates and times may have blanks around them and the hyphens, colons, T and Z of ISO 8601."
            }
        }
    }
}

impl Named for Lenient {
    const NAMES: &'static [(&'static str, Lenient)] = &[
        ("frame-end", Lenient::FrameEnd),
        ("blank-lines", Lenient::BlankLines),
        ("trailing-junk", Lenient::TrailingJunk),
        ("processing-id", Lenient::ProcessingId),
        ("version", Lenient::Version),
        ("ack-codes", Lenient::AckCodes),
        ("timestamps", Lenient::Timestamps),
    ];
}
