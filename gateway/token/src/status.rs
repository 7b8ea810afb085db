//! Token status lists (draft-ietf-oauth-status-list §4): two bits for each token, deflated.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::base64url;

/// How a token stands (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `0x00`.
    Valid,
    /// `0x01`: revoked.
    Invalid,
    /// `0x02`.
    Suspended,
    /// `0x03`: left to the application; we use it for nothing.
    Own,
}

/// The standing of many tokens, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList(Vec<u8>);

/// Two bits for each token.
pub const BITS: u64 = 2;
const BYTES_MAX: usize = 1024 * 1024;

/// The text is no status list, or a list over 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no status list")]
pub struct BadStatusList;

impl StatusList {
    /// A list of so many tokens, all valid; rounded up to whole bytes.
    pub fn new(tokens: usize) -> StatusList {
        StatusList(vec![0; tokens.div_ceil(4).min(BYTES_MAX)])
    }

    /// How a token stands; `None` for one that is not on the list.
    pub fn get(&self, index: usize) -> Option<Status> {
        let byte = self.0.get(index / 4)?;
        Some(match (byte >> (index % 4 * 2)) & 3 {
            0 => Status::Valid,
            1 => Status::Invalid,
            2 => Status::Suspended,
            _ => Status::Own,
        })
    }

    /// Says how a token stands; `None` for one that is not on the list.
    pub fn set(&mut self, index: usize, status: Status) -> Option<()> {
        let byte = self.0.get_mut(index / 4)?;
        let shift = index % 4 * 2;
        *byte = (*byte & !(3 << shift)) | ((status as u8) << shift);
        Some(())
    }

    /// `lst` (§4.2): zlib, base64url.
    pub fn encode(&self) -> String {
        base64url::encode(&compress_to_vec_zlib(&self.0, 9))
    }

    /// Reads `bits` and `lst`. What would inflate to more than 1 MiB is refused.
    pub fn decode(bits: u64, list: &str) -> Result<StatusList, BadStatusList> {
        let packed = base64url::decode(list).ok_or(BadStatusList)?;
        if bits != BITS {
            return Err(BadStatusList);
        }
        let bytes = decompress_to_vec_zlib_with_limit(&packed, BYTES_MAX);
        bytes.map(StatusList).map_err(|_| BadStatusList)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_of_each_token_how_it_stands() {
        let mut list = StatusList::new(9);
        for (index, status) in
            [(0, Status::Invalid), (3, Status::Suspended), (4, Status::Own), (8, Status::Invalid)]
        {
            assert_eq!(list.set(index, status), Some(()));
        }
        assert_eq!(list.set(3, Status::Valid), Some(()));
        let read = StatusList::decode(BITS, &list.encode()).unwrap();
        assert_eq!(read, list);
        let all: Vec<_> = (0..9).filter_map(|index| read.get(index)).collect();
        let mut want = [Status::Valid; 9];
        want[0] = Status::Invalid;
        want[4] = Status::Own;
        want[8] = Status::Invalid;
        assert_eq!(all, want);
        // It is rounded up to whole bytes; what is beyond them is not on it.
        assert_eq!((read.get(11), read.get(12)), (Some(Status::Valid), None));
        assert_eq!(list.set(12, Status::Valid), None);
    }

    #[test]
    fn n59_a_list_that_is_none_is_refused() {
        let good = StatusList::new(1000).encode();
        assert!(StatusList::decode(2, &good).is_ok());
        assert_eq!(StatusList::decode(3, &good), Err(BadStatusList), "other bits");
        assert_eq!(StatusList::decode(2, ""), Err(BadStatusList));
        assert_eq!(StatusList::decode(2, &format!("{good}=")), Err(BadStatusList));
        assert_eq!(StatusList::decode(2, &good[..good.len() - 4]), Err(BadStatusList));
        let bomb = compress_to_vec_zlib(&vec![0; BYTES_MAX + 1], 9);
        assert!(bomb.len() < 2048, "{}", bomb.len());
        assert_eq!(StatusList::decode(2, &base64url::encode(&bomb)), Err(BadStatusList));
    }
}
