//! Every sentence of the recovery of a PIN, in each language: a language that lacks one does not compile.

use crate::partner::Language;

/// The sentences of one language.
pub struct Said {
    pub forgot: &'static str,
    pub asked_title: &'static str,
    pub asked: fn(&str) -> String,
    pub asked_next: &'static str,
    pub title: &'static str,
    pub for_whom: fn(&str) -> String,
    pub code: &'static str,
    pub code_hint: &'static str,
    pub pin: &'static str,
    pub pin_hint: &'static str,
    pub again: &'static str,
    pub button: &'static str,
    pub changed_title: &'static str,
    pub changed: fn(&str) -> String,
    pub wrong_code: &'static str,
    pub wrong_length: &'static str,
    pub wrong_weak: &'static str,
    pub wrong_differs: &'static str,
    pub too_many: &'static str,
}

impl Said {
    /// The sentences of a language.
    pub fn of(language: Language) -> &'static Said {
        match language {
            Language::En => &EN,
            Language::Es => &ES,
        }
    }
}

const EN: Said = Said {
    forgot: "We forgot our PIN",
    asked_title: "Please look into your e-mail",
    asked: |organization| {
        format!(
            "If nothing stands in the way, a link is on its way to the e-mail address that we have of \
             {organization}. It works once, for half an hour."
        )
    },
    asked_next: "You need a code as well. It is told by phone only: please call the number that you know of us.",
    title: "Set another PIN",
    for_whom: |organization| format!("For {organization}"),
    code: "Code",
    code_hint: "Eight digits, told by phone. It is in no e-mail.",
    pin: "New PIN",
    pin_hint: "6 to 32 characters, and not one that anybody would guess.",
    again: "New PIN, once more",
    button: "Set this PIN",
    changed_title: "The PIN is changed",
    changed: |organization| {
        format!(
            "Every device of {organization} has to give the new one. Open the link of a referral to go on."
        )
    },
    wrong_code: "That is not the code. Please try again, or call us for another.",
    wrong_length: "A PIN has 6 to 32 characters. Please choose another.",
    wrong_weak: "Anybody would guess that PIN. Please choose another.",
    wrong_differs: "The two are not the same. Please write the new PIN twice.",
    too_many: "Too many wrong codes were given. Please wait a while and try again.",
};

const ES: Said = Said {
    forgot: "Olvidamos nuestro PIN",
    asked_title: "Revise su correo electrónico, por favor",
    asked: |organization| {
        format!(
            "Si nada lo impide, va un enlace en camino a la dirección de correo que tenemos de \
             {organization}. Funciona una sola vez, durante media hora."
        )
    },
    asked_next: "También necesita un código. Se da únicamente por teléfono: llame al número nuestro que ya \
                 conoce, por favor.",
    title: "Elegir otro PIN",
    for_whom: |organization| format!("Para {organization}"),
    code: "Código",
    code_hint: "Ocho dígitos, dados por teléfono. No está en ningún correo.",
    pin: "PIN nuevo",
    pin_hint: "De 6 a 32 caracteres, y que no sea fácil de adivinar.",
    again: "PIN nuevo, otra vez",
    button: "Usar este PIN",
    changed_title: "Se cambió el PIN",
    changed: |organization| {
        format!(
            "Cada dispositivo de {organization} tiene que dar el nuevo. Abra el enlace de una derivación \
             para continuar."
        )
    },
    wrong_code: "Ese no es el código. Inténtelo de nuevo o llámenos para pedir otro.",
    wrong_length: "El PIN tiene de 6 a 32 caracteres. Elija otro, por favor.",
    wrong_weak: "Ese PIN es fácil de adivinar. Elija otro, por favor.",
    wrong_differs: "No son iguales. Escriba el PIN nuevo dos veces, por favor.",
    too_many: "Se dieron demasiados códigos equivocados. Espere un rato e inténtelo de nuevo.",
};
