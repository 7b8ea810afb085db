//! Every sentence of an e-mail, in each language. None says anything of a person or a need.
//!
//! Not here: the pages that links lead to.

use jiff::tz::TimeZone;
use loopgate_referral::{ReferralId, Timestamp};

use crate::inbound::cbo::notices::WORDS;
use crate::partner::{Language, SPANISH_MONTHS};

/// What an e-mail tells of one referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    /// It waits for an answer.
    Waits,
    /// Its source changed or wrote something.
    Changed,
    /// Its source asks to stop.
    StopAsked,
    /// It is off.
    Off,
}

/// One referral in an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is told.
    pub tells: Tells,
    /// The link to its page.
    pub link: String,
    /// The last day on which the link leads anywhere.
    pub until: String,
    /// The person must not be contacted.
    pub silent: bool,
}

/// A day as people write it, in that zone.
pub fn day(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let local = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let local = local.to_zoned(zone.clone());
    match language {
        Language::En => local.strftime("%-d %B %Y").to_string(),
        Language::Es => {
            let month = usize::try_from(local.month()).unwrap_or(1);
            let month = SPANISH_MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default();
            format!("{} de {month} de {}", local.day(), local.year())
        }
    }
}

/// The subject of an e-mail that tells this.
pub fn subject(lines: &[Line], organization: &str, language: Language) -> String {
    let waits = lines.iter().all(|line| line.tells == Tells::Waits);
    match (language, waits, lines.len()) {
        (Language::En, true, 1) => format!("A referral is waiting for {organization}"),
        (Language::En, true, n) => format!("{n} referrals are waiting for {organization}"),
        (Language::En, false, _) => format!("News about referrals to {organization}"),
        (Language::Es, true, 1) => format!("Una derivación espera la respuesta de {organization}"),
        (Language::Es, true, n) => {
            format!("{n} derivaciones esperan la respuesta de {organization}")
        }
        (Language::Es, false, _) => format!("Novedades sobre derivaciones para {organization}"),
    }
}

/// The whole e-mail, sorted by what is told.
pub fn body(lines: &[Line], language: Language) -> String {
    let mut text = String::new();
    for tells in [Tells::Waits, Tells::Changed, Tells::StopAsked, Tells::Off] {
        let these: Vec<&Line> = lines.iter().filter(|line| line.tells == tells).collect();
        if !these.is_empty() {
            text += &section(tells, &these, lines.len() == 1, language);
        }
    }
    if lines.iter().any(|line| line.tells != Tells::Off) {
        text += &foot(lines, language);
    }
    text
}

/// Where an organization finds all its referrals, and a spreadsheet of them.
pub fn office(link: &str, language: Language) -> String {
    match language {
        Language::En => format!("\nAll your referrals, and a spreadsheet of them:\n\n{link}\n"),
        Language::Es => {
            format!("\nTodas sus derivaciones, y una hoja de cálculo con ellas:\n\n{link}\n")
        }
    }
}

fn section(tells: Tells, lines: &[&Line], alone: bool, language: Language) -> String {
    let mut text = format!("{}\n\n", head(tells, lines.len(), language));
    for line in lines {
        if line.silent {
            text += match language {
                Language::En => "Do not contact the person: read the page first.\n\n",
                Language::Es => "No se comunique con la persona: lea primero la página.\n\n",
            };
        }
        if alone && tells == Tells::Waits {
            text += match language {
                Language::En => "Open it here:\n\n",
                Language::Es => "Ábrala aquí:\n\n",
            };
        }
        text += &format!("{}\n\n", line.link);
    }
    text
}

