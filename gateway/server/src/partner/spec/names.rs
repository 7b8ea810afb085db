//! What the standard calls its segments (v2.5.1, appendix A).

/// The title of a segment; empty for one that is not here.
pub(super) fn segment(name: &str) -> &'static str {
    let found = SEGMENTS.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, title)| title)
}

const SEGMENTS: [(&str, &str); 40] = [
    ("AIG", "appointment, general resource"),
    ("AIL", "appointment, location"),
    ("AIP", "appointment, personnel"),
    ("AIS", "appointment, service"),
    ("AL1", "allergy"),
    ("AUT", "authorization"),
    ("CON", "consent"),
    ("CTD", "contact data"),
    ("DG1", "diagnosis"),
    ("ERR", "error"),
    ("EVN", "event type"),
    ("GT1", "guarantor"),
    ("IN1", "insurance"),
    ("IN2", "insurance, additional"),
    ("MRG", "merge patient information"),
    ("MSA", "message acknowledgement"),
    ("MSH", "message header"),
    ("NK1", "next of kin"),
    ("NTE", "notes and comments"),
    ("OBR", "observation request"),
    ("OBX", "observation result"),
    ("ORC", "common order"),
    ("PD1", "patient, additional demographics"),
    ("PID", "patient identification"),
    ("PR1", "procedure"),
    ("PRD", "provider data"),
    ("PRT", "participation"),
    ("PV1", "patient visit"),
    ("PV2", "patient visit, additional"),
    ("RF1", "referral information"),
    ("RGS", "resource group"),
    ("ROL", "role"),
    ("SCH", "scheduling activity"),
    ("SFT", "software"),
    ("SPM", "specimen"),
    ("TQ1", "timing and quantity"),
    ("TQ2", "timing and quantity, relationship"),
    ("TXA", "transcription document header"),
    ("UAC", "user authentication"),
    ("ARV", "access restriction"),
];
