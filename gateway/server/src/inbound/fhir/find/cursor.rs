//! Where a page ended: its order, a place in it, and how many came before where the order is the
//! caller's. It names nobody.

use crate::refusal::{Kind, Trouble};
use crate::view::{Order, Place};

/// Where to go on, as a link carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// In which order; none if it is the caller's own.
    pub order: Option<Order>,
    /// After this place.
    pub place: Place,
    /// So many came before.
    pub seen: u32,
}

impl Cursor {
    /// Reads one; it is of no use in another order.
    pub fn of(text: &str, order: Option<Order>) -> Result<Cursor, Trouble> {
        let bytes = hex::decode(text).map_err(|_| Trouble::from(Kind::Malformed))?;
        let read = || {
            let (tag, rest) = bytes.split_first()?;
            let (place, rest) = rest.split_first_chunk::<16>()?;
            let seen = u32::from_be_bytes(*rest.first_chunk()?);
            let whole = rest.len() == 4 && *tag == tagged(order);
            whole.then_some(Cursor { order, place: *place, seen })
        };
        read().ok_or(Kind::Malformed.into())
    }

    /// As it stands in a link.
    pub fn to_text(self) -> String {
        let parts = [&[tagged(self.order)], self.place.as_slice(), &self.seen.to_be_bytes()];
        hex::encode(parts.concat())
    }
}

fn tagged(order: Option<Order>) -> u8 {
    match order {
        Some(Order::Created) => b'c',
        Some(Order::Changed) => b'u',
        Some(Order::ChangedBack) => b'b',
        None => b's',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_serves_its_own_order_alone() {
        for order in [None, Some(Order::Created), Some(Order::Changed), Some(Order::ChangedBack)] {
            let cursor = Cursor { order, place: [7; 16], seen: 3 };
            assert_eq!(Cursor::of(&cursor.to_text(), order), Ok(cursor));
            let others = [None, Some(Order::Created), Some(Order::Changed)];
            for other in others.into_iter().filter(|other| *other != order) {
                assert!(Cursor::of(&cursor.to_text(), other).is_err());
            }
        }
        for text in ["", "zz", "63", &"63".repeat(22)] {
            assert!(Cursor::of(text, Some(Order::Created)).is_err(), "{text}");
        }
    }
}
