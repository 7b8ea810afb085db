//! A message with several orders, as several messages with one order each.
//!
//! Parted by the order of its segments, never by MSH-9.3, which is often missing or wrong. An order
//! begins with ORC, or with OBR where no ORC stands before it, and goes on to the next; what stands
//! before the first one belongs to each, and so does a document (TXA and what follows). In a referral
//! (RF1) OBR is no order. Not here: which order is a referral.

use std::ops::Range;

use crate::{ErrorCode, Flaw, Message, Segment};

/// Segments of all the messages together: each is a copy.
const SEGMENTS_MAX: usize = 100_000;

/// Values of ORC-1 with which a placer speaks of an order of its own (table 0119). After earlier
/// results, only an ORC with one of these begins the next order.
const OF_THE_PLACER: [&str; 11] =
    ["NW", "CA", "DC", "HD", "RL", "XO", "RP", "RO", "CH", "PA", "NA"];

/// Where each segment belongs. Segments that belong together stand together.
#[derive(Default)]
struct Parts {
    /// Before anything about a person.
    beginning: Range<usize>,
    /// About the person that the next orders are for.
    person: Range<usize>,
    /// Each order: the person's segments and its own, of which there are none for a person without
    /// orders.
    orders: Vec<(Range<usize>, Range<usize>)>,
    /// A document, and the end of the message.
    end: Range<usize>,
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Beginning,
    Person,
    /// An order, which has its OBR or not yet.
    Order {
        obr: bool,
    },
    /// Results of before, which an order carries along.
    Earlier,
    End,
}

impl Message {
    /// One message for each order, in their order; a message without orders gives itself alone.
    ///
    /// # Errors
    ///
    /// 104 if copying what the orders share would take more room than any real message needs.
    pub fn orders(&self) -> Result<Vec<Message>, Flaw> {
        let parts = self.parts();
        if parts.orders.len() < 2 {
            return Ok(vec![self.clone()]);
        }
        let size = |(person, own): &(Range<usize>, Range<usize>)| {
            parts.beginning.len() + person.len() + own.len() + parts.end.len()
        };
        if parts.orders.iter().map(size).sum::<usize>() > SEGMENTS_MAX {
            return Err(Flaw::whole(ErrorCode::ValueTooLong, "the message has too many orders"));
        }
        let one = |(person, own): &(Range<usize>, Range<usize>)| {
            let all = [&parts.beginning, person, own, &parts.end];
            let all = all.into_iter().filter_map(|part| self.segments.get(part.clone()));
            let segments = all.flatten().cloned().collect();
            Message { delimiters: self.delimiters, segments }
        };
        Ok(parts.orders.iter().map(one).collect())
    }

    fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        if self.segments.iter().any(|one| one.name == "RF1") {
            return parts;
        }
        let results = self.raw("MSH", 9, 1) == Some("ORU");
        let mut open = Open::Beginning;
        for (n, segment) in self.segments.iter().enumerate() {
            let name = segment.name.as_str();
            open = match (open, name) {
                (Open::End, _) => open,
                (_, "TXA" | "DSC") => {
                    parts.next_person(open);
                    Open::End
                }
                (Open::Order { .. } | Open::Earlier, "PID") if !results => Open::Earlier,
                (_, "PID") => {
                    parts.next_person(open);
                    Open::Person
                }
                _ if begins(open, segment) => {
                    parts.orders.push((parts.person.clone(), n..n));
                    Open::Order { obr: name == "OBR" }
                }
                (Open::Order { .. }, "OBR") => Open::Order { obr: true },
                _ => open,
            };
            let part = match (open, parts.orders.last_mut()) {
                (Open::Order { .. } | Open::Earlier, Some((_, own))) => own,
                (Open::Person, _) => &mut parts.person,
                (Open::End, _) => &mut parts.end,
                _ => &mut parts.beginning,
            };
            *part = if part.start == part.end { n..n + 1 } else { part.start..n + 1 };
        }
        parts.next_person(open);
        // People alone are no orders.
        if parts.orders.iter().all(|(_, own)| own.is_empty()) {
            parts.orders.clear();
        }
        parts
    }
}

impl Parts {
    /// Ends the person's segments. If no order followed them, they make a message of their own, so
    /// that they are not lost.
    fn next_person(&mut self, open: Open) {
        let person = std::mem::take(&mut self.person);
        if open == Open::Person {
            self.orders.push((person, 0..0));
        }
    }
}

