//! Every sentence of the link page, in each language: a language that lacks one does not compile.
//!
//! Not here: the pages of the staff and of the person, which are in English.

mod en;
mod es;

use jiff::Zoned;
use loopgate_referral::{ContactHow, DECLINE_REASONS, TaskStatus};

use super::wishes::Ended;
use crate::partner::Language;

/// What to put right in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// No reason is chosen.
    Reason,
    /// Words are missing where they are needed.
    Words,
    /// Too many words.
    TooLong,
    /// What was given is missing.
    Given,
    /// A day that is none.
    Day,
    /// A time that is none.
    Time,
    /// A time that the clocks leave out, or show twice.
    Clocks,
    /// Nothing is chosen.
    Choice,
}

/// The sentences of one language.
pub struct Words {
    pub language: Language,
    /// Its name in itself.
    pub own_name: &'static str,
    /// What the switch between languages is called.
    pub languages: &'static str,

    // Pages that say one thing.
    pub welcome_title: &'static str,
    pub welcome: &'static str,
    pub nowhere_title: &'static str,
    pub nowhere: &'static str,
    pub outage_title: &'static str,
    pub outage: &'static str,
    pub sorry_title: &'static str,
    pub only_buttons: &'static str,
    pub own_buttons: &'static str,
    pub unreadable_form: &'static str,
    pub unreadable_request: &'static str,
    pub too_long_request: &'static str,
    pub too_slow: &'static str,
    pub closed_title: &'static str,
    pub closed: fn(Ended) -> &'static str,

    // The PIN.
    pub waiting_title: &'static str,
    pub who_title: &'static str,
    pub pin_hint: &'static str,
    pub pin: &'static str,
    pub pin_button: &'static str,
    pub pin_wrong: &'static str,
    pub pin_first: &'static str,
    pub pin_wait: &'static str,

