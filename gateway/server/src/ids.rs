//! Logical ids of resources: UUID version 7 (RFC 9562), so that they sort by time and say nothing.

use loopgate_referral::Timestamp;
use uuid::Builder;

/// A new id of this instant and these random bytes.
pub fn resource_id(at: Timestamp, random: [u8; 16]) -> String {
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[..10]);
    let millis = u64::try_from(at.0).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().to_string()
}
