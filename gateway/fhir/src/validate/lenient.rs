//! Where we accept what the standard or a profile would not, and why.

/// Something let pass on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leniency {
    /// A short name.
    pub name: &'static str,
    /// What passes.
    pub what: &'static str,
    /// Why nobody is misled by it.
    pub why: &'static str,
}

macro_rules! leniencies {
    ($($name:literal: $what:literal, $why:literal;)*) => {
        /// Everything that is let pass, in the order of the checks.
        pub const LENIENCIES: &[Leniency] =
            &[$(Leniency { name: $name, what: $what, why: $why }),*];
    };
}

leniencies! {
    "unknown-element": "an element that R4 does not have is kept, with a warning",
        "systems of R4B and R5 and vendors write more than R4; nothing of it is copied to anybody \
         but its supplier";
    "unknown-extension": "an extension whose definition is not known is kept",
        "it may be ignored by definition; a modifierExtension may not, and is refused";
    "unclaimed-extension": "an extension of a guide that is not as the guide defines it is kept, with \
         a warning, where no profile is claimed that asks for it",
        "whoever claims no profile promised nothing about it";
    "other-versions": "a claim of any version of a profile is checked against the version here",
        "peers of SDOHCC 2.x and US Core 3.1.1 or 6.1 claim the same canonicals";
    "unknown-profile": "a profile that is not one of ours may be claimed, with a warning",
        "a resource may follow several";
    "licensed-codes": "codes of SNOMED CT, LOINC, ICD-10, CPT and other systems under a licence are \
         not looked up; a code of no system of the value set is a warning",
        "their lists may not be carried";
    "text-alone": "a CodeableConcept with a required binding and without any code passes R4, with a \
         warning; not a profile that asks for it",
        "there is no code that could be taken for another";
    "extensible": "a code outside an extensible binding passes, with a warning",
        "that is what extensible means, and whether a better code exists is for people to say";
    "additional-bindings": "the value sets that SDOHCC binds to a category are not checked",
        "their lists need a licence";
    "narrative": "a missing narrative passes (dom-6), and its XHTML is not parsed (txt-1, txt-2)",
        "it is never shown as HTML";
    "consent-policy": "a Consent that names neither policy nor policyRule is kept, with a warning (ppc-1)",
        "to refuse it may be to lose a person's no; what it permits is read from its provision alone";
    "unused-contained": "a contained resource that nothing refers to is kept (dom-3)",
        "it is not copied to anybody but its supplier";
    "contained-meta": "a contained resource may have a version, a time and labels of its own (dom-4, dom-5)",
        "what is contained is never passed on but to its supplier";
    "seconds-and-zone": "a dateTime may lack its seconds or its zone; not an instant",
        "much older data has neither; where it matters the zone of the source holds";
    "behind-a-reference": "what a reference leads to is not asked for its profile (slices by profile, \
         ctm-1)",
        "one resource is looked at, by itself";
    "placeholder-rules": "ppc-2 to ppc-5 are not checked",
        "their expressions hold a placeholder for the system and never fire";
    "original-order": "a ServiceRequest of any intent of R4 passes",
        "the guide's own examples have original-order where its words say filler-order";
    "focus-unsaid": "SDOH-Task-3 takes a reference that does not say what it leads to",
        "only its resource could tell";
    "slices-apart": "an item that may be of a slice, for its code is of a system that is not carried, \
         counts towards the least number of the slice and not towards its greatest",
        "a fault that may be none would refuse a sound resource";
}
