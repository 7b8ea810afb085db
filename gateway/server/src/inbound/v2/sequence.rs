//! The sequence number protocol (MSH-13, MSA-4; v2.5.1 §2.10.1), for links that ask for it.
//!
//! The number of the last message taken in is kept with it; the next is one more. 0 asks which number is
//! expected, since the other side starts; -1 says that whatever number comes next is the first. Neither
//! is a message to be taken in, whatever follows its MSH. A resend is answered before its number is
//! looked at. Not here: that one message of a link is in hand at a time, which the caller sees to.

use loopgate_hl7v2::{ErrorCode, Flaw, Header, Place};
use loopgate_referral::OrgId;

use crate::gate::Gate;
use crate::journal::LinkEvent;
use crate::partner::Link;
use crate::refusal::Trouble;
use crate::scribe::Command;

/// What MSA-4 says where no number is expected: any will do.
const ANY: i64 = -1;

/// Whether it is a message's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It is, or the link keeps no numbers.
    Now,
    /// It is no message to be taken in; this goes into MSA-4.
    Told(i64),
    /// It is not: what is wrong, and MSA-4.
    Not(Flaw, i64),
}

/// Whether it is this message's turn on a link.
pub fn turn(gate: &Gate, org: &OrgId, link: &Link, header: &Header) -> Result<Turn, Trouble> {
    if !link.sequence {
        return Ok(Turn::Now);
    }
    let expected = gate.scribe.published().world().links.expected(org);
    let turn = decide(expected, header.sequence);
    if header.sequence == Some(ANY) {
        let fact = Box::new(LinkEvent::Resynchronized { org: org.clone() });
        let who = (org.to_string(), "mllp");
        gate.scribe.ask_blocking(|reply| Command::Link(fact, who, reply))?;
    }
    Ok(turn)
}

/// The number that is kept with a message taken in, and said in MSA-4 of its acknowledgement.
pub fn kept(link: &Link, header: &Header) -> Option<u64> {
    let number = header.sequence.filter(|_| link.sequence)?;
    u64::try_from(number).ok().filter(|number| *number > 0)
}

fn decide(expected: Option<u64>, said: Option<i64>) -> Turn {
    let next = expected.map_or(ANY, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let flaw = |code, words: &'static str| Flaw::at(code, Place::field("MSH", 13), words);
    match said {
        None => Turn::Not(flaw(ErrorCode::RequiredFieldMissing, "is empty"), next),
        Some(ANY) => Turn::Told(ANY),
        Some(0) => Turn::Told(next),
        Some(number) if number > 0 && (next == ANY || number == next) => Turn::Now,
        Some(_) => {
            let words = "is not the number that is expected";
            Turn::Not(flaw(ErrorCode::ApplicationInternalError, words), next)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_one_more_than_the_last() {
        let not = |expected, said| match decide(expected, said) {
            Turn::Not(flaw, number) => (flaw.code.number(), number),
            turn => panic!("{turn:?}"),
        };
        assert_eq!(decide(Some(8), Some(8)), Turn::Now);
        assert_eq!(not(Some(8), Some(7)), (207, 8));
        assert_eq!(not(Some(8), Some(9)), (207, 8));
        assert_eq!(not(Some(8), Some(-2)), (207, 8));
        assert_eq!(not(Some(8), None), (101, 8));
        // (b) 0: the one after the last, or -1 if there was none.
        assert_eq!(decide(Some(8), Some(0)), Turn::Told(8));
        assert_eq!(decide(None, Some(0)), Turn::Told(-1));
        // (e) -1: whatever comes next is the first.
        assert_eq!(decide(Some(8), Some(-1)), Turn::Told(-1));
        assert_eq!(decide(None, Some(4711)), Turn::Now);
        assert_eq!(not(None, Some(-7)), (207, -1));
    }
}