fn head(tells: Tells, count: usize, language: Language) -> String {
    let one = count == 1;
    let words = match (language, tells, one) {
        (Language::En, Tells::Waits, true) => "A referral is waiting for your answer.",
        (Language::En, Tells::Waits, false) => {
            return format!("{count} referrals are waiting for your answer. Open each here:");
        }
        (Language::En, Tells::Changed, true) => {
            "There is something new about a referral. Please read it again:"
        }
        (Language::En, Tells::Changed, false) => {
            "There is something new about these referrals. Please read them again:"
        }
        (Language::En, Tells::StopAsked, true) => {
            "Whoever made this referral asks you to stop. Please answer on its page:"
        }
        (Language::En, Tells::StopAsked, false) => {
            "Whoever made these referrals asks you to stop. Please answer on their pages:"
        }
        (Language::En, Tells::Off, true) => {
            "This referral is off. Please do nothing more about it:"
        }
        (Language::En, Tells::Off, false) => {
            "These referrals are off. Please do nothing more about them:"
        }
        (Language::Es, Tells::Waits, true) => "Una derivación espera su respuesta.",
        (Language::Es, Tells::Waits, false) => {
            return format!("{count} derivaciones esperan su respuesta. Abra cada una aquí:");
        }
        (Language::Es, Tells::Changed, true) => {
            "Hay algo nuevo sobre una derivación. Vuelva a leerla, por favor:"
        }
        (Language::Es, Tells::Changed, false) => {
            "Hay algo nuevo sobre estas derivaciones. Vuelva a leerlas, por favor:"
        }
        (Language::Es, Tells::StopAsked, true) => {
            "Quien hizo esta derivación le pide que no siga con ella. Responda en su página, por favor:"
        }
        (Language::Es, Tells::StopAsked, false) => {
            "Quien hizo estas derivaciones le pide que no siga con ellas. Responda en sus páginas, por favor:"
        }
        (Language::Es, Tells::Off, true) => {
            "Esta derivación se canceló. No haga nada más por ella, por favor:"
        }
        (Language::Es, Tells::Off, false) => {
            "Estas derivaciones se cancelaron. No haga nada más por ellas, por favor:"
        }
    };
    words.to_owned()
}

fn foot(lines: &[Line], language: Language) -> String {
    let open: Vec<&Line> = lines.iter().filter(|line| line.tells != Tells::Off).collect();
    let same = open.iter().all(|line| line.until == open[0].until);
    let until = &open[0].until;
    match (language, same) {
        (Language::En, true) => format!(
            "The page asks for your organization's PIN before it says whom it is about.\n\
             {} works until the referral is closed, and at most until {until}.\n",
            if open.len() == 1 { "The link" } else { "Each link" }
        ),
        (Language::En, false) => {
            "The page asks for your organization's PIN before it says whom it is about.\n\
             Each link works until the referral is closed, or its time is over.\n"
                .to_owned()
        }
        (Language::Es, true) => format!(
            "La página pide el PIN de su organización antes de decir de quién se trata.\n\
             {} funciona hasta que se cierre la derivación y, a más tardar, hasta el {until}.\n",
            if open.len() == 1 { "El enlace" } else { "Cada enlace" }
        ),
        (Language::Es, false) => {
            "La página pide el PIN de su organización antes de decir de quién se trata.\n\
             Cada enlace funciona hasta que se cierre la derivación o venza su plazo.\n"
                .to_owned()
        }
    }
}

/// Subject and text of the notice that a person withdrew.
pub fn stop_use<'a>(
    referrals: impl Iterator<Item = &'a ReferralId>,
    language: Language,
) -> (String, String) {
    let names: Vec<String> = referrals.map(ToString::to_string).collect();
    let (subject, words) = match language {
        Language::En => ("Please stop using what you hold from a referral", WORDS),
        Language::Es => (
            "Deje de usar lo que tenga de una derivación, por favor",
            "La persona retiró su consentimiento. Deje de usar lo que tenga sobre ella de estas \
             derivaciones y no se lo pase a nadie.",
        ),
    };
    (subject.to_owned(), format!("{words}\n\n{}\n", names.join("\n")))
}

/// Subject and text of the e-mail with a link that recovers a PIN, good until that time of the day.
pub fn recovery(
    link: &str,
    organization: &str,
    until: &str,
    language: Language,
) -> (String, String) {
    match language {
        Language::En => (
            format!("Another PIN for {organization}"),
            format!(
                "Somebody said on the page of a referral that your organization's PIN is forgotten.\n\n\
                 Set another one here:\n\n{link}\n\n\
                 The page asks for a code as well. It is told by phone and never by e-mail: please call the\n\
                 number that you know of us.\n\
                 The link works once, and until {until}.\n\
                 If it was none of you, do nothing: the PIN stays as it is.\n"
            ),
        ),
        Language::Es => (
            format!("Otro PIN para {organization}"),
            format!(
                "Alguien indicó en la página de una derivación que se olvidó el PIN de su organización.\n\n\
                 Elija otro aquí:\n\n{link}\n\n\
                 La página pide además un código. Se da por teléfono y nunca por correo electrónico: llame,\n\
                 por favor, al número nuestro que ya conoce.\n\
                 El enlace funciona una sola vez y hasta las {until}.\n\
                 Si no fue nadie de su organización, no haga nada: el PIN sigue siendo el mismo.\n"
            ),
        ),
    }
}