/// Whether an order begins here.
fn begins(open: Open, segment: &Segment) -> bool {
    let control = segment.raw(1, 1).unwrap_or_default();
    match (segment.name.as_str(), open) {
        ("ORC", Open::Earlier) => OF_THE_PLACER.contains(&control),
        ("ORC", _) => true,
        ("OBR", Open::Beginning | Open::Person | Open::Order { obr: true }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, Limits};

    fn read(lines: &[&str]) -> Message {
        crate::read(lines.join("\r").as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
    }

    /// The names of each order's segments, with field 1 where there is one.
    fn check(kind: &str, lines: &[&str], expected: &[&str]) {
        let msh = format!(r"MSH|^~\&|EHR|H|LG|T|2026||{kind}|1|P|2.5.1");
        let message = read(&[&[msh.as_str()], lines].concat());
        let shown = |one: &Message| {
            let part = |one: &Segment| [&one.name, one.raw(1, 1).unwrap_or_default()].concat();
            one.segments[1..].iter().map(part).collect::<Vec<_>>().join(" ")
        };
        let found: Vec<String> = message.orders().unwrap().iter().map(shown).collect();
        assert_eq!(found, expected, "{kind} {lines:?}");
    }

    #[test]
    fn each_order_comes_with_what_all_of_them_share() {
        check("ACK", &["MSA|AA"], &["MSAAA"]);
        check("ORM^O01", &["PID|1", "ORC|NW", "OBR|1"], &["PID1 ORCNW OBR1"]);
        check(
            "OMG^O19",
            &["NTE|1", "PID|1", "PV1|1", "ORC|NW", "OBR|1", "DG1|1", "ORC|CA", "OBR|2", "NTE|2"],
            &["NTE1 PID1 PV11 ORCNW OBR1 DG11", "NTE1 PID1 PV11 ORCCA OBR2 NTE2"],
        );
        // A status has no OBR, and may have no PID.
        check("OSU^O51", &["ORC|OK", "ORC|UA"], &["ORCOK", "ORCUA"]);
        check(
            "ORR^O02",
            &["MSA|AA", "ORC|OK", "OBR|1", "ORC|UA"],
            &["MSAAA ORCOK OBR1", "MSAAA ORCUA"],
        );
    }

    #[test]
    fn a_result_begins_with_obr_where_no_orc_stands_before_it() {
        check(
            "ORU^R01",
            &["PID|1", "OBR|1", "OBX|1", "OBR|2", "OBX|1", "ORC|RE", "OBR|3", "DSC|x"],
            &["PID1 OBR1 OBX1 DSCx", "PID1 OBR2 OBX1 DSCx", "PID1 ORCRE OBR3 DSCx"],
        );
        // Each person's results stay that person's.
        check(
            "ORU^R01",
            &["PID|1", "PV1|1", "OBR|1", "PID|2", "OBR|2", "OBR|3"],
            &["PID1 PV11 OBR1", "PID2 OBR2", "PID2 OBR3"],
        );
    }

    #[test]
    fn a_person_without_orders_is_not_lost() {
        let people = ["PID|1", "PV1|1", "PID|2", "OBR|1", "PID|3", "PV1|3"];
        check("ORU^R01", &people, &["PID1 PV11", "PID2 OBR1", "PID3 PV13"]);
        check("ORU^R01", &["PID|1", "OBR|1", "PID|2", "DSC|x"], &["PID1 OBR1 DSCx", "PID2 DSCx"]);
        check("ADT^A40", &["PID|1", "MRG|1", "PID|2", "MRG|2"], &["PID1 MRG1 PID2 MRG2"]);
    }

    #[test]
    fn results_of_before_go_with_their_order() {
        check(
            "OMG^O19",
            &["PID|1", "ORC|NW", "OBR|1", "PID|1", "OBR|8", "ORC|RE", "OBR|9", "ORC|NW", "OBR|2"],
            &["PID1 ORCNW OBR1 PID1 OBR8 ORCRE OBR9", "PID1 ORCNW OBR2"],
        );
    }

    #[test]
    fn a_referral_has_no_orders_and_a_document_belongs_to_each() {
        let referral = ["RF1|A", "PRD|RP", "PID|1", "OBR|1", "OBX|1", "OBR|2"];
        check("REF^I12", &referral, &["RF1A PRDRP PID1 OBR1 OBX1 OBR2"]);
        check(
            "MDM^T02",
            &["EVN|", "PID|1", "ORC|RE", "OBR|1", "ORC|RE", "OBR|2", "TXA|1", "OBX|1"],
            &["EVN PID1 ORCRE OBR1 TXA1 OBX1", "EVN PID1 ORCRE OBR2 TXA1 OBX1"],
        );
    }

    #[test]
    fn copies_have_a_limit() {
        let many = |head: usize, orders: usize| {
            let lines = [vec![r"MSH|^~\&|E"], vec!["NTE"; head], vec!["ORC"; orders]].concat();
            read(&lines).orders().map(|all| all.len()).map_err(|flaw| flaw.code.number())
        };
        assert_eq!(many(98, 1000), Ok(1000));
        assert_eq!(many(99, 1000), Err(104));
    }
}
