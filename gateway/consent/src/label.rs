//! Security labels of data (`Resource.meta.security`; HL7 DS4P) and of provisions
//! (`Consent.provision.securityLabel`).
//!
//! What is not labelled is taken for confidentiality `N`, never for free. A label we do not know
//! keeps its item back: it may say just what must not happen.

use serde::{Deserialize, Serialize};

/// The code system of confidentiality levels.
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// The code system of sensitivities, policies, obligations and refrain policies.
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// The code system of purposes; test data is labelled `HTEST` in it.
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// v3-Confidentiality, least confidential first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Unrestricted.
    U,
    /// Low.
    L,
    /// Moderate.
    M,
    /// Normal.
    N,
    /// Restricted.
    R,
    /// Very restricted.
    V,
}

/// v3-ActCode, InformationSensitivityPolicy: what the data is sensitive about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sensitivity {
    /// Behavioral health.
    BH,
    /// Domestic violence.
    DVD,
    /// Substance abuse.
    ETH,
    /// Alcohol use disorder.
    ETHUD,
    /// Genetic disease.
    GDIS,
    /// HIV/AIDS.
    HIV,
    /// Mental health.
    MH,
    /// Opioid use disorder.
    OPIOIDUD,
    /// Psychiatry.
    PSY,
    /// Sexual assault, abuse, or domestic violence.
    SDV,
    /// Sexuality and reproductive health.
    SEX,
    /// Sexually transmitted disease.
    STD,
    /// Substance use disorder.
    SUD,
}

impl Sensitivity {
    const ALL: [(&str, Sensitivity); 13] = [
        ("BH", Sensitivity::BH),
        ("DVD", Sensitivity::DVD),
        ("ETH", Sensitivity::ETH),
        ("ETHUD", Sensitivity::ETHUD),
        ("GDIS", Sensitivity::GDIS),
        ("HIV", Sensitivity::HIV),
        ("MH", Sensitivity::MH),
        ("OPIOIDUD", Sensitivity::OPIOIDUD),
        ("PSY", Sensitivity::PSY),
        ("SDV", Sensitivity::SDV),
        ("SEX", Sensitivity::SEX),
        ("STD", Sensitivity::STD),
        ("SUD", Sensitivity::SUD),
    ];

    /// Whether it is about violence: no break-glass, no proxy, no summary reaches it.
    pub fn is_violence(self) -> bool {
        matches!(self, Sensitivity::SDV | Sensitivity::DVD)
    }
}

/// One label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "label", content = "code")]
pub enum Label {
    /// How confidential.
    Confidentiality(Level),
    /// What it is sensitive about.
    Sensitivity(Sensitivity),
    /// 42 CFR Part 2 applies.
    Part2,
    /// How to handle it; it permits and denies nothing.
    Handling,
    /// A label that we do not know.
    Unknown,
}

impl Label {
    /// The label of a coding.
    pub fn read(system: Option<&str>, code: &str) -> Label {
        match system {
            Some(CONFIDENTIALITY) => match code {
                "U" => Label::Confidentiality(Level::U),
                "L" => Label::Confidentiality(Level::L),
                "M" => Label::Confidentiality(Level::M),
                "N" => Label::Confidentiality(Level::N),
                "R" => Label::Confidentiality(Level::R),
                "V" => Label::Confidentiality(Level::V),
                _ => Label::Unknown,
            },
            Some(ACT_CODE) => act_code(code),
            Some(ACT_REASON) if code == "HTEST" => Label::Handling,
            _ => Label::Unknown,
        }
    }
}

fn act_code(code: &str) -> Label {
    if let Some((_, known)) = Sensitivity::ALL.iter().find(|(name, _)| *name == code) {
        return Label::Sensitivity(*known);
    }
    match code {
        "42CFRPart2" | "42CFRPart2CD" => Label::Part2,
        // Refrain policies and obligations of DS4P that every recipient of ours is under anyway.
        "NORDSCLCD" | "NORDSCLC" | "NORDSLCD" | "NOAUTH" | "NOINTEGRATE" | "ENCRYPT"
        | "PRIVMARK" | "MINEC" => Label::Handling,
        _ => Label::Unknown,
    }
}

/// The level of these labels; what bears none is `N`.
pub fn level(labels: &[Label]) -> Level {
    let levels = labels.iter().filter_map(|label| match label {
        Label::Confidentiality(level) => Some(*level),
        _ => None,
    });
    levels.max().unwrap_or(Level::N)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_by_system_and_code() {
        let read = |system: &str, code: &str| {
            Label::read(Some(&format!("http://terminology.hl7.org/CodeSystem/{system}")), code)
        };
        assert_eq!(read("v3-Confidentiality", "R"), Label::Confidentiality(Level::R));
        assert_eq!(read("v3-Confidentiality", "X"), Label::Unknown);
        assert_eq!(read("v3-ActCode", "HIV"), Label::Sensitivity(Sensitivity::HIV));
        assert_eq!(read("v3-ActCode", "42CFRPart2"), Label::Part2);
        assert_eq!(read("v3-ActCode", "NORDSCLCD"), Label::Handling);
        assert_eq!(read("v3-ActCode", "SOMETHING"), Label::Unknown);
        assert_eq!(read("v3-ActReason", "HTEST"), Label::Handling);
        assert_eq!(read("v3-ActReason", "TREAT"), Label::Unknown);
        assert_eq!(Label::read(None, "R"), Label::Unknown);
        for (code, sensitivity) in Sensitivity::ALL {
            assert_eq!(read("v3-ActCode", code), Label::Sensitivity(sensitivity));
            assert_eq!(sensitivity.is_violence(), matches!(code, "SDV" | "DVD"), "{code}");
        }
    }

    #[test]
    fn every_level_reads_and_what_bears_none_is_normal() {
        let system = Some(CONFIDENTIALITY);
        let all = [Level::U, Level::L, Level::M, Level::N, Level::R, Level::V];
        let read = ["U", "L", "M", "N", "R", "V"].map(|code| Label::read(system, code));
        assert_eq!(read, all.map(Label::Confidentiality));
        assert_eq!(read.map(|one| level(&[one])), all);
        assert!(all.is_sorted());
        assert_eq!(level(&[]), Level::N);
        assert_eq!(level(&[Label::Part2]), Level::N);
        let both = [Label::Confidentiality(Level::U), Label::Confidentiality(Level::V)];
        assert_eq!(level(&both), Level::V);
    }
}