    // What is shown.
    pub page_title: &'static str,
    pub organization: fn(&str) -> String,
    pub standing: fn(TaskStatus) -> &'static str,
    pub stop: &'static str,
    pub need: &'static str,
    pub needs: [&'static str; NEEDS.len()],
    pub service: &'static str,
    pub status: &'static str,
    pub name: &'static str,
    pub phone: &'static str,
    pub email: &'static str,
    pub spoken: &'static str,
    pub spoken_languages: [&'static str; SPOKEN.len()],
    pub household: &'static str,
    pub since: &'static str,
    pub priority: &'static str,
    pub priorities: [&'static str; PRIORITIES.len()],
    pub note: &'static str,
    pub appointment: &'static str,
    pub not_passed: &'static str,
    pub optional: &'static str,

    // What can be put right.
    pub error: &'static str,
    pub problem_title: &'static str,
    pub problem: fn(Problem) -> &'static str,
    pub changed: &'static str,

    // Answers.
    pub stop_asked_title: &'static str,
    pub stop_asked: &'static str,
    pub we_stop: &'static str,
    pub go_on_label: &'static str,
    pub go_on: &'static str,
    pub source_reads: &'static str,
    pub can_you_help: &'static str,
    pub accept: &'static str,
    pub other_answers: &'static str,
    pub decline_summary: &'static str,
    pub why: &'static str,
    pub reasons: [&'static str; DECLINE_REASONS.len()],
    pub own_words: &'static str,
    pub decline: &'static str,
    pub given_title: &'static str,
    pub what_given: &'static str,
    pub what_given_default: fn(&str) -> String,
    pub when: &'static str,
    pub when_hint: &'static str,
    pub served: &'static str,
    pub more_services: &'static str,
    pub another_service: fn(usize) -> String,
    pub no_show: &'static str,
    pub no_show_summary: &'static str,
    pub no_show_hint: &'static str,
    pub cancel_appointment: &'static str,
    pub cancel_appointment_summary: &'static str,
    pub cancel_appointment_hint: &'static str,
    pub book_summary: &'static str,
    pub book_again_summary: &'static str,
    pub day: &'static str,
    pub time: &'static str,
    pub zone: fn(&str) -> String,
    pub place: &'static str,
    pub book_accepts: &'static str,
    pub book: &'static str,
    pub hold_summary: &'static str,
    pub hold_why: &'static str,
    pub hold: &'static str,
    pub resume_title: &'static str,
    pub resume: &'static str,
    pub fail_summary: &'static str,
    pub fail: &'static str,
    pub withdraw_summary: &'static str,
    pub withdraw: &'static str,
    pub note_summary: &'static str,
    pub note_label: &'static str,
    pub note_button: &'static str,
    pub reroute_summary: &'static str,
    pub reroute_to: &'static str,
    pub reroute_choose: &'static str,
    pub reroute_why: &'static str,
    pub reroute: &'static str,
    pub messages_title: &'static str,
    pub message_from_us: fn(&str) -> String,
    pub note_from_us: fn(&str) -> String,
    pub message_from_source: fn(&str) -> String,
    pub comment_summary: &'static str,
    pub comment_label: &'static str,
    pub comment: &'static str,
    pub attempt_summary: &'static str,
    pub attempt_how: &'static str,
    pub attempt_ways: [&'static str; ContactHow::ALL.len()],
    pub attempt_reached: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub reached: &'static str,
    pub not_reached: &'static str,
    pub attempt_text: &'static str,
    pub attempt: &'static str,
    pub safe_title: &'static str,
    pub safe_summary: &'static str,
    pub safe_label: &'static str,
    pub safe_hint: &'static str,
    pub safe: &'static str,
    pub assigned: &'static str,
    pub assign_summary: &'static str,
    pub assign_label: &'static str,
    pub assign_hint: &'static str,
    pub assign: &'static str,
    pub mistake_title: &'static str,
    pub mistake: fn(&str) -> String,
    pub take_back: &'static str,

    // On somebody's behalf, on the phone.
    pub on_behalf: fn(&str) -> String,
    pub other_code: &'static str,

    // The sheet.
    pub sheet_link: &'static str,
    pub sheet_title: &'static str,
    pub sheet_print: &'static str,
    pub sheet_back: &'static str,
    pub sheet_code: &'static str,
    pub sheet_reply: &'static str,
    pub sheet_call: fn(&str) -> String,
    pub sheet_call_nobody: &'static str,
    pub sheet_read_code: &'static str,
    pub sheet_served: &'static str,
    pub sheet_appointment: &'static str,
    pub sheet_not_reached: &'static str,
    pub sheet_no_show: &'static str,
    pub sheet_by: &'static str,
    pub sheet_keep: &'static str,
    pub sheet_printed: &'static str,

    // Days.
    pub weekdays: [&'static str; 7],
    pub months: [&'static str; 12],
    /// A day: weekday, day of the month, month, year.
    pub date: fn(&str, i8, &str, i16) -> String,
}

/// The needs that a referral can be about: SDOHCC's categories.
pub const NEEDS: [&str; 24] = [
    "food-insecurity",
    "housing-instability",
    "homelessness",
    "inadequate-housing",
    "transportation-insecurity",
    "utility-insecurity",
    "financial-insecurity",
    "material-hardship",
    "educational-attainment",
    "employment-status",
    "veteran-status",
    "stress",
    "social-connection",
    "intimate-partner-violence",
    "elder-abuse",
    "personal-health-literacy",
    "health-insurance-coverage-status",
    "medical-cost-burden",
    "digital-literacy",
    "digital-access",
    "incarceration-status",
    "language-access",
    "protective-factor",
    "sdoh-category-unspecified",
];

/// Languages that persons speak, as BCP 47 names them.
pub const SPOKEN: [&str; 14] =
    ["en", "es", "zh", "vi", "ar", "ht", "ru", "uk", "pt", "fr", "tl", "ko", "so", "ase"];

/// FHIR's request priorities.
pub const PRIORITIES: [&str; 4] = ["routine", "urgent", "asap", "stat"];

impl Words {
    /// Those of a language.
    pub fn of(language: Language) -> &'static Words {
        match language {
            Language::En => &en::WORDS,
            Language::Es => &es::WORDS,
        }
    }

    /// A need by its code; one that is new here is said as its code says it.
    pub fn need_of(&self, code: &str) -> String {
        if let Some(at) = NEEDS.iter().position(|known| *known == code) {
            return self.needs[at].to_owned();
        }
        let mut words = code.replace('-', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }

    /// A priority by its code.
    pub fn priority_of(&self, code: &str) -> String {
        let at = PRIORITIES.iter().position(|known| *known == code);
        at.map_or(code, |at| self.priorities[at]).to_owned()
    }

    /// A language that a person speaks, by its code; another is said by its code.
    pub fn spoken_of(&self, code: &str) -> String {
        let bare = code.split('-').next().unwrap_or(code);
        let at = SPOKEN.iter().position(|known| *known == bare);
        at.map_or(code, |at| self.spoken_languages[at]).to_owned()
    }

    /// A day.
    pub fn day_of(&self, at: &Zoned) -> String {
        let weekday =
            self.weekdays[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())];
        let month = self.months[usize::from(at.month().unsigned_abs()) - 1];
        (self.date)(weekday, at.day(), month, at.year())
    }

    /// A day and a time of it.
    pub fn moment(&self, at: &Zoned) -> String {
        format!("{}, {}", self.day_of(at), at.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_said_in_the_language() {
        let at: Zoned = "2026-11-27T16:05:00-05:00[America/New_York]".parse().unwrap();
        let en = Words::of(Language::En);
        assert_eq!(en.moment(&at), "Fri 27 November 2026, 16:05");
        let es = Words::of(Language::Es);
        assert_eq!(es.moment(&at), "viernes, 27 de noviembre de 2026, 16:05");
        let sunday: Zoned = "2027-01-03T00:00:00+00:00[UTC]".parse().unwrap();
        assert_eq!(es.day_of(&sunday), "domingo, 3 de enero de 2027");
    }

    #[test]
    fn a_need_is_said_in_words_also_one_that_is_new() {
        let es = Words::of(Language::Es);
        assert_eq!(es.need_of("food-insecurity"), "Falta de alimentos");
        assert_eq!(es.need_of("sdoh-category-unspecified"), "Ayuda social");
        assert_eq!(es.need_of("pet-food"), "Pet food");
        assert_eq!(Words::of(Language::En).need_of("food-insecurity"), "Food insecurity");
        assert_eq!(es.priority_of("urgent"), "Urgente");
    }
}