/// That nothing is pushed to an organization any more.
pub fn webhooks_off(ours: &str, language: Language) -> (String, String) {
    match language {
        Language::En => (
            "Your webhooks are switched off".to_owned(),
            format!(
                "{ours} sends nothing to your webhook endpoint any more, since it took nothing for too long \
                 or said that it is gone.\n\nNothing is lost: what waits is sent once it is switched on \
                 again. Please tell the operator when your endpoint is there.\n"
            ),
        ),
        Language::Es => (
            "Sus webhooks están desactivados".to_owned(),
            format!(
                "{ours} ya no envía nada a su dirección de webhooks, porque no aceptó nada durante demasiado \
                 tiempo o dijo que ya no existe.\n\nNo se pierde nada: lo que espera se envía cuando se \
                 vuelva a activar. Avise al operador cuando su dirección esté disponible.\n"
            ),
        ),
    }
}

/// Subject and text of the e-mail that says that a PIN changed.
pub fn pin_changed(organization: &str, language: Language) -> (String, String) {
    match language {
        Language::En => (
            format!("The PIN of {organization} was changed"),
            "Your organization's PIN was changed. Every device has to give the new one.\n\n\
             If it was none of you, please call us now.\n"
                .to_owned(),
        ),
        Language::Es => (
            format!("Se cambió el PIN de {organization}"),
            "Se cambió el PIN de su organización. Cada dispositivo tiene que dar el nuevo.\n\n\
             Si no fue nadie de su organización, llámenos de inmediato, por favor.\n"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tells: Tells, n: u8, silent: bool) -> Line {
        let until = "22 December 2026".to_owned();
        Line { tells, link: format!("https://gateway.example/r/{n}"), until, silent }
    }

    #[test]
    fn a_day_is_written_as_people_write_it() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let zone = TimeZone::get("America/New_York").unwrap();
        let late = at("2026-12-01T03:00:00Z");
        assert_eq!(day(late, &zone, Language::En), "30 November 2026");
        assert_eq!(day(late, &zone, Language::Es), "30 de noviembre de 2026");
        let january = at("2027-01-05T12:00:00Z");
        assert_eq!(day(january, &zone, Language::Es), "5 de enero de 2027");
    }

    #[test]
    fn an_e_mail_about_one_referral() {
        let one = [line(Tells::Waits, 1, true)];
        assert_eq!(
            subject(&one, "the pantry", Language::En),
            "A referral is waiting for the pantry"
        );
        assert_eq!(
            body(&one, Language::En),
            "A referral is waiting for your answer.\n\n\
             Do not contact the person: read the page first.\n\n\
             Open it here:\n\nhttps://gateway.example/r/1\n\n\
             The page asks for your organization's PIN before it says whom it is about.\n\
             The link works until the referral is closed, and at most until 22 December 2026.\n"
        );
        assert_eq!(
            body(&[line(Tells::Off, 1, false)], Language::Es),
            "Esta derivación se canceló. No haga nada más por ella, por favor:\n\n\
             https://gateway.example/r/1\n\n"
        );
    }

    #[test]
    fn an_e_mail_about_several_is_sorted_by_what_it_tells() {
        let lines = [
            line(Tells::Off, 1, false),
            line(Tells::Waits, 2, false),
            line(Tells::StopAsked, 3, false),
            line(Tells::Waits, 4, true),
            line(Tells::Changed, 5, false),
        ];
        assert_eq!(subject(&lines, "Food", Language::Es), "Novedades sobre derivaciones para Food");
        let text = body(&lines, Language::En);
        let order: Vec<char> = text
            .lines()
            .filter(|l| l.starts_with("https"))
            .filter_map(|l| l.chars().last())
            .collect();
        assert_eq!(order, ['2', '4', '5', '3', '1']);
        assert_eq!(text.matches("Do not contact the person").count(), 1);
        let silent = text.find("Do not contact").unwrap();
        assert!(text.find("/r/2").unwrap() < silent && silent < text.find("/r/4").unwrap());
    }

    #[test]
    fn every_sentence_is_in_both_languages() {
        for tells in [Tells::Waits, Tells::Changed, Tells::StopAsked, Tells::Off] {
            for count in [1, 2] {
                let lines: Vec<Line> = (0..count).map(|n| line(tells, n, true)).collect();
                let [en, es] = [Language::En, Language::Es].map(|language| {
                    format!("{}\n{}", subject(&lines, "X", language), body(&lines, language))
                });
                let shared = |one: &&str| es.lines().any(|other| other == *one);
                let same: Vec<&str> = en.lines().filter(|l| !l.is_empty()).filter(shared).collect();
                assert!(same.iter().all(|line| line.starts_with("https://")), "{same:?}");
            }
        }
        let two =
            [recovery("L", "X", "10:30", Language::En), recovery("L", "X", "10:30", Language::Es)];
        assert!(two[0].0 != two[1].0 && two.iter().all(|(_, text)| text.contains("10:30")));
        assert!(two[1].1.contains("por teléfono"));
    }
}
